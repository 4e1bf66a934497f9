"""``.ply``: clouds with colours and normals, and registered meshes."""

from __future__ import annotations

import codecs
import io
from pathlib import Path
from typing import Unpack

from plyfile import PlyData, PlyElementParseError

from pcl_lib.data._cloud import Cloud
from pcl_lib.data.readers._columns import Parts, by_name
from pcl_lib.data.readers._errors import parsing, read_bytes, read_error
from pcl_lib.data.readers._make_clouds import Options, make_cloud
from pcl_lib.data.readers._mesh import Mesh, check_mesh, fan

EXPECTED = "a .ply file with an element vertex that has x y z"
FACE_FIELDS = ("vertex_indices", "vertex_index")


def read_ply(path: str | Path, **options: Unpack[Options]) -> Cloud:
    """The vertices of a ``.ply`` as a cloud, with the normals, colours and labels that they have.

    Normals are ``nx ny nz`` or ``normal_x normal_y normal_z``; colours ``red green blue``, ``r g b`` or
    ``diffuse_red diffuse_green diffuse_blue``, or else ``intensity`` as a grey; see ``columns.by_name``.
    Nothing is dropped or rescaled: voxel coordinates stay voxels, outliers stay in, colours stay as stored.
    Cost: O(bytes). Errors: ReadError.
    """
    ply = _parse(path)
    with parsing(path, EXPECTED):
        parts = _vertices(path, ply)
    return make_cloud(path, **parts._asdict(), **options)


def read_ply_mesh(path: str | Path, *, drop_bad: bool = False) -> Mesh:
    """Vertices and triangles of a ``.ply``, in the file's order; polygons are cut into fans.

    Cost: O(bytes). Errors: ReadError.
    """
    ply = _parse(path)
    with parsing(path, EXPECTED):
        if "face" not in ply:
            raise read_error(path, "it has no faces", expected="a .ply mesh")
        vertices, normals, colors, _ = _vertices(path, ply)
        data = ply["face"].data
        faces = fan(data[next(field for field in FACE_FIELDS if field in data.dtype.names)])
    return check_mesh(path, vertices, faces, normals=normals, colors=colors, drop_bad=drop_bad)


def _vertices(path: str | Path, ply: PlyData) -> Parts:
    data = ply["vertex"].data
    parts = by_name(path, {name: data[name] for name in data.dtype.names})
    if parts.points.shape[1] != 3:
        raise read_error(path, "its vertices have no z", expected=EXPECTED)
    return parts


def _parse(path: str | Path) -> PlyData:
    raw = read_bytes(path, EXPECTED)
    with parsing(path, EXPECTED):
        clean = _clean(path, raw)
        if _only_triangle_lists(_checked_header(path, clean)) and clean == raw:
            try:  # mapped into memory: a hundred times faster, for lists of one length
                return PlyData.read(str(path), known_list_len={"face": dict.fromkeys(FACE_FIELDS, 3)})
            except PlyElementParseError:  # polygons, or damage: the slow way tells the two apart
                pass
        # From memory and not from the file: there, a damaged list length would allocate what it claims.
        return PlyData.read(io.BytesIO(clean), mmap=False)


def _clean(path: str | Path, raw: bytes) -> bytes:
    """The file with an ASCII header, as plyfile wants it: comments may hold any characters."""
    raw = raw.removeprefix(codecs.BOM_UTF8)
    if not raw.startswith(b"ply"):
        raise read_error(path, f"it starts with {raw[:8]!r}", expected=EXPECTED)
    end = raw.find(b"end_header")
    if end < 0:
        raise read_error(path, "there is no end_header", expected=EXPECTED)
    if raw[:end].isascii():
        return raw
    return raw[:end].decode("latin-1").encode("ascii", "replace") + raw[end:]


def _checked_header(path: str | Path, raw: bytes) -> list[list[str]]:
    """The words of each header line; refuses one that claims more rows and values than the file has bytes."""
    header = [line.split() for line in raw[: raw.index(b"end_header")].decode("ascii").splitlines()]
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
