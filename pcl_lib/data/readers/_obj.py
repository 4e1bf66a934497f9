"""``.obj`` meshes as registrations are stored: the vertex order is the correspondence.

Read here and not with trimesh, which drops a coordinate of all vertices when one line is short, and
follows references to textures and materials; a cloud needs the lines ``v`` and ``f`` alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pcl_lib.data.readers._columns import eight_bit
from pcl_lib.data.readers._errors import parsing, read_error
from pcl_lib.data.readers._mesh import Mesh, check_mesh, fan
from pcl_lib.data.readers._text import data_lines

EXPECTED = "an .obj mesh with lines v (x y z) and f (vertex numbers from 1)"


def read_obj(path: str | Path, *, drop_bad: bool = False) -> Mesh:
    """Vertices and triangles of an ``.obj``, in the file's order; polygons are cut into fans.

    Colours after the vertices (r g b or r g b a) are kept where all have them, a weight w is left out.
    Texture and normal indices (``f 1/2/3``) and all other lines are left out; negative indices count back
    from the last vertex so far. Cost: O(bytes). Errors: ReadError.
    """
    vertex_lines: list[str] = []
    color_lines: list[str] = []
    polygons: list[list[int]] = []
    with parsing(path, EXPECTED):
        for line in _joined(data_lines(path, EXPECTED)):
            key, *values = line.split()
            if key == "v":
                if len(values) not in (3, 4, 6, 7):  # plain, with w, with a colour, with its opacity
                    raise read_error(path, f"the line {line[:60]!r}", expected=EXPECTED)
                vertex_lines.append(" ".join(values[:3]))
                if len(values) > 4:
                    color_lines.append(" ".join(values[3:6]))
            elif key == "f":
                polygons.append([_corner(value, len(vertex_lines)) for value in values])
        if not vertex_lines:
            raise read_error(path, "it has no lines v", expected=EXPECTED)
        vertices = np.loadtxt(vertex_lines, ndmin=2)
        all_colored = len(color_lines) == len(vertex_lines)
        colors = eight_bit(np.loadtxt(color_lines, ndmin=2)) if all_colored else None
        faces = fan(polygons)
    return check_mesh(path, vertices, faces, colors=colors, drop_bad=drop_bad)


def _joined(lines: list[str]) -> Iterator[str]:
    """Lines of which those that end in a backslash go on in the next one."""
    begun = ""
    for line in lines:
        if line.endswith("\\"):
            begun += line[:-1] + " "
        elif begun + line:
            yield begun + line
            begun = ""
    if begun.strip():
        yield begun


def _corner(text: str, seen: int) -> int:
    number = int(text.partition("/")[0])
    if number == 0:
        raise ValueError("vertex number 0 in a face, they count from 1")
    return number - 1 if number > 0 else seen + number
