"""Nearest neighbours on the CPU by a kd-tree (pykdtree)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from pykdtree.kdtree import KDTree
from scipy.spatial import cKDTree
from torch import Tensor

from pcl_lib.neighbors._copies import Copies, find_copies, may_have_copies
from pcl_lib.neighbors._space_filling_curve import along_curve
from pcl_lib.neighbors._threads import on_threads, one_thread, workers

Done = TypeVar("Done")

MAX_DIM = 127  # pykdtree counts axes in a signed byte

# Queries of one part of a batch: its clouds and what is made of them stay in the cache of a core.
PART = 1 << 15


# pykdtree keeps the k best in a sorted list, O(k) to insert into; scipy in a heap, O(log k), which pays from here.
_LIST_MAX_K = 128


@dataclass
class _Cloud:
    """A cloud (N, D) along the space-filling curve, where each point came from (None: as given), and its copies.

    `trees`: those that have been planted, by the number of neighbours that they can be asked for.
    """

    points: np.ndarray
    order: np.ndarray | None
    copies: Copies | None
    trees: dict[int, _Planted] = field(default_factory=dict)


class _Planted(NamedTuple):
    """A tree of points, and the name of each of them in the cloud as given (None: its position)."""

    tree: KDTree | cKDTree
    names: np.ndarray | None


# Clouds that are searched again and again, by where they lie in memory.
_kept: ContextVar[dict[tuple, _Cloud | None] | None] = ContextVar("kept", default=None)


@contextmanager
def planted_once(*stacks: Tensor) -> Iterator[None]:
    """Within, each cloud of these stacks (S, N, D) is sorted and gets its tree once, however often it is searched.

    For searches by the calling thread, and by those that it starts for them. The stacks must not change meanwhile.
    Other clouds are not kept, so none can be taken for one that lay in the same place before it. Cost: about 5 N
    numbers for each cloud searched.
    """
    known: dict[tuple, _Cloud | None] = {
        _place(cloud): None for stack in map(array, stacks) for cloud in stack
    }
    token = _kept.set(known)
    try:
        yield
    finally:
        _kept.reset(token)


def _place(cloud: np.ndarray) -> tuple:
    return cloud.__array_interface__["data"][0], cloud.shape, cloud.dtype.char


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
    """The same memory as numpy sees it: (B, N, D), each cloud contiguous, as pykdtree needs it."""
    n, dim = clouds.shape[1:]
    # One cloud expanded to many stays one.
    alone = clouds.stride()[1:] == (dim, 1) or n == dim == 1
    return (clouds if alone else clouds.contiguous()).numpy()


def search(x: Tensor, y: Tensor, k: int) -> Tensor:
    """Index (B, N, k) of the k nearest points of y (B, M, D) to each of x (B, N, D), nearest first."""

    def of_part(queries: np.ndarray, targets: np.ndarray, threads: int) -> np.ndarray:
        pairs = zip(_prepare(targets), _prepare(queries), strict=True)
        return np.stack([_ask(_plant(one, k), other, k, threads).reshape(-1, k) for one, other in pairs])

    return _join(each_part(of_part, x, y, x.shape[1]))


def search_each_way(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Index (B, N, 1) of the nearest point of y to each of x, and (B, M, 1) of x to each of y."""
    forward, backward = zip(*each_part(partners, x, y, x.shape[1] + y.shape[1]), strict=True)
    return _join(forward)[..., None], _join(backward)[..., None]


def partners(x: np.ndarray, y: np.ndarray, threads: int) -> tuple[np.ndarray, np.ndarray]:
    """Index (B, N) of the nearest point of y (B, M, D) to each of x (B, N, D), and (B, M) of x to each of y."""
    pairs = list(zip(_prepare(x), _prepare(y), strict=True))
    forward, backward = (np.empty(cloud.shape[:2], dtype=np.int64) for cloud in (x, y))
    for b, (cloud_x, cloud_y) in enumerate(pairs):
        tree_x, tree_y = _plant(cloud_x, 1), _plant(cloud_y, 1)
        forward[b] = _ask(tree_y, cloud_x, 1, threads)
        backward[b] = _ask(tree_x, cloud_y, 1, threads)
    return forward, backward


def count_within(x: Tensor, y: Tensor, sq_radius: float) -> Tensor:
    """Number (B, N) of points of y at squared distance at most `sq_radius` from each point of x."""
    reach = math.sqrt(sq_radius)

    def of_pair(queries: np.ndarray, targets: np.ndarray, threads: int) -> np.ndarray:
        tree, copies = cKDTree(targets), find_copies(queries)
        asked = queries if copies is None else queries.take(copies.first, axis=0)
        counts = tree.query_ball_point(asked, reach, return_length=True, workers=threads)
        return (counts if copies is None else counts.take(copies.place)).astype(np.int64)

    def of_part(queries: np.ndarray, targets: np.ndarray, threads: int) -> np.ndarray:
        return np.stack([of_pair(*pair, threads) for pair in zip(queries, targets, strict=True)])

    return _join(each_part(of_part, x, y, x.shape[1]))


def each_part(
    function: Callable[[np.ndarray, np.ndarray, int], Done], x: Tensor, y: Tensor, queries: int
) -> list[Done]:
    """`function` of each part of a batch of pairs and of the number of threads that it may take, in order.

    `queries` are those of a pair. A part has more than one pair where these are small: what is done to all of its
    clouds at once holds Python's lock, for which the threads wait, as briefly as for one.
    """
    clouds_x, clouds_y = array(x), array(y)
    pairs = len(clouds_x)
    threads = workers(pairs * queries)
    if pairs < threads:  # too few for a thread each: one after the other, each by several threads
        return [function(clouds_x[b : b + 1], clouds_y[b : b + 1], workers(queries)) for b in range(pairs)]
    size = max(1, min(-(-pairs // threads), PART // queries))
    parts = [(clouds_x[b : b + size], clouds_y[b : b + size]) for b in range(0, pairs, size)]
    return on_threads(lambda part: function(*part, 1), parts, threads)


def _prepare(clouds: np.ndarray) -> list[_Cloud]:
    known = _kept.get()
    if known is None:
        return _sorted(clouds)
    found = []
    for cloud in clouds:
        place = _place(cloud)
        one = known.get(place) or _sorted(cloud[None])[0]
        if place in known:
            known[place] = one
        found.append(one)
    return found


def _sorted(clouds: np.ndarray) -> list[_Cloud]:
    orders = along_curve(clouds)
    if orders is not None:
        b, n, dim = clouds.shape
        rows = orders + (np.arange(b) * n)[:, None]
        clouds = clouds.reshape(-1, dim).take(rows, axis=0)
    copies = [
        find_copies(cloud) if many else None
        for cloud, many in zip(clouds, may_have_copies(clouds), strict=True)
    ]
    return [_Cloud(cloud, None if orders is None else orders[b], copies[b]) for b, cloud in enumerate(clouds)]


def _plant(cloud: _Cloud, k: int) -> _Planted:
    """The tree to ask for k neighbours. Of many copies of one point no more than k can be among them."""
    if k not in cloud.trees:
        points, names, copies = cloud.points, cloud.order, cloud.copies
        if copies is not None:
            kept = np.flatnonzero(copies.rank < k)
            points, names = points.take(kept, axis=0), kept if names is None else names.take(kept)
        cloud.trees[k] = _Planted((KDTree if k <= _LIST_MAX_K else cKDTree)(points), names)
    return cloud.trees[k]


def _ask(planted: _Planted, queries: _Cloud, k: int, threads: int) -> np.ndarray:
    """Index, (N, k) or (N,) for k = 1, into the targets as given, for the queries as given."""
    points, order, copies = queries.points, queries.order, queries.copies
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


def _join(parts: Sequence[np.ndarray]) -> Tensor:
    return torch.from_numpy(parts[0] if len(parts) == 1 else np.concatenate(parts))
