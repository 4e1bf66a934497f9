"""A cloud cut into cubes of a few thousand points each, none of them dropped."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pcl_lib.codec._adaptive import AdaptiveReader, AdaptiveWriter
from pcl_lib.codec._cells import interleave, longest_side, separate
from pcl_lib.codec._errors import CodecError

DEEPEST_CUBE = 16  # halvings of the bounding cube


class Cubes(NamedTuple):
    """Which cubes there are: the bounding cube halved `levels` times, and which of its parts."""

    origin: np.ndarray  # (3,) the lowest corner of the bounding cube, float64
    side: float
    levels: np.ndarray  # (P,) in rising order
    codes: np.ndarray  # (P,) Morton codes at the level, rising within one

    def halves(self) -> np.ndarray:
        """Half the side of each cube (P,)."""
        return self.side / 2.0 ** (self.levels + 1)

    def centres(self) -> np.ndarray:
        """The centre of each cube (P, 3)."""
        return self.origin + (separate(self.codes) * 2 + 1) * self.halves()[:, None]


def cut(points: np.ndarray, *, smallest: int, largest: int) -> tuple[Cubes, list[np.ndarray], np.ndarray]:
    """Cubes that hold from `smallest` to `largest` points, the rows of each, and the rows of all other points.

    The bounding cube is halved along each axis, and again, until no part holds more than `largest`. What is left
    over are the points of parts with fewer than `smallest`, and those of places that no halving takes apart.
    """
    origin, side = points.min(0), longest_side(points)
    cubes: list[tuple[int, int]] = []
    rows: list[np.ndarray] = []
    rest: list[np.ndarray] = []
    waiting = np.arange(len(points))
    for level in range(DEEPEST_CUBE + 1):
        cells = np.zeros((len(waiting), 3), np.int64)
        if side > 0:
            cells = np.floor((points[waiting] - origin) / (side / 2**level)).astype(np.int64)
        codes = interleave(np.clip(cells, 0, 2**level - 1))
        order = np.argsort(codes, kind="stable")
        found, first = np.unique(codes[order], return_index=True)
        still = []
        for code, part in zip(found, np.split(waiting[order], first[1:]), strict=True):
            if len(part) < smallest:
                rest.append(part)
            elif len(part) <= largest:
                cubes.append((level, int(code)))
                rows.append(part)
            else:
                still.append(part)
        if not still or side == 0:
            rest += still
            break
        waiting = np.concatenate(still)
    else:
        rest += still
    levels, codes = np.array(cubes, dtype=np.int64).reshape(-1, 2).T
    left = np.concatenate(rest) if rest else np.zeros(0, np.int64)
    return Cubes(origin, side, levels, codes), rows, left


def encode_cubes(cubes: Cubes, latents: np.ndarray) -> bytes:
    """The stream of which cubes there are, and of a positive number for each (P,)."""
    writer = AdaptiveWriter()
    none = np.zeros(len(latents), np.int64)
    writer.integers(np.diff(cubes.levels, prepend=0), none, 1)
    new = np.diff(cubes.levels, prepend=-1) > 0
    writer.integers(np.where(new, cubes.codes, np.diff(cubes.codes, prepend=0)), none, 1)
    writer.integers(latents, none, 1)
    return writer.data()


def decode_cubes(
    stream: bytes, origin: np.ndarray, side: float, count: int, most: int
) -> tuple[Cubes, np.ndarray]:
    """The cubes of a stream and the number of each, from 1 to `most`."""
    reader = AdaptiveReader(stream)
    none = np.zeros(count, np.int64)
    levels = _summed(reader.integers(none, 1), DEEPEST_CUBE + 1)
    steps = reader.integers(none, 1)
    latents = reader.integers(none, 1)
    reader.finish()
    codes = np.empty(count, np.int64)
    for level in np.unique(levels):
        here = levels == level
        codes[here] = _summed(steps[here], 1 << (3 * int(level)))
    if (latents < 1).any() or (latents > most).any():
        raise CodecError(f"damaged: a patch has {latents.max()} latent points, more than {most}, or none")
    return Cubes(origin, side, levels, codes), latents


def _summed(steps: np.ndarray, below: int) -> np.ndarray:
    """Running sums, all of them below a bound: as floats first, since hostile steps may leave the range of int64."""
    if float(steps.astype(np.float64).sum()) >= below:
        raise CodecError("damaged: a patch lies outside of its cloud")
    return np.cumsum(steps)
