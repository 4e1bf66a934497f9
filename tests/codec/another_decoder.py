"""A second decoder of clouds, written from `pcl_lib/codec/FORMAT.md` alone: whole numbers and Python's own library.

It is slow and checks nothing that a sound file does not need. What it shows is that the description is enough.
"""

from __future__ import annotations

import json
import math
import struct
import zlib
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

WHOLE = 1 << 24
LETTERS = dict(
    zip(["f2", "f4", "f8", "u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8"], "efdBHIQbhiq", strict=True)
)
U64 = (1 << 64) - 1


def container(data: bytes) -> tuple[str, dict, dict]:
    """Kind, header, and arrays (tuples of numbers, or bytes for a stream) of a file."""
    assert data[0] == 0x89
    assert data[5] == 1
    assert zlib.crc32(data[:-4]) == int.from_bytes(data[-4:], "little")
    at = 10 + int.from_bytes(data[6:10], "little")
    text = json.loads(data[10:at])
    arrays: dict[str, object] = {}
    for name, kind, shape in text["t"]:
        if kind == "raw":
            arrays[name], at = data[at : at + shape[0]], at + shape[0]
            continue
        form = f"<{math.prod(shape)}{LETTERS[kind]}"
        arrays[name], at = struct.unpack_from(form, data, at), at + struct.calcsize(form)
    assert at == len(data) - 4
    return data[1:5].decode("ascii"), text["h"], arrays


class Decoder:
    """The range decoder, and what is built on it."""

    def __init__(self, stream: bytes) -> None:
        self.words = list(struct.unpack(f"<{len(stream) // 4}I", stream))[::-1]
        self.lower, self.range, self.point = 0, U64, 0
        for _ in range(2):
            self._next()

    def _next(self) -> None:
        self.point = (self.point << 32 | (self.words.pop() if self.words else 0)) & U64

    def _place(self) -> int:
        """Where in 0 .. 2^24 the point lies."""
        place = ((self.point - self.lower) & U64) // (self.range >> 24)
        assert place < WHOLE
        return place

    def _take(self, start: int, stop: int) -> None:
        unit = self.range >> 24
        self.lower = (self.lower + unit * start) & U64
        self.range = unit * (stop - start)
        if self.range < 1 << 32:
            self.lower, self.range = (self.lower << 32) & U64, self.range << 32
            self._next()

    def symbol(self, starts: Sequence[int]) -> int:
        """The symbol whose part of 0 .. 2^24 the point lies in; `starts` ends with 2^24."""
        found = bisect_right(starts, self._place()) - 1
        self._take(starts[found], starts[found + 1])
        return found

    def raw(self, bits: int) -> int:
        found = self._place() >> (24 - bits)
        self._take(found << (24 - bits), (found + 1) << (24 - bits))
        return found

    def adaptive(self, contexts: Sequence[int], alphabet: int) -> list[int]:
        counts: dict[int, list[int]] = {}
        together = [0] * alphabet
        values: list[int] = []
        while len(values) < len(contexts):
            start = len(values)
            block = contexts[start : start + min(max(32, start // 4), 4096)]
            shared = [1024 * t // max(sum(together), 1) + 1 for t in together]
            for context in block:
                own = counts.get(context, [0] * alphabet)
                values.append(self.symbol(parts([32 * c + s for c, s in zip(own, shared, strict=True)])))
            for context, value in zip(block, values[start:], strict=True):
                counts.setdefault(context, [0] * alphabet)[value] += 1
                together[value] += 1
        return values

    def integers(self, n: int) -> list[int]:
        lengths = self.adaptive([0] * n, 64)
        values = [min(length, 1) for length in lengths]
        for length in sorted(set(lengths)):
            below = length - 1
            if below < 1:
                continue
            here = [i for i in range(n) if lengths[i] == length]
            modelled = min(below, 2)
            rest = self.adaptive([0] * len(here), 1 << modelled)
            left = below - modelled
            while left:
                bits = left % 16 or 16
                rest = [value << bits | self.raw(bits) for value in rest]
                left -= bits
            for i, value in zip(here, rest, strict=True):
                values[i] = 1 << below | value
        return values

    def table(self, n: int, lowest: int, counts: Sequence[int]) -> list[int]:
        """n integers of a channel with a table of its own."""
        escape = len(counts) - 1
        starts = parts([count / 65536 for count in counts])
        index = [self.symbol(starts) for _ in range(n)]
        outside = [i for i in range(n) if index[i] == escape]
        unary = [max(1, 65536 >> (k + 1)) for k in range(31)]
        unary[0] += 65536 - sum(unary)
        lengths = [self.symbol(parts([u / 65536 for u in unary])) for _ in outside]
        for i, length in zip(outside, lengths, strict=True):
            v = 1
            for _ in range(length):
                v = 2 * v + self.symbol(parts([0.5, 0.5]))
            index[i] = escape + (v - 2) // 2 if v % 2 == 0 else -(v + 1) // 2
        return [lowest + i for i in index]


def parts(weights: Sequence[float]) -> list[int]:
    """Where the part of each symbol of 0 .. 2^24 starts, and 2^24."""
    scale = (WHOLE - len(weights)) / sum(weights)
    sums = accumulate(weights, initial=0.0)
    return [int(before * scale) + i for i, before in zip(range(len(weights)), sums, strict=False)] + [WHOLE]


def cell(code: int) -> tuple[int, ...]:
    """The three coordinates of a Morton code."""
    return tuple(sum((code >> (3 * bit + axis) & 1) << bit for bit in range(21)) for axis in (2, 1, 0))


def cells(header: dict, arrays: dict) -> list[tuple[int, ...]]:
    """Those of a cloud of codec grid or octree."""
    decoder = Decoder(arrays["stream"])
    if header["codec"] == "grid":
        return [cell(code) for code in accumulate(decoder.integers(header["n"]))]
    codes, parents = [0], [0]
    for _ in range(header["depth"]):
        bytes_ = decoder.adaptive(parents, 256)
        pairs = [(8 * c + k, b) for c, b in zip(codes, bytes_, strict=True) for k in range(8) if b >> k & 1]
        codes, parents = [c for c, _ in pairs], [b for _, b in pairs]
    return [cell(code) for code in codes]


def points(header: dict, arrays: dict) -> list[list[float]]:
    *origin, step = arrays["frame"]
    return [[o + k * step for o, k in zip(origin, ks, strict=True)] for ks in cells(header, arrays)]


def normals(header: dict, arrays: dict) -> list[list[float]]:
    decoder = Decoder(arrays["normals"])
    axes = [
        [s % 255 / 127 - 1 for s in accumulate(decoder.adaptive([0] * header["n"], 255))] for _ in range(2)
    ]
    found = []
    for u, v in zip(*axes, strict=True):
        w = 1 - abs(u) - abs(v)
        if w < 0:
            u, v = math.copysign(1 - abs(v), u), math.copysign(1 - abs(u), v)
        length = math.hypot(u, v, w)
        found.append([u / length, v / length, w / length])
    return found
