"""Integers to bytes and back, near the number of bits that their probabilities name.

The coder itself is the library constriction's. What stands here is which integers it is handed: the same on every
machine.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from jaxtyping import Int, Int64

from pcl_lib._checks import check_integer
from pcl_lib.codec._errors import CodecError
from pcl_lib.codec._integer_tables import TOTAL, check_tables
from pcl_lib.models import IntegerTables

FARTHEST = 1 << 29  # of an integer from 0
LONGEST = 30  # bits behind the first one of an escaped integer
MOST = 1 << 27  # integers in one stream


def encode_symbols(symbols: Int[np.ndarray, "c n"], tables: IntegerTables) -> bytes:
    r"""A stream of bytes for the integers of each channel, one channel after the other.

    An integer without a count of its own costs the escape and then an Elias gamma code of how far it lies outside:

    .. math:: v = 2 d + s + 1 < 2^{31}

    d counts from 0 for the nearest integer outside, s is 1 above and 0 below; the number of bits of v behind its first
    in unary, then these bits. All goes through one range coder, so a stream is at most 8 bytes longer than the bits
    that the counts name. The counts are handed over as multiples of 2^-16, which every float holds exactly: bytes do
    not depend on the machine, on threads, or on the process.

    Shapes: symbols (C, n), for a latent (1, C, n) of `EntropyBottleneck` `symbols(z)[0].numpy()`. Cost: about
    20 ns a symbol. Errors: `ValueError` for anything but C rows of integers within 2^29 of 0, or for more
    than 2^27 of them; `CodecError` for tables that no range coder can work with. References: martin1979range,
    elias1975, bamler2022constriction.

    >>> tables = IntegerTables.of([0], [[0.5, 0.25, 0.125]])
    >>> symbols = np.array([[0, 1, 0, 2, 0, 0, 1, 900]])
    >>> stream = encode_symbols(symbols, tables)
    >>> len(stream), decode_symbols(stream, tables, 8).tolist()
    (8, [[0, 1, 0, 2, 0, 0, 1, 900]])
    """
    check_tables(tables)
    symbols = np.asarray(symbols)
    channels = len(tables.counts)
    if symbols.ndim != 2 or len(symbols) != channels or symbols.dtype.kind not in "iu":
        raise ValueError(
            f"symbols must be integers of shape ({channels}, n), a row for each table, received {symbols.dtype} of "
            f"shape {symbols.shape}"
        )
    if symbols.size > MOST:
        raise ValueError(
            f"symbols must be at most {MOST}, received {symbols.size}; cut them into several streams"
        )
    if symbols.size and not -FARTHEST <= symbols.min() <= symbols.max() <= FARTHEST:
        raise ValueError(
            f"symbols must lie within 2^29 of 0, received {symbols.min()} to {symbols.max()}; scale the latent"
        )
    coder = _queue().RangeEncoder()
    for row, lowest, counts in zip(symbols.astype(np.int64), tables.lowest, tables.counts, strict=True):
        escape = len(counts) - 1
        index = row - lowest
        outside = (index < 0) | (index >= escape)
        _encode(coder, np.where(outside, escape, index), counts)
        far = index[outside]
        above = far >= escape
        v = np.where(above, 2 * (far - escape) + 2, -2 * far - 1)
        length = np.frexp(v.astype(np.float64))[1] - 1
        _encode(coder, length, _UNARY)
        _encode(coder, _bits_of(v, length), _COIN)
    return np.ascontiguousarray(coder.get_compressed()).astype("<u4").tobytes()


def decode_symbols(data: bytes, tables: IntegerTables, n: int) -> Int64[np.ndarray, "c n"]:
    """The n integers of each channel that `encode_symbols` made a stream of.

    Nothing is allocated before the bytes are enough for so many symbols at the fewest bits that the tables allow. A
    damaged stream gives an error or other integers, in the time of a whole one: what protects a file is the checksum
    around it.

    Shapes: result (C, n). Cost: about 30 ns a symbol. Errors: `CodecError` for a stream that is too short, too long, or
    impossible, and for tables that no range coder can work with; `ValueError` for a number of symbols that is none.
    References: martin1979range, elias1975, bamler2022constriction.

    >>> decode_symbols(b"", IntegerTables.of([0], [[0.5, 0.25]]), 1000)
    Traceback (most recent call last):
    pcl_lib.codec._errors.CodecError: a stream of 0 bytes is too short for 1000 symbols a channel
    """
    check_tables(tables)
    n = check_integer("n", n, 0, MOST // len(tables.counts))
    if len(data) % 4:
        raise CodecError(f"a stream must be a whole number of 4-byte words, received {len(data)} bytes")
    fewest = n * sum(math.log2(TOTAL / int(row.max())) for row in tables.counts)
    if 8 * len(data) + 64 < fewest * (1 - 1e-3):
        raise CodecError(f"a stream of {len(data)} bytes is too short for {n} symbols a channel")
    decoder = _queue().RangeDecoder(np.frombuffer(data, dtype="<u4").astype(np.uint32))
    result = np.empty((len(tables.counts), n), dtype=np.int64)
    for row, lowest, counts in zip(result, tables.lowest, tables.counts, strict=True):
        escape = len(counts) - 1
        index = _decode(decoder, n, counts)
        outside = index == escape
        length = _decode(decoder, int(outside.sum()), _UNARY)
        v = _from_bits(_decode(decoder, int(length.sum()), _COIN), length)
        index[outside] = np.where(v % 2 == 0, escape + (v - 2) // 2, -(v + 1) // 2)
        row[:] = index + lowest
    if not decoder.maybe_exhausted():
        raise CodecError(f"a stream for {n} symbols a channel must end with them, received {len(data)} bytes")
    return result


def _queue() -> Any:
    try:
        import constriction
    except ImportError as error:
        raise ImportError("entropy coding needs constriction; pip install constriction") from error
    return constriction.stream.queue


def _model(counts: Int[np.ndarray, "_"]) -> Any:
    import constriction

    # What `perfect` is by default changes with constriction's version, and the bytes with it.
    return constriction.stream.model.Categorical(counts / TOTAL, perfect=False)


def _encode(coder: Any, index: Int[np.ndarray, "_"], counts: Int[np.ndarray, "_"]) -> None:
    if len(index):
        coder.encode(index.astype(np.int32), _model(counts))


def _decode(decoder: Any, n: int, counts: Int[np.ndarray, "_"]) -> Int64[np.ndarray, "_"]:
    if not n:
        return np.zeros(0, dtype=np.int64)
    try:
        return decoder.decode(_model(counts), n).astype(np.int64)
    except AssertionError as error:
        raise CodecError("a stream is damaged: no symbols have these bytes") from error


# The unary part of Elias' code as one symbol: k has probability 2^-(k+1), the cost of k ones and a zero.
_UNARY = np.array([max(1, TOTAL >> (k + 1)) for k in range(LONGEST + 1)], dtype=np.int64)
_UNARY[0] -= _UNARY.sum() - TOTAL
_COIN = np.array([TOTAL // 2, TOTAL // 2], dtype=np.int64)


def _bits_of(v: Int[np.ndarray, "_"], length: Int[np.ndarray, "_"]) -> Int[np.ndarray, "_"]:
    """The bits of each number behind its first, highest first, one number after the other."""
    place = np.repeat(length, length) - 1 - _within(length)
    return np.repeat(v, length) >> place & 1


def _from_bits(bits: Int[np.ndarray, "_"], length: Int[np.ndarray, "_"]) -> Int[np.ndarray, "_"]:
    place = np.repeat(length, length) - 1 - _within(length)
    v = np.int64(1) << length
    np.add.at(v, np.repeat(np.arange(len(length)), length), bits << place)
    return v


def _within(length: Int[np.ndarray, "_"]) -> Int[np.ndarray, "_"]:
    """0, 1, .. for each number of bits, one after the other."""
    return np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
