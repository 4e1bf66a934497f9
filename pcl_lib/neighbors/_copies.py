"""Many copies of one point, such as padding: no tree can split them, so nobody should search among them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

# Fewer copies than this cost a tree nothing worth speaking of: about two of its leaves.
_MANY = 32
# Smaller clouds can be searched one by one.
_MIN_POINTS = 1024


class Copies(NamedTuple):
    """Of each of N points: `rank` (N,), how many copies of it come before it, and `place` (N,), which of the U
    distinct points it is; `first` (U,), where each distinct point is seen first, ascending."""

    rank: np.ndarray
    place: np.ndarray
    first: np.ndarray


def may_have_copies(clouds: np.ndarray) -> np.ndarray:
    """Whether so many neighbours in memory are equal, (B,) for clouds (B, N, D), as copies are along the curve."""
    b, n, dim = clouds.shape
    if n < _MIN_POINTS:
        return np.zeros(b, dtype=bool)
    equal = clouds[:, 1:, 0] == clouds[:, :-1, 0]
    for axis in range(1, dim):
        equal &= clouds[:, 1:, axis] == clouds[:, :-1, axis]
    return np.count_nonzero(equal, axis=1) >= _MANY // 2 + n // 1000


def find_copies(points: np.ndarray) -> Copies | None:
    """The copies among `points` (N, D), or None where no point has many. Cost: O(N D), and a sort if there are some."""
    if not may_have_copies(points[None])[0]:
        return None
    n = len(points)
    # Two points of one hash could tear a run of copies in two. That is slower and not wrong: what counts as a copy is
    # decided by the coordinates.
    order = np.argsort(_hash(points), kind="stable")
    row = points.take(order, axis=0)
    is_new = np.ones(n, dtype=bool)
    is_new[1:] = (row[1:] != row[:-1]).any(1)
    start = np.flatnonzero(is_new)
    run = np.cumsum(is_new) - 1
    rank = np.empty(n, dtype=np.int64)
    rank[order] = np.arange(n) - start[run]
    if rank.max() < _MANY:
        return None
    seen_at = np.empty(n, dtype=np.int64)
    seen_at[order] = order[start][run]
    return Copies(rank, (np.cumsum(rank == 0) - 1)[seen_at], np.flatnonzero(rank == 0))


def _hash(points: np.ndarray) -> np.ndarray:
    bits = (points + 0.0).view(
        np.uint32 if points.dtype.itemsize == 4 else np.uint64
    )  # + 0: -0 and 0 are one number
    key = np.zeros(len(points), dtype=np.uint64)
    for axis in range(points.shape[1]):
        key ^= bits[:, axis].astype(np.uint64)
        key *= np.uint64(0x9E3779B97F4A7C15)
        key ^= key >> np.uint64(32)
    return key
