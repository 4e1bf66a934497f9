"""Nearest neighbours on the CPU by a kd-tree (pykdtree)."""

from __future__ import annotations

import math

import numpy as np
import torch
from pykdtree.kdtree import KDTree
from torch import Tensor

MAX_DIM = 127  # pykdtree counts axes in a signed byte


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


def search(x: Tensor, y: Tensor, k: int) -> Tensor:
    """Index (B, N, k) of the k nearest points of y (B, M, D) to each of x (B, N, D), nearest first."""
    index = np.empty((x.shape[0], x.shape[1], k), dtype=np.int64)
    for b in range(x.shape[0]):
        tree = KDTree(_array(y[b]))
        _, found = tree.query(_array(x[b]), k=k, sqr_dists=True)
        index[b] = found.reshape(-1, k)
    return torch.from_numpy(index)


def count_within(x: Tensor, y: Tensor, sq_radius: float) -> Tensor:
    """Number (B, N) of points of y at squared distance at most `sq_radius` from each point of x."""
    from scipy.spatial import cKDTree

    # scipy computes in float64: a hair more than the radius keeps every point that rounds onto it.
    reach = math.sqrt(sq_radius) * (1 + 8 * torch.finfo(x.dtype).eps)
    counts = [
        cKDTree(_array(y[b])).query_ball_point(_array(x[b]), reach, return_length=True)
        for b in range(x.shape[0])
    ]
    return torch.from_numpy(np.stack(counts).astype(np.int64))


def _array(points: Tensor) -> np.ndarray:
    return points.contiguous().numpy()
