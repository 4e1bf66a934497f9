"""``.ply``: clouds with colours and normals, and registered meshes."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from plyfile import PlyData, PlyElementParseError

from pcl_lib.data.cloud import Cloud
from pcl_lib.data.readers.build import make_cloud
from pcl_lib.data.readers.errors import parsing, read_bytes, read_error
from pcl_lib.data.readers.mesh import Mesh, check_mesh, fan

EXPECTED = "a .ply file with an element vertex that has x y z"
FACE_FIELDS = ("vertex_indices", "vertex_index")


def read_ply(path: str | Path) -> Cloud:
    """The vertices of a ``.ply`` as a cloud, with ``nx ny nz`` and ``red green blue`` where they exist.

    Nothing is dropped or rescaled: voxel coordinates stay voxels, outliers stay in, colours stay as stored.
    Cost: O(bytes). Errors: ReadError.
    """
    ply = _parse(path)
    with parsing(path, EXPECTED):
        points = _columns(ply, "x y z")
        normals, colors = _columns(ply, "nx ny nz"), _columns(ply, "red green blue")
        if points is None:
            raise read_error(path, "its vertices have no x y z", expected=EXPECTED)
    return make_cloud(path, points, normals=normals, colors=colors)


def read_ply_mesh(path: str | Path) -> Mesh:
    """Vertices and triangles of a ``.ply``, in the file's order; polygons are cut into fans.

    Cost: O(bytes). Errors: ReadError.
    """
    ply = _parse(path)
    with parsing(path, EXPECTED):
        vertices = _columns(ply, "x y z")
        if vertices is None or "face" not in ply:
            raise read_error(path, "it has no vertices with x y z or no faces", expected="a .ply mesh")
        data = ply["face"].data
        faces = fan(data[next(field for field in FACE_FIELDS if field in data.dtype.names)])
    return check_mesh(path, vertices, faces)


def _columns(ply: PlyData, names: str) -> np.ndarray | None:
    data = ply["vertex"].data
    wanted = names.split()
    if any(name not in data.dtype.names for name in wanted):
        return None
    return np.stack([data[name] for name in wanted], axis=1)


def _parse(path: str | Path) -> PlyData:
    raw = read_bytes(path, EXPECTED)
    with parsing(path, EXPECTED):
        if _only_triangle_lists(_checked_header(path, raw)):
            try:  # mapped into memory: a hundred times faster, for lists of one length
                return PlyData.read(str(path), known_list_len={"face": dict.fromkeys(FACE_FIELDS, 3)})
            except PlyElementParseError:  # polygons, or damage: the slow way tells the two apart
                pass
        # From memory and not from the file: there, a damaged list length would allocate what it claims.
        return PlyData.read(io.BytesIO(raw), mmap=False)


def _checked_header(path: str | Path, raw: bytes) -> list[list[str]]:
    """The words of each header line; refuses one that claims more rows and values than the file has bytes."""
    if not raw.startswith(b"ply"):
        raise read_error(path, f"it starts with {raw[:8]!r}", expected=EXPECTED)
    end = raw.find(b"end_header")
    if end < 0:
        raise read_error(path, "there is no end_header", expected=EXPECTED)
    header = [line.split() for line in raw[:end].decode("ascii").splitlines()]
    claimed = count = 0
    for words in header:
        if words[:1] == ["element"]:
            count = int(words[2])
            claimed += count
            if count < 0:
                raise read_error(path, f"{count} of element {words[1]}", expected=EXPECTED)
        elif words[:1] == ["property"]:
            claimed += count
    if claimed > 2 * len(raw):  # a row has at least one value and a value takes at least one byte
        raise read_error(path, f"the header claims {claimed} values in {len(raw)} bytes", expected=EXPECTED)
    return header


def _only_triangle_lists(header: list[list[str]]) -> bool:
    element = ""
    for words in header:
        if words[:1] == ["element"]:
            element = words[1]
        elif words[:2] == ["property", "list"] and (element != "face" or words[-1] not in FACE_FIELDS):
            return False
    return True
