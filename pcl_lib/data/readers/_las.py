"""``.las`` and ``.laz``, the formats of airborne and mobile LiDAR."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Unpack

import laspy
import lazrs
import numpy as np

from pcl_lib.data._cloud import Cloud
from pcl_lib.data.readers._columns import Parts
from pcl_lib.data.readers._errors import parsing, read_bytes, read_error
from pcl_lib.data.readers._make_clouds import Options, make_cloud

EXPECTED = "a .las or .laz file"
CHUNK = 50_000  # points; LAZ packs about as many at a time
# LAZ keeps the points of the formats from 6 on in layers, and so many beside one for each extra byte.
LAYERS = {6: 9, 7: 10, 8: 11, 9: 10, 10: 12}
VLR_BYTES, EVLR_BYTES = 54, 60


def read_las(path: str | Path, **options: Unpack[Options]) -> Cloud:
    """``.las`` or ``.laz``: coordinates in the unit of the file, colours, and the classification as labels.

    Coordinates are integers times a scale plus an offset, so they are doubles, and stay so wherever single
    precision would lose digits (see ``make_cloud``). Colours are 8-bit: the upper byte of the 16 that the format
    has, or the lower one in the many files of which no colour exceeds 255. Points without colours get the
    intensity / 65,535 as a grey, unless all of it is zero. Points flagged as withheld are kept.

    Cost: O(N); a LAZ file is unpacked by one thread. Errors: ReadError.
    """
    raw = read_bytes(path, EXPECTED)
    _check_header(path, raw)
    try:
        with parsing(path, EXPECTED):
            parts = _unpack(path, raw)
    except BaseException as error:  # a panic of the unpacker, which is written in Rust, is no Exception
        if type(error).__name__ != "PanicException":
            raise
        raise read_error(path, f"{error}", expected=EXPECTED) from error
    return make_cloud(path, **parts._asdict(), **options)


def _check_header(path: str | Path, raw: bytes) -> None:
    """Refuse what claims more than the file holds, before anything is read or allocated for it."""
    if raw[:4] != b"LASF" or len(raw) < 227:
        raise read_error(path, f"it has {len(raw)} bytes and starts with {raw[:4]!r}", expected=EXPECTED)
    minor = raw[25]
    (size,) = struct.unpack_from("<H", raw, 94)
    start, vlrs = struct.unpack_from("<II", raw, 96)
    kind, width, count = struct.unpack_from("<BHI", raw, 104)
    evlrs = 0
    if minor >= 4 and len(raw) >= 375:
        evlrs, count = struct.unpack_from("<IQ", raw, 243)
    need = max(start, size + vlrs * VLR_BYTES)
    if kind < 128:  # not compressed
        need = max(need, start + count * width)
    if need + evlrs * EVLR_BYTES > len(raw):
        raise read_error(
            path,
            f"the header promises {count} points of {width} bytes from byte {start}, there are {len(raw)} bytes",
            expected=EXPECTED,
        )
    if count == 0:
        raise read_error(path, "there are no points in it", expected="at least one point")


def _check_chunks(path: str | Path, raw: bytes, header: laspy.LasHeader) -> None:
    """Refuse sizes inside a LAZ file that are beyond it: the unpacker would take memory for whatever they claim."""
    start, width, kind = header.offset_to_point_data, header.point_format.size, header.point_format.id
    (table,) = struct.unpack_from("<q", raw, start)
    if table == -1:  # written to a stream: at its end
        (table,) = struct.unpack_from("<q", raw, len(raw) - 8)
    (chunks,) = struct.unpack_from("<I", raw, table + 4) if table > start else (0,)
    if not 0 < chunks <= len(raw):
        raise read_error(path, f"a table of {chunks} chunks at byte {table} of {len(raw)}", expected=EXPECTED)
    if kind not in LAYERS:
        return
    source = io.BytesIO(raw)
    source.seek(start)
    vlr = lazrs.LazVlr(header.vlrs[header.vlrs.index("LasZipVlr")].record_data)
    at, layers = start + 8, LAYERS[kind] + header.point_format.num_extra_bytes
    for _, size in lazrs.read_chunk_table(
        source, vlr
    ):  # one point, the number of points, the sizes of the layers
        claimed = sum(struct.unpack_from(f"<{layers}I", raw, at + width + 4))
        if claimed > size:
            raise read_error(path, f"layers of {claimed} bytes in a chunk of {size}", expected=EXPECTED)
        at += size


def _unpack(path: str | Path, raw: bytes) -> Parts:
    """Chunk by chunk, so that a file that ends early is noticed before memory is taken for all of it."""
    points, colors, grey, labels = [], [], [], []
    with laspy.open(io.BytesIO(raw), laz_backend=laspy.LazBackend.Lazrs, read_evlrs=False) as file:
        if file.header.are_points_compressed:
            _check_chunks(path, raw, file.header)
        promised = file.header.point_count
        has_color = "red" in file.header.point_format.dimension_names
        for chunk in file.chunk_iterator(CHUNK):
            points.append(np.stack([chunk.x, chunk.y, chunk.z], axis=1))
            if has_color:
                colors.append(np.stack([chunk.red, chunk.green, chunk.blue], axis=1))
            grey.append(np.asarray(chunk.intensity))
            labels.append(np.asarray(chunk.classification))
    read = sum(map(len, points))
    if read != promised:
        raise read_error(path, f"the header promises {promised} points, there are {read}", expected=EXPECTED)
    return Parts(np.concatenate(points), None, _colors(colors, np.concatenate(grey)), np.concatenate(labels))


def _colors(chunks: list[np.ndarray], grey: np.ndarray) -> np.ndarray | None:
    colors = np.concatenate(chunks) if chunks else np.zeros((1, 3), np.uint16)
    if colors.any():
        return (colors >> 8 if colors.max() > 255 else colors).astype(np.uint8)
    return np.stack([grey / np.float32(65535)] * 3, axis=1) if grey.any() else None
