"""NumPy's ``.npy`` and ``.npz``, read without pickles and without trusting their headers."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Unpack

import numpy as np

from pcl_lib.data._cloud import Cloud
from pcl_lib.data.readers._columns import Parts, by_value
from pcl_lib.data.readers._errors import parsing, read_bytes, read_error
from pcl_lib.data.readers._make_clouds import Options, make_cloud

# No deflate stream expands further than this (RFC 1951: at best 258 bytes from 2 bits).
DEFLATE_LIMIT = 1032


def read_npz(path: str | Path, **options: Unpack[Options]) -> Cloud:
    """``.npz`` with ``points`` (N, D) and, where they exist, ``normals``, ``colors`` and ``labels``.

    Cost: O(N). Errors: ReadError.
    """
    got = load_npz(path, required=["points"], optional=["normals", "colors", "labels"])
    return make_cloud(path, **Parts(**got)._asdict(), **options)


def read_npy(path: str | Path, *, columns: str | None = None, **options: Unpack[Options]) -> Cloud:
    """``.npy`` of shape (N, 2) or (N, 3), or with more columns, which mean what they do in ``.xyz``.

    Cost: O(N). Errors: ReadError.
    """
    table = load_npy(path)
    if table.ndim != 2 or table.dtype.kind not in "fiu" or (columns is None and table.shape[1] < 6):
        return make_cloud(path, table, **options)
    return make_cloud(path, **by_value(path, table, columns)._asdict(), **options)


def load_npy(path: str | Path) -> np.ndarray:
    """The array of an ``.npy`` file."""
    return _array(path, read_bytes(path, "a NumPy .npy file"), "a NumPy .npy file")


def load_npz(
    path: str | Path, required: Sequence[str], optional: Sequence[str] = ()
) -> dict[str, np.ndarray]:
    """The named arrays of an ``.npz`` file; those of ``optional`` only where they exist.

    The zip's own checksums are verified, so a flipped byte in an array that is read is an error.
    """
    expected = f"a NumPy .npz file with {', '.join(required)}"
    raw = read_bytes(path, expected)
    arrays = {}
    with parsing(path, expected), zipfile.ZipFile(io.BytesIO(raw)) as archive:
        members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        missing = [name for name in required if name not in members]
        if missing:
            raise read_error(
                path, f"{', '.join(missing)} missing, it has {sorted(members)[:20]}", expected=expected
            )
        for name in [*required, *(name for name in optional if name in members)]:
            info = members[name]
            plain = info.compress_type == zipfile.ZIP_STORED
            if not plain and info.compress_type != zipfile.ZIP_DEFLATED:
                raise read_error(
                    path, f"{name} is compressed by method {info.compress_type}", expected=expected
                )
            if info.file_size > len(raw) * (1 if plain else DEFLATE_LIMIT):
                raise read_error(
                    path, f"{name} claims {info.file_size} bytes in a file of {len(raw)}", expected=expected
                )
            arrays[name] = _array(path, archive.read(info), f"the array {name}")
    return arrays


def _array(path: str | Path, raw: bytes, expected: str) -> np.ndarray:
    """Decode one ``.npy`` after comparing the size in its header with the bytes that are there."""
    with parsing(path, expected):
        stream = io.BytesIO(raw)
        version = np.lib.format.read_magic(stream)
        if version == (1, 0):
            shape, column_major, dtype = np.lib.format.read_array_header_1_0(stream)
        elif version == (2, 0):
            shape, column_major, dtype = np.lib.format.read_array_header_2_0(stream)
        else:
            raise read_error(path, f"version {version} of the .npy format", expected="version 1.0 or 2.0")
        if dtype.kind not in "fiubU" or any(size < 0 for size in shape):
            raise read_error(
                path, f"shape {shape} and type {dtype}", expected="an array of numbers or of names"
            )
        held = len(raw) - stream.tell()
        need = math.prod(shape) * dtype.itemsize
        if held != need:
            raise read_error(
                path, f"the header {shape} {dtype} needs {need} bytes, there are {held}", expected=expected
            )
        flat = np.frombuffer(raw, dtype, count=math.prod(shape), offset=stream.tell())
        return flat.reshape(shape, order="F" if column_major else "C")
