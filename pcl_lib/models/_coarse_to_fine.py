"""Norms of a displacement field on a grid, computed only near the level: MISE, refined by value."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from pcl_lib.models._field_values import Field, field_at

CORNERS = np.array([(i, j, k) for i in (0, 1) for j in (0, 1) for k in (0, 1)])


class Grid(NamedTuple):
    """values (R + 1)^3 of the norm, float32, inf where it was not computed; the number of evaluations."""

    values: NDArray[np.float32]
    evaluations: int


def refined(
    field: Field,
    resolution: int,
    *,
    low: float,
    cell: float,
    level: float,
    coarsest: int,
    margin: float,
    piece: int,
    device: torch.device | str,
) -> Grid:
    """The norm at the corners of all cells of a grid of `resolution`^3 that the surface norm = `level` can pass.

    From `coarsest`^3 cells on, of the eight parts of a cell those are taken at whose corner of the cell the norm is
    below `level` plus `margin` times half the diagonal of the cell: a distance to a shape is nowhere in the other parts
    as small as `level`. Signs at the corners would not do: the whole shell of thickness 2 `level` fits between them.
    """
    grid = _Evaluated(field, resolution, low, cell, piece, device)
    stride = resolution // coarsest
    cells = stride * np.stack(np.unravel_index(np.arange(coarsest**3), (coarsest,) * 3), -1)
    norms = grid.at(cells[:, None] + stride * CORNERS)
    while stride > 1:
        near = norms < level + margin * stride * cell * math.sqrt(3) / 2
        stride //= 2
        parts, own = (cells[:, None] + stride * CORNERS)[near], norms[near]
        # No point of a cube of side 1 is farther than sqrt(5) / 2 from the nearer one of two opposite corners: that
        # which a part has from its cell, and the middle of the cell.
        middle = grid.at((cells + stride)[near.any(1)])[(np.cumsum(near.any(1)) - 1)[np.nonzero(near)[0]]]
        cells = parts[np.minimum(own, middle) < level + margin * stride * cell * math.sqrt(5) / 2]
        norms = grid.at(cells[:, None] + stride * CORNERS)
    # Where the norm falls faster than a distance the surface may leave the refined cells: follow it.
    while len(rest := _left_out(grid.values, level)):
        grid.at(rest[:, None] + CORNERS)
    return Grid(grid.values, grid.evaluations)


class _Evaluated:
    """The values of the grid, each computed when it is first asked for."""

    def __init__(
        self, field: Field, resolution: int, low: float, cell: float, piece: int, device: torch.device | str
    ) -> None:
        self.field, self.low, self.cell, self.piece, self.device = field, low, cell, piece, device
        self.values = np.full((resolution + 1,) * 3, np.inf, np.float32)
        self.evaluations = 0

    def at(self, corners: NDArray) -> NDArray[np.float32]:
        """The norms (..) at corners (.., 3) of cells."""
        flat = np.ravel_multi_index(tuple(np.moveaxis(corners, -1, 0)), self.values.shape)
        values = self.values.reshape(-1)
        new = np.unique(flat[np.isinf(values[flat])])
        if len(new):
            index = np.stack(np.unravel_index(new, self.values.shape), -1)
            points = torch.from_numpy((self.low + self.cell * index).astype(np.float32)).to(self.device)
            values[new] = field_at(self.field, points, piece=self.piece).norm(dim=-1).cpu().float().numpy()
            self.evaluations += len(new)
        found: NDArray[np.float32] = values[flat]
        return found


def known(values: NDArray[np.float32]) -> NDArray[np.bool_]:
    """The cells (R, R, R) all corners of which were computed."""
    return _of_corners(np.isfinite(values), np.logical_and)


def _left_out(values: NDArray[np.float32], level: float) -> NDArray:
    """The cells (C, 3) that the surface enters and that are not known in all corners."""
    return np.argwhere(_of_corners(values < level, np.logical_or) & ~known(values))


def _of_corners(flags: NDArray[np.bool_], join: np.ufunc) -> NDArray[np.bool_]:
    """Flags of corners (R + 1)^3 joined to flags of cells R^3, one axis after the other."""
    for axis in range(3):
        front = [slice(None)] * 3
        back = [slice(None)] * 3
        front[axis], back[axis] = slice(1, None), slice(None, -1)
        flags = join(flags[tuple(front)], flags[tuple(back)])
    return flags
