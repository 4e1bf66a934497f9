"""Points on a lattice of cubic cells, and the cells in Morton order (the bits of x, y and z interleaved)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

DEEPEST = 20  # bits of a coordinate: three of them fit an int64, and a step is a millionth of the side


class Lattice(NamedTuple):
    """Cell k lies at origin + k step, a number that every machine computes alike."""

    origin: np.ndarray  # (3,) float64
    step: float  # 0 if there is one cell alone

    def points(self, cells: np.ndarray) -> np.ndarray:
        return self.origin + cells * self.step


def longest_side(points: np.ndarray) -> float:
    """The longest side of the bounding box of points (n, 3)."""
    return float((points.max(0) - points.min(0)).max())


def interleave(cells: np.ndarray) -> np.ndarray:
    """Morton codes (n,) of cells (n, 3), each coordinate below 2^20; x has the highest bit of a triple."""
    return (_spread(cells[:, 0]) << 2) | (_spread(cells[:, 1]) << 1) | _spread(cells[:, 2])


def separate(codes: np.ndarray) -> np.ndarray:
    """The cells (n, 3) of Morton codes (n,)."""
    return np.stack([_gather(codes >> 2), _gather(codes >> 1), _gather(codes)], axis=1)


# Where the bits of a number of 21 bits stand while it is spread to every third place, in five halvings.
_STAGES = (
    (32, 0x1F00000000FFFF),
    (16, 0x1F0000FF0000FF),
    (8, 0x100F00F00F00F00F),
    (4, 0x10C30C30C30C30C3),
    (2, 0x1249249249249249),
)


def _spread(values: np.ndarray) -> np.ndarray:
    for shift, mask in _STAGES:
        values = (values | (values << shift)) & mask
    return values


def _gather(values: np.ndarray) -> np.ndarray:
    values = values & _STAGES[-1][1]
    for (shift, _), mask in zip(_STAGES[::-1], (*(m for _, m in _STAGES[-2::-1]), 0x1FFFFF), strict=True):
        values = (values | (values >> shift)) & mask
    return values
