"""``.pcd`` of the Point Cloud Library, as PCN's pairs come: ascii, binary and binary_compressed."""

from __future__ import annotations

import codecs
import io
import struct
from pathlib import Path
from typing import NamedTuple, Unpack

import numpy as np
from pypcd4.pypcd4 import PointCloud

from pcl_lib.data._cloud import Cloud
from pcl_lib.data.readers._columns import by_name
from pcl_lib.data.readers._errors import parsing, read_bytes, read_error
from pcl_lib.data.readers._make_clouds import Options, make_cloud
from pcl_lib.data.readers._text import decode

EXPECTED = "a .pcd file with fields x y z"
TYPES = {"F4", "F8", "U1", "U2", "U4", "U8", "I1", "I2", "I4", "I8"}
ENCODINGS = ("ascii", "binary", "binary_compressed")
# LZF's longest match makes 264 bytes from 3.
LZF_LIMIT = 88


class Header(NamedTuple):
    """What the lines before the data say, without fields of count 0."""

    fields: list[str]
    types: list[str]
    sizes: list[int]
    counts: list[int]
    width: int
    height: int
    encoding: str

    @property
    def points(self) -> int:
        return self.width * self.height

    def text(self) -> str:
        """The header in the form that every reader of the format takes."""
        return (
            f"VERSION 0.7\nFIELDS {' '.join(self.fields)}\nSIZE {' '.join(map(str, self.sizes))}\n"
            f"TYPE {' '.join(self.types)}\nCOUNT {' '.join(map(str, self.counts))}\n"
            f"WIDTH {self.width}\nHEIGHT {self.height}\nVIEWPOINT 0 0 0 1 0 0 0\n"
            f"POINTS {self.points}\nDATA {self.encoding}\n"
        )


def read_pcd(path: str | Path, **options: Unpack[Options]) -> Cloud:
    """``.pcd`` in any of its three encodings, with the normals, colours and labels that the points have.

    Normals are ``normal_x normal_y normal_z``, colours the packed ``rgb`` or ``rgba`` (8-bit), else ``intensity``
    as a grey; see ``columns.by_name``. Other fields are left out, and so is the padding ``_``.

    Cost: O(bytes). Errors: ReadError, also for the NaN rows with which organised scans mark empty pixels:
    ``drop_bad=True`` leaves them out.
    """
    raw = read_bytes(path, EXPECTED)
    with parsing(path, EXPECTED):
        lines, body = _split(raw)
        header = _header(path, lines)
        _check_sizes(path, header, body)
        if header.encoding == "ascii":  # tabs, and several blanks in a row
            body = b"\n".join(b" ".join(line.split()) for line in body.splitlines())
        rows = np.atleast_1d(
            PointCloud.from_fileobj(io.BufferedReader(io.BytesIO(header.text().encode() + body))).pc_data
        )
        if len(rows) != header.points:
            raise read_error(
                path, f"the header promises {header.points} points, there are {len(rows)}", expected=EXPECTED
            )
        parts = by_name(path, _unpacked(rows))
        if parts.points.shape[1] != 3:
            raise read_error(path, "its points have no z", expected=EXPECTED)
    return make_cloud(path, **parts._asdict(), **options)


def _split(raw: bytes) -> tuple[dict[str, list[str]], bytes]:
    """The words of each header line by its first one, up to and with ``DATA``, and what comes after them."""
    lines: dict[str, list[str]] = {}
    stream = io.BytesIO(raw.removeprefix(codecs.BOM_UTF8))
    for line in stream:
        key, *words = decode(line).split() or ["#"]
        if not key.startswith("#"):
            lines[key.upper()] = words
        if key.upper() == "DATA":
            return lines, stream.read()
    raise ValueError("there is no DATA line")


def _header(path: str | Path, lines: dict[str, list[str]]) -> Header:
    missing = [key for key in ("FIELDS", "SIZE", "TYPE", "WIDTH") if not lines.get(key)]
    if missing:
        raise read_error(path, f"the header has no {' and no '.join(missing)}", expected=EXPECTED)
    fields, types, sizes = lines["FIELDS"], lines["TYPE"], lines["SIZE"]
    counts = lines.get("COUNT", ["1"] * len(fields))
    if not len(fields) == len(types) == len(sizes) == len(counts):
        raise read_error(
            path,
            f"FIELDS, SIZE, TYPE and COUNT have {len(fields)}, {len(sizes)}, {len(types)} and {len(counts)} entries",
            expected="one of each for every field",
        )
    unknown = [kind + size for kind, size in zip(types, sizes, strict=True) if kind + size not in TYPES]
    if unknown:
        raise read_error(path, f"a field of type and size {unknown[0]}", expected=" ".join(sorted(TYPES)))
    numbers = {key: _whole(path, key, lines.get(key, ["1"])) for key in ("WIDTH", "HEIGHT")}
    repeats = [_whole(path, "COUNT", [count]) for count in counts]
    kept = [i for i, count in enumerate(repeats) if count > 0]
    header = Header(
        [fields[i] for i in kept], [types[i] for i in kept], [int(sizes[i]) for i in kept],
        [repeats[i] for i in kept], numbers["WIDTH"], numbers["HEIGHT"], " ".join(lines["DATA"]).lower(),
    )  # fmt: skip
    if header.encoding not in ENCODINGS:
        raise read_error(path, f"DATA is {header.encoding!r}", expected=f"one of {', '.join(ENCODINGS)}")
    if "POINTS" in lines and _whole(path, "POINTS", lines["POINTS"]) != header.points:
        raise read_error(
            path,
            f"POINTS {lines['POINTS'][0]} but WIDTH x HEIGHT {header.width} x {header.height}",
            expected=EXPECTED,
        )
    return header


def _whole(path: str | Path, key: str, words: list[str]) -> int:
    if len(words) != 1 or not (words[0].isascii() and words[0].isdigit()):
        raise read_error(path, f"{key} is {' '.join(words)!r}", expected="a whole number, at least 0")
    return int(words[0])


def _check_sizes(path: str | Path, header: Header, body: bytes) -> None:
    """Compare what the header claims with the bytes there are, before anything is allocated for it."""
    need = header.points * sum(s * c for s, c in zip(header.sizes, header.counts, strict=True))
    if header.encoding == "ascii":
        held = len(body)
        enough = 2 * header.points * sum(header.counts) <= held + 1  # a digit and a separator for each number
    elif header.encoding == "binary":
        held = len(body)
        enough = need <= held
    else:
        packed, held = struct.unpack("<II", body[:8])
        enough = held == need and packed <= len(body) - 8 and held <= LZF_LIMIT * packed
    if not enough:
        raise read_error(
            path,
            f"{header.points} points need {need} bytes, the file has {held} ({header.encoding})",
            expected=EXPECTED,
        )


def _unpacked(rows: np.ndarray) -> dict[str, np.ndarray]:
    """The fields by name; a colour packed in the bits of one number of 4 bytes becomes red, green and blue."""
    table = {name: rows[name] for name in rows.dtype.names or ()}
    packed = next((table[name] for name in ("rgb", "rgba") if name in table), None)
    if packed is not None and packed.dtype.itemsize == 4:
        bits = np.ascontiguousarray(packed).view("<u4")
        for name, shift in (("red", 16), ("green", 8), ("blue", 0)):
            table[name] = (bits >> shift & 255).astype(np.uint8)
    return table
