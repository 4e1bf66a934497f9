"""Order points along a space-filling curve, so that points close in space are close in memory."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

# Smaller clouds fit in the cache whatever their order.
MIN_POINTS = 1024
# What numpy sorts digit by digit, in linear time. The cells of longer keys are finer and not worth their sort: the tree
# looks at the points of a cell together anyway.
_KEY_BITS = 16


def along_curve(clouds: np.ndarray, smallest: int = MIN_POINTS) -> np.ndarray | None:
    """Order (B, N) of the points of each cloud (B, N, D) along the Z-curve, or None where sorting would bring nothing:
    below `smallest` points, in high dimension.

    A kd-tree of sorted points, asked for sorted queries, walks nearly the same path for one query as for the last:
    its branches are predicted and its leaves are in the cache. At a million points that is four times faster.
    """
    _, n, dim = clouds.shape
    if n < smallest or dim > _KEY_BITS:
        return None
    low = clouds.min((1, 2), keepdims=True)
    extent = clouds.max((1, 2), keepdims=True) - low
    bits = _KEY_BITS // dim
    # Just under 2**bits, so that rounding cannot reach it. A cloud in one place keeps its order: its keys are 0.
    scale = (2**bits - 0.1) / np.where(extent < 1e-30, np.inf, extent)
    cell = ((clouds - low) * scale.astype(clouds.dtype)).astype(np.uint16)
    spread = _spread_bits(bits, dim).take(cell)
    key = spread[..., 0].copy()
    for axis in range(1, dim):
        key |= spread[..., axis] << axis
    return key.argsort(-1, kind="stable")


@lru_cache(maxsize=16)
def _spread_bits(bits: int, dim: int) -> np.ndarray:
    """For each number below 2**bits: its bits with dim - 1 gaps between them."""
    number = np.arange(2**bits, dtype=np.int64)
    table = np.zeros_like(number)
    for bit in range(bits):
        table |= ((number >> bit) & 1) << (bit * dim)
    return table.astype(np.uint16)
