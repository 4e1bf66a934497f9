"""The surface of a displacement field as a mesh: marching cubes on its norm, and its two sheets told apart."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.sparse.csgraph import connected_components
from skimage import measure
from torch import Tensor

from pcl_lib._checks import check_integer, check_option, check_positive
from pcl_lib.models._coarse_to_fine import known, refined
from pcl_lib.models._field_values import PIECE, Field, field_at
from pcl_lib.neighbors import nearest


class LevelSet(NamedTuple):
    """A triangle mesh of norm(y) = level, and what it cost.

    `vertices` (V, 3) and `faces` (F, 3), counter-clockwise as seen from where the norm is larger; `outer` (F,): whether
    a face is of the sheet that can be reached from the corner of the box; `level`; `cell`: the side of a grid cell;
    `evaluations` of the field, and `dense`, how many the whole grid would take.
    """

    vertices: Float[Tensor, "v 3"]
    faces: Int64[Tensor, "f 3"]
    outer: Bool[Tensor, " f"]
    level: float
    cell: float
    evaluations: int
    dense: int

    def sheet(self, which: str) -> LevelSet:
        """The faces of one sheet, "outer" or "inner", with the vertices that they use."""
        check_option("which", which, ("outer", "inner"))
        return self.keep(self.outer if which == "outer" else ~self.outer)

    def keep(self, faces: Bool[Tensor, " f"]) -> LevelSet:
        """Some of the faces, with the vertices that they use."""
        used, index = torch.unique(self.faces[faces], return_inverse=True)
        return self._replace(
            vertices=self.vertices[used], faces=index.reshape(-1, 3), outer=self.outer[faces]
        )

    def thickness(self) -> float:
        """The median distance of a vertex of the inner sheet from the outer sheet: about 2 level.

        NaN where one of them is missing. An open surface has no inner sheet, and a closed one none where it is thinner
        than 2 level.
        """
        outer, inner = (self.sheet(which).vertices for which in ("outer", "inner"))
        if len(outer) == 0 or len(inner) == 0:
            return float("nan")
        return float(nearest(inner, outer).sq_dist.sqrt().median())


def level_set(
    field: Field,
    *,
    resolution: int = 128,
    box: tuple[float, float] = (-1.5, 1.5),
    level: float | None = None,
    thin: bool = False,
    coarsest: int = 16,
    margin: float = 1.0,
    piece: int = PIECE,
    device: torch.device | str = "cpu",
) -> LevelSet:
    r"""The surface where the displacement y has the norm delta, by marching cubes, refined from coarse to fine.

    .. math:: \{ x : \lVert y(x) \rVert = \delta \}, \qquad y = \sigma^2 \nabla \log Q_\sigma

    The level set of a norm is a shell: two sheets, one on each side of the shape, 2 delta apart. The outer sheet is
    the border of what can be reached from the corner of the box; `sheet` gives one, `thickness` the distance between
    them, and `middle_sheet` moves a sheet to where both should be. A cell of the grid is refined at the corners that
    have a norm below delta plus half its diagonal (MISE refines where signs differ, and would lose a shell thinner than
    a cell). Where a surface leaves the refined cells it is followed.

    - `box`, `resolution`: the cube's lower and upper end, and the cells of a side, `coarsest` times a power of 2;
    - `level`: delta, by default 1.5 cells. The paper's 0.005 is for `ray_cast`; below one cell marching cubes finds
      holes or nothing;
    - `thin`: take such a level, to see that;
    - `coarsest`: cells of a side to begin with;
    - `margin`: factor of half the diagonal, above 1 for a field whose norm rises faster than a distance, such as that
      of a network may;
    - `piece`, `device`: points that the field is given at once, and where they are made.

    Near the medial axis of a shape the norm is small too: `without_false_sheets`. No gradient.

    Shapes: `field` takes (N, 3) float32 to (N, 3). Unit: length. Cost: about (area of the shape) x (2 delta + 3 cells)
    / cell^3 evaluations in place of (resolution + 1)^3; memory of the grid, 8 MB at 128 and 64 MB at 256.
    Errors: `ValueError` for a resolution that `coarsest` does not fit, a level below one cell, a box that the shape is
    not in or sticks out of, and a field that is not finite. References: cai2020shapegf, mescheder2019occupancy.

    >>> ball = lambda x: torch.nn.functional.normalize(x + 1e-7, dim=-1) - x  # displacement to the unit sphere
    >>> shell = level_set(ball, resolution=64)
    >>> round(shell.level, 4), round(shell.thickness(), 2), shell.dense // shell.evaluations
    (0.0703, 0.14, 5)
    """
    check_integer("resolution", resolution, 1)
    check_integer("coarsest", coarsest, 1)
    halvings = resolution // coarsest
    if resolution % coarsest or halvings & (halvings - 1):
        raise ValueError(
            f"resolution must be coarsest = {coarsest} times a power of 2, received {resolution}; "
            f"take {coarsest}, {2 * coarsest}, {4 * coarsest} .."
        )
    low, high = box
    check_positive("the side of box", high - low)
    cell = (high - low) / resolution
    level = 1.5 * cell if level is None else level
    check_positive("level", level)
    check_positive("margin", margin)
    if level < cell and not thin:
        raise ValueError(
            f"level must be at least one grid cell, {cell:.4g}, received {level!r}: the shell is 2 level thick, and "
            "marching cubes finds holes in it or nothing; raise level or resolution, or take ray_cast, whose level "
            "may be as small as you like"
        )
    values, evaluations = refined(
        field, resolution, low=low, cell=cell, level=level, coarsest=coarsest, margin=margin, piece=piece, device=device
    )  # fmt: skip
    _check_inside(values, level, box)
    vertices, faces = _marched(values, level, cell)
    outer = _is_outer(values, level, vertices / cell, faces)
    return LevelSet(
        torch.from_numpy((vertices + low).astype(np.float32)).to(device),
        torch.from_numpy(faces).to(device),
        torch.from_numpy(outer).to(device),
        level,
        cell,
        evaluations,
        (resolution + 1) ** 3,
    )


def _check_inside(values: NDArray, level: float, box: tuple[float, float]) -> None:
    if not (values < level).any():
        raise ValueError(
            f"box must hold the shape, received {box}, where no point of the grid has a norm below the level "
            f"{level:.4g}; the smallest is {values.min():.4g}. Is the shape elsewhere, or the level too small for "
            "the grid?"
        )
    sides = [np.moveaxis(values, axis, 0)[end] for axis in range(3) for end in (0, -1)]
    if min(float(side.min()) for side in sides) < level:
        raise ValueError(
            f"box must hold the shape with its shell, received {box}, on whose border the norm is below the level "
            f"{level:.4g}; take a larger box"
        )


def _marched(values: NDArray, level: float, cell: float) -> tuple[NDArray, NDArray]:
    """vertices (V, 3) from the corner of the box on, faces (F, 3)."""
    cells = known(values)
    # scikit-image asks at the far corner of a cell whether it is wanted.
    mask = np.zeros(values.shape, bool)
    mask[1:, 1:, 1:] = cells
    filled = np.where(np.isinf(values), np.float32(level + 10 * cell), values)
    vertices, faces, _, _ = measure.marching_cubes(
        filled, level, spacing=(cell,) * 3, gradient_direction="descent", mask=mask
    )
    return vertices.astype(np.float64), faces.astype(np.int64)


def _is_outer(values: NDArray, level: float, vertices: NDArray, faces: NDArray) -> NDArray[np.bool_]:
    """For each face whether its connected piece of surface borders what is reached from the corner of the box.

    A piece borders one region of larger norm. Vertices (in cells) lie on edges of the grid; the region of one is that
    of the end with the larger norm, and a piece goes with most of its vertices.
    """
    regions, _ = ndimage.label(values > level)
    outside = regions == regions[0, 0, 0]
    ends = [
        np.clip(f(vertices - shift).astype(np.int64), 0, np.array(values.shape) - 1)
        for f, shift in ((np.floor, -1e-6), (np.ceil, 1e-6))
    ]
    at = [tuple(end.T) for end in ends]
    larger = values[at[0]] > values[at[1]]
    reached = np.where(larger, outside[at[0]], outside[at[1]])
    n = len(vertices)
    edges = sparse.coo_matrix(
        (np.ones(2 * len(faces), bool), (faces[:, [0, 1]].ravel(), faces[:, [1, 2]].ravel())), shape=(n, n)
    )
    pieces, piece = connected_components(edges, directed=False)
    share = np.bincount(piece, reached, pieces) / np.bincount(piece, minlength=pieces)
    return share[piece[faces[:, 0]]] > 0.5


def middle_sheet(field: Field, surface: LevelSet, *, steps: int = 1, piece: int = PIECE) -> LevelSet:
    """A sheet moved to the middle of the shell: each vertex x goes to x + y(x), which is on the shape.

    - `steps`: how often;
    - `piece`: points that the field is given at once.

    Give it one sheet, for both would come to lie on each other, and that `without_false_sheets`: where two sides of a
    shape are equally near, y jumps, and a face there would be stretched from one side to the other. `evaluations`
    counts the new ones too.
    Errors: `ValueError` for no step, and a field that is not finite.

    >>> ball = lambda x: torch.nn.functional.normalize(x + 1e-7, dim=-1) - x
    >>> outer = level_set(ball, resolution=32).sheet("outer")
    >>> [round(s.vertices.norm(dim=-1).mean().item(), 2) for s in (outer, middle_sheet(ball, outer))]
    [1.14, 1.0]
    """
    check_integer("steps", steps, 1)
    x = surface.vertices
    for _ in range(steps):
        x = x + field_at(field, x, piece=piece)
    return surface._replace(vertices=x, evaluations=surface.evaluations + steps * len(x))
