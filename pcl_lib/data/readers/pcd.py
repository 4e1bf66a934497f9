"""``.pcd`` of the Point Cloud Library, as PCN's pairs come: ascii, binary and binary_compressed."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
from pypcd4.pypcd4 import Encoding, MetaData, PointCloud

from pcl_lib.data.cloud import Cloud
from pcl_lib.data.readers.build import make_cloud
from pcl_lib.data.readers.errors import parsing, read_bytes, read_error

EXPECTED = "a .pcd file with fields x y z"
# LZF's longest match makes 264 bytes from 3.
LZF_LIMIT = 88


def read_pcd(path: str | Path) -> Cloud:
    """``.pcd`` in any of its three encodings, with ``normal_x normal_y normal_z`` if there; no other fields.

    Cost: O(bytes). Errors: ReadError, also for the NaN rows with which organised scans mark empty pixels.
    """
    raw = read_bytes(path, EXPECTED)
    with parsing(path, EXPECTED):
        header, body = _split(raw)
        meta = MetaData.parse_header(header)
        _check_sizes(path, meta, body)
        cloud = PointCloud.from_fileobj(io.BufferedReader(io.BytesIO(raw)))
        rows = np.atleast_1d(cloud.pc_data)
        if len(rows) != meta.points:
            raise read_error(
                path, f"the header promises {meta.points} points, there are {len(rows)}", expected=EXPECTED
            )
        points = np.stack([rows[axis] for axis in "xyz"], axis=1)
        normal_fields = [f"normal_{axis}" for axis in "xyz"]
        has_normals = set(normal_fields) <= set(rows.dtype.names or ())
        normals = np.stack([rows[field] for field in normal_fields], axis=1) if has_normals else None
    return make_cloud(path, points, normals=normals)


def _split(raw: bytes) -> tuple[list[str], bytes]:
    """Header lines up to and with ``DATA``, and what comes after them."""
    lines: list[str] = []
    stream = io.BytesIO(raw)
    for line in stream:
        text = line.decode("ascii").strip()
        if text and not text.startswith("#"):
            lines.append(text)
        if text.startswith("DATA"):
            return lines, raw[stream.tell() :]
    raise ValueError("there is no DATA line")


def _check_sizes(path: str | Path, meta: MetaData, body: bytes) -> None:
    """Compare what the header claims with the bytes there are, before anything is allocated for it."""
    need = meta.points * sum(size * count for size, count in zip(meta.size, meta.count, strict=True))
    if meta.points != meta.width * meta.height:
        raise read_error(
            path, f"POINTS {meta.points} but WIDTH x HEIGHT {meta.width} x {meta.height}", expected=EXPECTED
        )
    if meta.data == Encoding.ASCII:
        held = len(body)
        enough = 2 * meta.points * sum(meta.count) <= held + 1  # a digit and a separator for each number
    elif meta.data == Encoding.BINARY:
        held = len(body)
        enough = need <= held
    else:
        packed, held = struct.unpack("<II", body[:8])
        enough = held == need and packed <= len(body) - 8 and held <= LZF_LIMIT * packed
    if not enough:
        raise read_error(
            path,
            f"{meta.points} points need {need} bytes, the file has {held} ({meta.data.value})",
            expected=EXPECTED,
        )
