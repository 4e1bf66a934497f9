"""Farthest points of clouds on the CPU, compiled: buckets of near points, most of which a step can leave alone.

The idea is that of QuickFPS (Han et al. 2023). A step changes the gap of a point, its distance to the nearest chosen
one, only where the new point is nearer than that gap. So a bucket is passed over where its box is as far from the new
point as its largest gap. That costs no digit: a difference, a square and a sum of squares in fixed order never grow by
rounding where their exact values do not, so no point of the box is nearer than the box *as computed*. The choices are
those of the plain loop, bit for bit.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from pcl_lib.neighbors._space_filling_curve import along_curve

# Points of a bucket: smaller ones are passed over more often, but there are more to look at in each step.
SIZE, SIZE_OF_LARGE, LARGE = 64, 256, 2**15
# From so many choices of so many points on, the sort that brings near points together is worth its time.
SORT_FROM_CHOICES, SORT_FROM_POINTS = 64, 256


def _compiled(function: Callable) -> Callable:
    """`function` as machine code that holds no lock of Python, kept on disk where there is a place to write."""
    # What checks types in tests wraps the function; numba needs the function itself.
    plain = inspect.unwrap(function)
    # No sum is reordered or contracted. But there is no nan and no -0, so that a maximum takes several gaps at a time.
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": {"nnan", "nsz"}}
    try:
        return numba.njit(cache=True, **options)(plain)
    except RuntimeError:  # "cannot cache function: no locator available"
        return numba.njit(**options)(plain)


def choose(clouds: np.ndarray, m: int, start: int) -> np.ndarray:
    """Index (B, m) of the points of clouds (B, N, D) that the greedy rule chooses, `start` first."""
    n = clouds.shape[1]
    size = min(SIZE if n < LARGE else SIZE_OF_LARGE, n)
    names = np.stack([_in_buckets(points, m, size) for points in clouds])
    chosen = np.full((len(clouds), m), start, dtype=np.int64)
    _choose_of_each(clouds, names, chosen)
    return chosen


def _in_buckets(points: np.ndarray, m: int, size: int) -> np.ndarray:
    """The points of a cloud by their index, (buckets, size), near ones together; the last one fills the last bucket."""
    orders = along_curve(points[None], SORT_FROM_POINTS) if m >= SORT_FROM_CHOICES else None
    order = np.arange(len(points)) if orders is None else orders[0]
    whole = len(order) - len(order) % size
    order[:whole].reshape(-1, size).sort(1)  # of equal gaps in a bucket, the first is that of the least index
    order[whole:].sort()
    return np.concatenate([order, np.full(-len(order) % size, order[-1])]).reshape(-1, size)


@_compiled
def _choose_of_one(points: np.ndarray, names: np.ndarray, chosen: np.ndarray) -> None:
    n, dims = points.shape
    buckets, size = names.shape
    axes = np.empty((buckets, dims, size), points.dtype)
    low = np.empty((dims, buckets), points.dtype)
    high = np.empty((dims, buckets), points.dtype)
    gap = np.empty((buckets, size), points.dtype)
    place = 0
    for b in range(buckets):
        for d in range(dims):
            low[d, b] = high[d, b] = points[names[b, 0], d]
        for i in range(size):
            filled = b * size + i < n
            gap[b, i] = np.inf if filled else -1  # what fills the last bucket is never chosen
            if filled and names[b, i] == chosen[0]:
                place = b * size + i
            for d in range(dims):
                here = points[names[b, i], d]
                axes[b, d, i] = here
                low[d, b] = min(low[d, b], here)
                high[d, b] = max(high[d, b], here)
    zero = points.dtype.type(0)
    peak = np.full(buckets, np.inf, points.dtype)  # the largest gap of each bucket, and where it is
    top = np.zeros(buckets, np.int64)
    room = np.empty(buckets, points.dtype)
    square = np.empty(size, points.dtype)
    for t in range(1, len(chosen)):
        home, inside = place // size, place % size
        room[:] = 0
        for d in range(dims):
            centre, lows, highs = axes[home, d, inside], low[d], high[d]
            for b in range(buckets):
                away = max(max(lows[b] - centre, centre - highs[b]), zero)
                room[b] += away * away
        for b in range(buckets):
            if room[b] >= peak[b] and b != home:
                continue
            square[:] = 0
            for d in range(dims):
                centre, row = axes[home, d, inside], axes[b, d]
                for i in range(size):
                    away = row[i] - centre
                    square[i] += away * away
            gaps = gap[b]
            for i in range(size):
                gaps[i] = min(gaps[i], square[i])
            if b == home:
                gaps[inside] = -1  # never again, not even where all others are copies of chosen points
            most = gaps[0]
            for i in range(size):
                most = max(most, gaps[i])
            first = 0
            while gaps[first] != most:
                first += 1
            peak[b] = most
            top[b] = first
        most = peak[0]
        for b in range(buckets):
            most = max(most, peak[b])
        least = np.int64(-1)
        for b in range(buckets):
            if peak[b] == most and (least < 0 or names[b, top[b]] < least):
                least = names[b, top[b]]
                place = b * size + top[b]
        chosen[t] = least


@_compiled
def _choose_of_each(clouds: np.ndarray, names: np.ndarray, chosen: np.ndarray) -> None:
    """Fill `chosen` (B, m) from its second column on, for clouds (B, N, D) and `names` (B, buckets, size)."""
    for c in range(len(clouds)):
        _choose_of_one(clouds[c], names[c], chosen[c])
