"""Triangle meshes, shaded, as pictures that turn or that stand still."""

import base64
from collections.abc import Sequence
from typing import Any

import matplotlib.axes
import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb

from pcl_lib.viz import _as_numpy as arrays
from pcl_lib.viz._cloud import PAGE_WIDTH, WIDEST
from pcl_lib.viz._colours import SKY
from pcl_lib.viz._encode import png
from pcl_lib.viz._figure import Figure, Image, alt_of, figure_html, row_html, title_html
from pcl_lib.viz._points import set_paper, sheet
from pcl_lib.viz._project import Number, Scene, Up, View, camera, scene_of, z_up
from pcl_lib.viz._rotatable import coordinates, turning

MOST_VERTICES = 65_536  # a face names its corners by 16 bits
LIGHT = np.array([-0.45, 0.55, 0.7])  # from the upper left, in front of the picture
AMBIENT = 0.35


def surface(
    meshes: Any,
    *,
    alt: str,
    titles: Sequence[str] | None = None,
    columns: int | None = None,
    view: View = (20.0, -60.0),
    up: Up = "z",
    colours: str | Sequence[str] = SKY,
    turns: bool = True,
    caption: str | None = None,
) -> Figure:
    """Shows triangle meshes, shaded, all at one scale; they turn together under the mouse, a finger or the arrow keys.

    - `meshes`: one or a list of what has `vertices` (V, 3) and `faces` (F, 3), as arrays or tensors: a level set, a
      `trimesh.Trimesh`, a mesh that was read.
    - `turns=False`: still pictures alone, for a mesh of many faces or a page of many meshes.
    - `titles`, `columns` (default all, at most 3), `view`, `up`, `colours`, `caption`: as in `clouds`.
    - `alt`: what the figure shows, for readers who cannot see it. Required.

    Both sides of a face are lit. A still picture stands where there is no JavaScript, no WebGL or only paper.

    Cost: 8 bytes of page per vertex and per face if it turns (a level set of 5,000 faces about 60 kB), and 30 kB per
    still, which takes about 1 s for 50,000 faces.
    Errors: `ValueError` for what is no mesh, faces that name other vertices, more than 65,536 vertices that turn, NaN,
    an empty `alt`.

    >>> import trimesh
    >>> surface(trimesh.creation.box(), alt="A cube")
    A cube
    """
    alt = arrays.check_alt(alt)
    single = hasattr(meshes, "vertices")
    shapes = [
        _mesh(m, "meshes" if single else f"meshes[{i}]") for i, m in enumerate([meshes] if single else meshes)
    ]
    n = len(shapes)
    if n == 0:
        raise ValueError("meshes is empty; pass at least one mesh")
    arrays.check_length(titles, n, "titles", "meshes")
    names = [colours] * n if isinstance(colours, str) else list(colours)
    arrays.check_length(names, n, "colours", "meshes")
    largest = max(len(vertices) for vertices, _ in shapes)
    if turns and largest > MOST_VERTICES:
        raise ValueError(
            f"meshes must have at most {MOST_VERTICES:,} vertices to turn, received one of {largest:,}; "
            "pass turns=False, or extract it at a lower resolution"
        )
    columns = min(n, 3) if columns is None else columns
    if columns < 1:
        raise ValueError(f"columns must be at least 1, received {columns}")
    side = min(PAGE_WIDTH / columns, WIDEST)
    scene = scene_of([vertices for vertices, _ in shapes], view=view, up=up)
    stills = [_still(scene, *shape, name, side) for shape, name in zip(shapes, names, strict=True)]
    if turns:
        sent = [_payload(scene, *shape, name) for shape, name in zip(shapes, names, strict=True)]
        return turning(
            stills, sent, titles=titles, columns=columns, view=view, side=side, alt=alt, caption=caption
        )
    cells = []
    for i, still in enumerate(stills):
        tag = still.tag(alt_of(i, n, titles, alt))
        cells.append((title_html(titles[i]) if titles is not None else "") + tag)
    return Figure(figure_html(row_html(cells, columns), caption), alt)


def _mesh(mesh: Any, name: str) -> tuple[np.ndarray, np.ndarray]:
    """vertices (V, 3) and faces (F, 3) of what has them."""
    if not hasattr(mesh, "vertices") or not hasattr(mesh, "faces"):
        raise ValueError(f"{name} must be a mesh with vertices and faces, received {type(mesh).__name__}")
    vertices, faces = arrays.as_points(mesh.vertices, name), arrays.as_array(mesh.faces)
    if vertices.shape[1] != 3 or faces.ndim != 2 or faces.shape[1] != 3 or len(faces) == 0:
        raise ValueError(
            f"{name} must have vertices (V, 3) and at least one face (F, 3), received {vertices.shape} "
            f"and {faces.shape}"
        )
    if faces.min() < 0 or faces.max() >= len(vertices):
        raise ValueError(
            f"{name} must have faces between its {len(vertices)} vertices, received {faces.max():g}"
        )
    return vertices, faces.astype(np.int64)


def _payload(scene: Scene, vertices: np.ndarray, faces: np.ndarray, colour: str) -> dict[str, Any]:
    """What the script needs of one mesh: coordinates as int16, corners of faces as uint16."""
    return {
        "xyz": coordinates(scene, vertices),
        "faces": base64.b64encode(faces.astype("<u2").tobytes()).decode("ascii"),
        "colour": [round(float(c), 3) for c in to_rgb(colour)],
    }


def _still(scene: Scene, vertices: np.ndarray, faces: np.ndarray, colour: str, side: Number) -> Image:
    fig, ax = sheet(side, side, margin=0.05)
    set_paper(ax, scene)
    _paint(ax, scene, vertices, faces, colour)
    return png(fig, box="all", colours=32, density=1.5)


def _paint(
    ax: matplotlib.axes.Axes, scene: Scene, vertices: np.ndarray, faces: np.ndarray, colour: str
) -> None:
    """Triangles from the farthest to the nearest, by Lambert's law."""
    corners = z_up(vertices, scene.up)[faces] @ camera(scene.view).T
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-30)
    normals *= np.where(normals[:, 2:] < 0, -1.0, 1.0)  # towards the eye
    bright = AMBIENT + (1 - AMBIENT) * np.clip(normals @ (LIGHT / np.linalg.norm(LIGHT)), 0, 1)
    order = np.argsort(corners[:, :, 2].mean(1), kind="stable")
    rgb = np.asarray(to_rgb(colour)) * bright[order, None]
    xy = scene.project(vertices).xy[faces[order]]
    # The edges in the colour of the face close the hair lines that antialiasing leaves between triangles.
    ax.add_collection(PolyCollection(list(xy), facecolors=rgb, edgecolors=rgb, linewidths=0.3), autolim=False)
