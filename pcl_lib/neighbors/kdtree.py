"""Nearest neighbours on the CPU by a kd-tree (pykdtree)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from pykdtree.kdtree import KDTree
from scipy.spatial import cKDTree
from torch import Tensor

from pcl_lib.neighbors.curve import along_curve

MAX_DIM = 127  # pykdtree counts axes in a signed byte


# pykdtree keeps the k best in a sorted list, O(k) to insert into; scipy in a heap, O(log k), which pays from here.
_LIST_MAX_K = 128


class _Sorted(NamedTuple):
    """A cloud (N, D) along the space-filling curve, and where each point came from (None: as given)."""

    points: np.ndarray
    order: np.ndarray | None


def check(x: Tensor) -> None:
    """Raise `ValueError` when a kd-tree cannot answer for clouds like `x`."""
    if x.device.type != "cpu":
        raise ValueError(
            f'backend="kdtree" runs on the CPU, received clouds on {x.device}; use backend="auto", or .cpu() first'
        )
    if x.shape[-1] > MAX_DIM:
        raise ValueError(
            f'backend="kdtree" takes at most D = {MAX_DIM}, received D = {x.shape[-1]}; use backend="dense"'
        )


def array(clouds: Tensor) -> np.ndarray:
    """The same memory as numpy sees it, contiguous as pykdtree needs it."""
    return clouds.contiguous().numpy()


def search(x: Tensor, y: Tensor, k: int) -> Tensor:
    """Index (B, N, k) of the k nearest points of y (B, M, D) to each of x (B, N, D), nearest first."""
    index = []
    for queries, targets in zip(array(x), array(y), strict=True):
        planted = _sort(targets)
        tree = (KDTree if k <= _LIST_MAX_K else cKDTree)(planted.points)
        index.append(_ask(tree, planted, _sort(queries), k).reshape(-1, k))
    return _stack(index)


def search_each_way(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Index (B, N, 1) of the nearest point of y to each of x, and (B, M, 1) of x to each of y."""
    # One pair after the other: a query already uses every core, and threads around it only fight for them.
    there, back = zip(*(partners(a, b) for a, b in zip(array(x), array(y), strict=True)), strict=True)
    return _stack(there)[..., None], _stack(back)[..., None]


def partners(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Index (N,) of the nearest point of y (M, D) to each of x (N, D), and (M,) of x to each of y."""
    (tree_x, sorted_x), (tree_y, sorted_y) = _plant(x), _plant(y)
    return _ask(tree_y, sorted_y, sorted_x, 1), _ask(tree_x, sorted_x, sorted_y, 1)


def count_within(x: Tensor, y: Tensor, sq_radius: float) -> Tensor:
    """Number (B, N) of points of y at squared distance at most `sq_radius` from each point of x."""
    reach = math.sqrt(sq_radius)
    counts = [
        cKDTree(targets).query_ball_point(queries, reach, return_length=True)
        for queries, targets in zip(array(x), array(y), strict=True)
    ]
    return torch.from_numpy(np.stack(counts).astype(np.int64))


def _plant(points: np.ndarray) -> tuple[KDTree, _Sorted]:
    cloud = _sort(points)
    return KDTree(cloud.points), cloud


def _sort(points: np.ndarray) -> _Sorted:
    order = along_curve(points)
    return _Sorted(points if order is None else points.take(order, axis=0), order)


def _ask(tree: KDTree | cKDTree, targets: _Sorted, queries: _Sorted, k: int) -> np.ndarray:
    """Index, (N, k) or (N,) for k = 1, into the targets as given, for the queries as given."""
    options = {"workers": -1} if isinstance(tree, cKDTree) else {"sqr_dists": True}
    _, found = tree.query(queries.points, k=k, **options)
    index = found.astype(np.int64) if targets.order is None else targets.order.take(found)
    if queries.order is None:
        return index
    as_given = np.empty_like(index)
    as_given[queries.order] = index
    return as_given


def _stack(index: Sequence[np.ndarray]) -> Tensor:
    return torch.from_numpy(index[0][None] if len(index) == 1 else np.stack(index))
