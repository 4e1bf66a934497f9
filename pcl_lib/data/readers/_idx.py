"""The idx files of MNIST, plain or gzip-compressed."""

from __future__ import annotations

import gzip
import io
import math
import struct
from pathlib import Path

import numpy as np

from pcl_lib.data.readers._errors import parsing, read_bytes, read_error
from pcl_lib.data.readers._numpy_files import DEFLATE_LIMIT

GZIP_MAGIC = b"\x1f\x8b"


def read_idx(path: str | Path, ndim: int) -> np.ndarray:
    """An idx array of unsigned bytes with ``ndim`` dimensions: images (S, H, W) with 3, labels (S,) with 1.

    Layout: 0, 0, type (8 = unsigned byte), ndim, then ndim big-endian uint32 sizes, then the values.
    Cost: O(bytes). Errors: ReadError.
    """
    expected = f"an idx file of unsigned bytes with {ndim} dimensions, plain or .gz"
    raw = read_bytes(path, expected)
    with parsing(path, expected):
        packed = raw.startswith(GZIP_MAGIC)
        stream = gzip.GzipFile(fileobj=io.BytesIO(raw)) if packed else io.BytesIO(raw)
        head = stream.read(4 + 4 * ndim)
        if head[:4] != bytes([0, 0, 8, ndim]):
            raise read_error(path, f"it starts with {head[:4]!r}", expected=expected)
        shape = struct.unpack(f">{ndim}I", head[4:])
        need = math.prod(shape)
        if need > len(raw) * (DEFLATE_LIMIT if packed else 1):
            raise read_error(
                path, f"the header claims {shape} in a file of {len(raw)} bytes", expected=expected
            )
        values = stream.read(need + 1)  # one more than needed: reaches the end, where gzip checks its sum
        if len(values) != need:
            more = "more" if len(values) > need else f"{len(values)} bytes"
            raise read_error(
                path, f"the header claims {shape}, {need} bytes, there are {more}", expected=expected
            )
    return np.frombuffer(values, np.uint8).reshape(shape)
