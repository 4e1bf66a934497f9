"""Which centres a block of queries is compared with, and in which precision: all of them, or those that count."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor

from pcl_lib.neighbors import _kdtree as kdtree

# Entries of one matrix of weights: on a CPU it should stay in the cache, on a GPU fill the machine.
_BLOCK = {"cpu": 1 << 18, "cuda": 1 << 25}
# Squared width of a block, in units of sigma, up to which float32 keeps the weights to a few 1e-6.
NARROW = 64.0
_LEAF = 64


class Block(NamedTuple):
    """Queries `rows` and centres `columns` of the clouds `clouds`; `wide`: to be computed in float64."""

    clouds: slice
    rows: slice
    columns: slice | Tensor
    wide: bool

    def take(self, x: Tensor, y: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        near, far = x[self.clouds, self.rows], y[self.clouds, self.columns]
        if self.wide:
            near, far = near.double(), far.double()
        return near, far, sigma[self.clouds].to(near.dtype)

    def add(self, total: Tensor, part: Tensor) -> None:
        if isinstance(self.columns, slice):
            total[self.clouds, self.columns] += part
        else:
            total[self.clouds].index_add_(1, self.columns, part)


class Plan(NamedTuple):
    """All queries, each in one of the parts, of which `block` makes blocks; and the order (B, N) that queries and
    centres are to be brought into first, where there is one."""

    parts: Sequence[Any]
    block: Callable[[Any], Block]
    order_x: Tensor | None = None
    order_y: Tensor | None = None


def dense(x: Tensor, y: Tensor, widths: list[float]) -> Plan:
    """All centres for every query."""
    (clouds, n, _), m = x.shape, y.shape[1]
    entries = max(1, _BLOCK.get(x.device.type, 1 << 22) // m)
    step = min(n, max(8, entries))
    several = max(1, entries // n) if x.device.type != "cpu" else 1
    if x.device.type == "cpu":
        low = torch.minimum(x.amin(1), y.amin(1))
        high = torch.maximum(x.amax(1), y.amax(1))
        wide = [
            reach > NARROW * width**2
            for reach, width in zip((high - low).square().sum(-1).tolist(), widths, strict=True)
        ]
    else:
        # In float64 always: no setting of torch shortens its products, as it may those of float32.
        wide = [True] * clouds
    blocks = [
        Block(slice(b, min(b + several, clouds)), slice(start, min(start + step, n)), slice(None), wide[b])
        for b in range(0, clouds, several)
        for start in range(0, n, step)
    ]
    return Plan(blocks, lambda block: block)


def truncated(x: Tensor, y: Tensor, widths: list[float], tolerance: float) -> Plan:
    """For each query the centres within r, and some beyond it, with r^2 = r_min^2 + 2 sigma^2 log(M / tolerance).

    Each centre farther than r weighs less than tolerance / M of the nearest, at r_min: all of them, less than
    tolerance. Queries and centres come in the leaves of a k-d tree, and a leaf of centres counts as a whole.
    """
    index = kdtree.search(x, y, 1)[..., 0]
    clouds_x, clouds_y = kdtree.array(x), kdtree.array(y)
    leaves_x, leaves_y = [_leaves(cloud) for cloud in clouds_x], [_leaves(cloud) for cloud in clouds_y]
    within, wide = [], []
    for b, width in enumerate(widths):
        gap = clouds_x[b].astype(np.float64) - clouds_y[b][index[b].numpy()]
        sq_least = np.maximum.reduceat(np.square(gap).sum(1)[leaves_x[b].order], leaves_x[b].starts)
        within.append(sq_least + 2 * width**2 * math.log(y.shape[1] / tolerance))
        half = np.linalg.norm(leaves_x[b].high - leaves_x[b].low, axis=1) / 2
        wide.append(np.square(half + np.sqrt(sq_least)) > NARROW * width**2)

    def block(part: tuple[int, int]) -> Block:
        b, leaf = part
        queries, centres = leaves_x[b], leaves_y[b]
        gap = np.maximum(centres.low - queries.high[leaf], queries.low[leaf] - centres.high).clip(min=0)
        chosen = np.flatnonzero(np.square(gap).sum(1) <= within[b][leaf])
        columns: slice | Tensor = slice(None)
        if len(chosen) < len(centres.starts):
            columns = torch.from_numpy(centres.points_of(chosen))
        rows = slice(int(queries.starts[leaf]), int(queries.ends[leaf]))
        return Block(slice(b, b + 1), rows, columns, bool(wide[b][leaf]))

    parts = [(b, leaf) for b in range(len(x)) for leaf in range(len(leaves_x[b].starts))]
    orders = (
        torch.from_numpy(np.stack([leaves.order for leaves in every])) for every in (leaves_x, leaves_y)
    )
    return Plan(parts, block, *orders)


class _Leaves(NamedTuple):
    """The order (N,) in which points of a leaf lie side by side, where each begins and ends, and its box."""

    order: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def points_of(self, chosen: np.ndarray) -> np.ndarray:
        """The places, in this order, of the points of the chosen leaves."""
        sizes = self.ends[chosen] - self.starts[chosen]
        first = np.repeat(self.starts[chosen] - np.concatenate([[0], sizes.cumsum()[:-1]]), sizes)
        return first + np.arange(len(first))


def _leaves(points: np.ndarray) -> _Leaves:
    tree = cKDTree(points, leafsize=_LEAF)
    cuts, nodes = [0], [tree.tree]
    while nodes:
        node = nodes.pop()
        if node.lesser is None:
            # Many copies of one point make one large leaf.
            cuts += [*range(node.start_idx + 2 * _LEAF, node.end_idx, 2 * _LEAF), node.end_idx]
        else:
            nodes += [node.greater, node.lesser]
    bounds, ordered = np.array(cuts), points[tree.indices].astype(np.float64)
    starts = bounds[:-1]
    low, high = np.minimum.reduceat(ordered, starts), np.maximum.reduceat(ordered, starts)
    return _Leaves(tree.indices, starts, bounds[1:], low, high)
