"""Nearest neighbours on the CPU by a kd-tree (pykdtree)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from pykdtree.kdtree import KDTree
from scipy.spatial import cKDTree
from torch import Tensor

from pcl_lib.neighbors._copies import Copies, find_copies
from pcl_lib.neighbors._space_filling_curve import along_curve
from pcl_lib.neighbors._threads import on_threads, one_thread, workers

Done = TypeVar("Done")

MAX_DIM = 127  # pykdtree counts axes in a signed byte


# pykdtree keeps the k best in a sorted list, O(k) to insert into; scipy in a heap, O(log k), which pays from here.
_LIST_MAX_K = 128


class _Cloud(NamedTuple):
    """A cloud (N, D) along the space-filling curve, where each point came from (None: as given), and its copies."""

    points: np.ndarray
    order: np.ndarray | None
    copies: Copies | None


class _Planted(NamedTuple):
    """A tree of points, and the name of each of them in the cloud as given (None: its position)."""

    tree: KDTree | cKDTree
    names: np.ndarray | None


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

    def of_pair(queries: np.ndarray, targets: np.ndarray, threads: int) -> np.ndarray:
        return _ask(_plant(_prepare(targets), k), _prepare(queries), k, threads).reshape(-1, k)

    return _stack(each_pair(of_pair, x, y, x.shape[1]))


def search_each_way(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Index (B, N, 1) of the nearest point of y to each of x, and (B, M, 1) of x to each of y."""
    pairs = each_pair(partners, x, y, x.shape[1] + y.shape[1])
    forward, backward = zip(*pairs, strict=True)
    return _stack(forward)[..., None], _stack(backward)[..., None]


def partners(x: np.ndarray, y: np.ndarray, threads: int) -> tuple[np.ndarray, np.ndarray]:
    """Index (N,) of the nearest point of y (M, D) to each of x (N, D), and (M,) of x to each of y."""
    cloud_x, cloud_y = _prepare(x), _prepare(y)
    tree_x, tree_y = _plant(cloud_x, 1), _plant(cloud_y, 1)
    return _ask(tree_y, cloud_x, 1, threads), _ask(tree_x, cloud_y, 1, threads)


def count_within(x: Tensor, y: Tensor, sq_radius: float) -> Tensor:
    """Number (B, N) of points of y at squared distance at most `sq_radius` from each point of x."""
    reach = math.sqrt(sq_radius)

    def of_pair(queries: np.ndarray, targets: np.ndarray, threads: int) -> np.ndarray:
        tree, copies = cKDTree(targets), find_copies(queries)
        asked = queries if copies is None else queries.take(copies.first, axis=0)
        counts = tree.query_ball_point(asked, reach, return_length=True, workers=threads)
        return (counts if copies is None else counts.take(copies.place)).astype(np.int64)

    return _stack(each_pair(of_pair, x, y, x.shape[1]))


def each_pair(
    function: Callable[[np.ndarray, np.ndarray, int], Done], x: Tensor, y: Tensor, queries: int
) -> list[Done]:
    """`function` of each pair of clouds and of the number of threads that it may take, for so many queries a pair."""
    pairs = list(zip(array(x), array(y), strict=True))
    threads = workers(len(pairs) * queries)
    if len(pairs) < threads:  # too few for a thread each: one after the other, each by several threads
        return [function(*pair, workers(queries)) for pair in pairs]
    return on_threads(lambda pair: function(*pair, 1), pairs, threads)


def _prepare(points: np.ndarray) -> _Cloud:
    order = along_curve(points)
    points = points if order is None else points.take(order, axis=0)
    return _Cloud(points, order, find_copies(points))


def _plant(cloud: _Cloud, k: int) -> _Planted:
    """The tree to ask for k neighbours. Of many copies of one point no more than k can be among them."""
    points, names, copies = cloud
    if copies is not None:
        kept = np.flatnonzero(copies.rank < k)
        points, names = points.take(kept, axis=0), kept if names is None else names.take(kept)
    return _Planted((KDTree if k <= _LIST_MAX_K else cKDTree)(points), names)


def _ask(planted: _Planted, queries: _Cloud, k: int, threads: int) -> np.ndarray:
    """Index, (N, k) or (N,) for k = 1, into the targets as given, for the queries as given."""
    points, order, copies = queries
    if copies is not None:  # ask once for each place
        points = points.take(copies.first, axis=0)
    found = _query(planted.tree, points, k, threads)
    index = found.astype(np.int64) if planted.names is None else planted.names.take(found)
    if copies is not None:
        index = index.take(copies.place, axis=0)
    if order is None:
        return index
    as_given = np.empty_like(index)
    as_given[order] = index
    return as_given


def _query(tree: KDTree | cKDTree, points: np.ndarray, k: int, threads: int) -> np.ndarray:
    if isinstance(tree, cKDTree):
        return tree.query(points, k=k, workers=threads)[1]

    def part(queries: np.ndarray) -> np.ndarray:
        with one_thread():
            return tree.query(queries, k=k, sqr_dists=True)[1]

    if threads == 1 or len(points) < threads:
        return part(points)
    return np.concatenate(on_threads(part, np.array_split(points, threads), threads))


def _stack(index: Sequence[np.ndarray]) -> Tensor:
    return torch.from_numpy(index[0][None] if len(index) == 1 else np.stack(index))
