"""One file format for all kinds of compressed file: a small header, arrays of numbers, streams of bytes, a checksum.

    0x89, kind   5 bytes   "pcld", "pclc" or "pclm"
    version      1 byte
    H            4 bytes   length of the header, little-endian
    header       H bytes   JSON: {"h": what the codec wrote, "t": [[name, type, shape], ..]}
    content                the arrays in the order of the table "t", little-endian, nothing between them
    CRC-32       4 bytes   of all that comes before

FORMAT.md beside this file tells what stands in a cloud, for who writes a decoder in another language.
How many bytes the content has follows from the table, and it must be the number that the file has.
"""

from __future__ import annotations

import io
import json
import math
import os
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from pcl_lib._checks import check_option
from pcl_lib._files import write_whole
from pcl_lib.codec._errors import CodecError

KINDS = {"pcld": "a data set of clouds", "pclc": "a cloud", "pclm": "a trained model"}
VERSION = 1
LONGEST_HEADER = 1 << 16
LONGEST_NAME = 64
MOST_AXES = 8
LARGEST_SHAPE = 1 << 46  # bytes, an axis of length 0 counted as 1: what numpy can always make

_START = struct.Struct("<B4sBI")
_SUM = struct.Struct("<I")
_FIRST = 0x89  # no text begins with it, and what strips the eighth bit is noticed
_CHUNK = 1 << 20
_STREAM = "raw"
_TYPES = {
    name: np.dtype(f"<{name}") for name in ("f2", "f4", "f8", "u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8")
}


def write_container(
    path: str | Path, kind: str, header: Mapping[str, Any], arrays: Mapping[str, object]
) -> int:
    """Write a compressed file, whole or not at all.

    - `path`: what is there is replaced.
    - `kind`: "pcld" for a data set, "pclc" for a cloud, "pclm" for a model.
    - `header`: what JSON can hold, numbers finite; at most 64 KiB with the table of the arrays.
    - `arrays`: by name (1 to 64 characters); integers and floats of 1 to 8 bytes with up to 8 axes, or bytes.

    Returns the size of the file in bytes: 14 more than the header as JSON and the content together. Cost: the content
    is not copied, unless an array is not contiguous or not little-endian. Errors: `ValueError` for what the format
    cannot hold.

    >>> import numpy as np, tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "one.pclc"
    >>> write_container(path, "pclc", {"points": 2}, {"steps": np.array([3, 4], dtype=np.int16), "stream": b"abc"})
    85
    >>> header, arrays = read_container(path, "pclc")
    >>> header["points"], arrays["steps"].tolist(), arrays["stream"]
    (2, [3, 4], b'abc')
    """
    check_option("kind", kind, tuple(KINDS))
    path = Path(path)
    contents = [_content(name, value) for name, value in arrays.items()]
    table = [
        [name, _STREAM, [len(value)]]
        if isinstance(value, bytes)
        else [name, value.dtype.str[1:], value.shape]
        for name, value in zip(arrays, contents, strict=True)
    ]
    try:
        text = json.dumps({"h": dict(header), "t": table}, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"header must hold what JSON can, numbers finite, received {error}") from error
    encoded = text.encode("utf-8")
    if len(encoded) > LONGEST_HEADER:
        raise ValueError(
            f"header and names of arrays must fit {LONGEST_HEADER} bytes, received {len(encoded)}; "
            "put what is long into an array or a stream of bytes"
        )
    start = _START.pack(_FIRST, kind.encode("ascii"), VERSION, len(encoded)) + encoded

    def write(stream: BinaryIO) -> None:
        crc = 0
        for part in (start, *contents):
            content = part if isinstance(part, bytes) else part.reshape(-1).view(np.uint8).data
            crc = zlib.crc32(content, crc)
            stream.write(content)
        stream.write(_SUM.pack(crc))

    write_whole(path, write)
    return path.stat().st_size


def _content(name: object, value: object) -> np.ndarray | bytes:
    if not isinstance(name, str) or not 1 <= len(name) <= LONGEST_NAME:
        raise ValueError(f"arrays must have names of 1 to {LONGEST_NAME} characters, received {name!r}")
    if isinstance(value, bytes):
        return value
    kind = value.dtype.newbyteorder("<").str[1:] if isinstance(value, np.ndarray) else type(value).__name__
    if not isinstance(value, np.ndarray) or kind not in _TYPES:
        raise ValueError(
            f"arrays[{name!r}] must be bytes or a numpy array of {', '.join(_TYPES)}, received {kind}; convert it"
        )
    if not 1 <= value.ndim <= MOST_AXES:
        raise ValueError(f"arrays[{name!r}] must have 1 to {MOST_AXES} axes, received shape {value.shape}")
    return np.ascontiguousarray(value, dtype=_TYPES[kind])


def read_container(path: str | Path, kind: str) -> tuple[dict[str, Any], dict[str, np.ndarray | bytes]]:
    """Read a compressed file of one kind: its header, and its arrays and streams by name.

    - `path`, `kind`: as in `write_container`.

    Nothing is run or unpickled. Every length is compared with the bytes that the file still has, and the checksum with
    its content, before an array is made: a file never costs more memory than its own size and 64 KiB of header, nor
    more time than reading it twice. What the numbers mean, and whether they are finite, is for the codec to check.

    Errors: `CodecError` for a file that is foreign, of another kind, newer, cut short, too long or damaged, and for
    one that claims more than it has; `OSError` where there is no file to read.

    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "note.txt"
    >>> _ = path.write_text("A note, and no cloud.")
    >>> try:
    ...     read_container(path, "pclc")
    ... except CodecError as error:
    ...     print(str(error).partition(": ")[2])
    not a compressed file of pcl_lib: it does not begin like one
    """
    check_option("kind", kind, tuple(KINDS))
    path = Path(path)
    with _opened(path) as stream:
        found, length, remaining = _start(path, stream)
        if found != kind:
            raise CodecError(f"{path}: holds {KINDS[found]} ({found}), not {KINDS[kind]} ({kind})")
        header, table = _header(path, stream.read(length))
        needed = sum(entry.size for entry in table)
        remaining -= length + _SUM.size
        if needed > remaining:
            raise CodecError(
                f"{path}: cut short or damaged: {needed:,} bytes of content are announced, {remaining:,} are there"
            )
        if needed < remaining:
            raise CodecError(
                f"{path}: damaged: {remaining - needed:,} bytes follow where the file should end"
            )
        _check_sum(path, stream)
        stream.seek(_START.size + length)
        return header, {entry.name: _take(path, stream, entry) for entry in table}


def kind_of(path: str | Path) -> str:
    """The kind of a compressed file, "pcld", "pclc" or "pclm", by its first bytes.

    - `path`: of the file; its ending plays no part.

    Errors: `CodecError` for a file that is none of them, or newer.

    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "empty.pcld"
    >>> write_container(path, "pcld", {}, {})
    29
    >>> kind_of(path)
    'pcld'
    """
    path = Path(path)
    with _opened(path) as stream:
        return _start(path, stream)[0]


def _opened(path: Path) -> io.BufferedReader:
    if path.exists() and not path.is_file():
        raise CodecError(f"{path}: not a file")  # a folder, or a device that never ends
    return open(path, "rb")


def _start(path: Path, stream: io.BufferedReader) -> tuple[str, int, int]:
    """Kind, length of the header, and the number of bytes from the header on."""
    remaining = os.fstat(stream.fileno()).st_size - _START.size
    start = stream.read(_START.size)
    kind = start[1:5].decode("latin-1")
    if start[:1] != bytes([_FIRST]) or kind not in KINDS:
        what = "it does not begin like one" if start else "it is empty"
        raise CodecError(f"{path}: not a compressed file of pcl_lib: {what}")
    if remaining < 0:
        raise CodecError(f"{path}: cut short after {len(start)} bytes")
    _, _, version, length = _START.unpack(start)
    if version > VERSION:
        raise CodecError(
            f"{path}: written by a newer pcl_lib (format {version}; this one reads up to {VERSION}), or damaged; "
            "update pcl_lib"
        )
    if version < 1:
        raise CodecError(f"{path}: damaged: there is no format {version}")
    if length > LONGEST_HEADER:
        raise CodecError(
            f"{path}: damaged: a header of {length:,} bytes is announced, {LONGEST_HEADER:,} are allowed"
        )
    if length + _SUM.size > remaining:
        raise CodecError(
            f"{path}: cut short or damaged: a header of {length:,} bytes is announced, "
            f"{max(remaining - _SUM.size, 0):,} are there"
        )
    return kind, length, remaining


class _Entry(NamedTuple):
    """An array or a stream in the table; `size` in bytes."""

    name: str
    kind: str
    shape: tuple[int, ...]
    size: int


def _header(path: Path, encoded: bytes) -> tuple[dict[str, Any], list[_Entry]]:
    """What the codec wrote, and the table of the arrays."""
    try:
        read = json.loads(encoded.decode("utf-8"), parse_constant=_finite, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise CodecError(f"{path}: damaged: its header is not JSON of finite numbers") from error
    if not isinstance(read, dict) or set(read) != {"h", "t"}:
        raise CodecError(f"{path}: damaged: its header lacks a part")
    header, rows = read["h"], read["t"]
    if not isinstance(header, dict) or not isinstance(rows, list):
        raise CodecError(f"{path}: damaged: a part of its header has the wrong type")
    table = [_entry(path, row) for row in rows]
    if len({entry.name for entry in table}) < len(table):
        raise CodecError(f"{path}: damaged: two of its arrays have one name")
    return header, table


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _entry(path: Path, row: object) -> _Entry:
    match row:
        case [str() as name, str() as kind, [*shape]] if 1 <= len(name) <= LONGEST_NAME:
            axes = tuple(axis for axis in shape if type(axis) is int and axis >= 0)
            most = 1 if kind == _STREAM else MOST_AXES
            if 1 <= len(shape) <= most and len(axes) == len(shape) and (kind == _STREAM or kind in _TYPES):
                width = 1 if kind == _STREAM else _TYPES[kind].itemsize
                if math.prod(max(axis, 1) for axis in axes) * width <= LARGEST_SHAPE:
                    return _Entry(name, kind, axes, math.prod(axes) * width)
    raise CodecError(f"{path}: damaged: its table of arrays has an entry that cannot be")


def _check_sum(path: Path, stream: io.BufferedReader) -> None:
    """Compare the checksum at the end with what comes before it."""
    left = stream.seek(0, os.SEEK_END) - _SUM.size
    stream.seek(0)
    crc = 0
    while left > 0 and (chunk := stream.read(min(left, _CHUNK))):
        left -= len(chunk)
        crc = zlib.crc32(chunk, crc)
    if stream.read() != _SUM.pack(crc):
        raise CodecError(f"{path}: damaged: its checksum does not fit its content; get the file again")


def _take(path: Path, stream: io.BufferedReader, entry: _Entry) -> np.ndarray | bytes:
    content: np.ndarray | bytes
    if entry.kind == _STREAM:
        content = stream.read(entry.size)
        read = len(content)
    else:
        content = np.empty(entry.shape, _TYPES[entry.kind])
        read = stream.readinto(content.reshape(-1).view(np.uint8).data)
    if read != entry.size:
        raise CodecError(f"{path}: became shorter while it was read")
    return content
