"""``.stl`` meshes, binary and text; corners with the same coordinates are one vertex."""

from __future__ import annotations

import codecs
import struct
from pathlib import Path

import numpy as np

from pcl_lib.data.readers._errors import parsing, read_bytes, read_error
from pcl_lib.data.readers._mesh import Mesh, check_mesh
from pcl_lib.data.readers._text import data_lines

EXPECTED = "an .stl mesh (80 bytes, the number of triangles and 50 bytes for each, or text from 'solid' to 'endsolid')"
FACET = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])


def read_stl(path: str | Path, *, drop_bad: bool = False) -> Mesh:
    """Triangles of an ``.stl``, in the file's order, with vertices in the order in which they first appear.

    The format repeats a vertex in each of its triangles; equal ones are merged. A file is binary if its
    size is the one that a binary header promises, whatever word it starts with. The normals of the facets
    are left out: they follow from the corners. Cost: O(F log F). Errors: ReadError.
    """
    raw = read_bytes(path, EXPECTED)
    count = struct.unpack_from("<I", raw, 80)[0] if len(raw) >= 84 else -1
    if len(raw) == 84 + count * FACET.itemsize:
        corners = np.frombuffer(raw, FACET, offset=84)["corners"].reshape(-1, 3)
    elif raw.removeprefix(codecs.BOM_UTF8).lstrip()[:5].lower() == b"solid":
        corners = _text(path)
    else:
        promised = f" and promises {count} triangles" if count >= 0 else ""
        raise read_error(path, f"it has {len(raw)} bytes{promised}", expected=EXPECTED)
    if len(corners) == 0:
        raise read_error(path, "it has no triangles", expected=EXPECTED)
    with parsing(path, EXPECTED):
        vertices, first, index = np.unique(corners, axis=0, return_index=True, return_inverse=True)
        order = np.argsort(first)
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
    return check_mesh(path, vertices[order], place[index.reshape(-1, 3)], drop_bad=drop_bad)


def _text(path: str | Path) -> np.ndarray:
    lines = [line.split() for line in data_lines(path, EXPECTED)]
    corners = [words[1:] for words in lines if words[0].lower() == "vertex"]
    last = " ".join(lines[-1])[:40]
    facets, loops, ends = (sum(w[0].lower() == key for w in lines) for key in ("facet", "outer", "endfacet"))
    if not facets == loops == ends or len(corners) != 3 * facets or lines[-1][0].lower() != "endsolid":
        raise read_error(
            path,
            f"{facets} facets, {ends} of them closed, {len(corners)} corners, and the last line is {last!r}",
            expected=EXPECTED,
        )
    with parsing(path, EXPECTED):
        return np.array(corners, dtype=np.float64).reshape(-1, 3)
