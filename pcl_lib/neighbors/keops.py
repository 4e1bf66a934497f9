"""Nearest neighbours by KeOps: all distances, none stored, in a compiled kernel (CPU or CUDA)."""

from __future__ import annotations

import importlib.util
import os
import shutil
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import torch
from torch import Tensor


def available(device: torch.device) -> bool:
    """Whether KeOps is installed and, for the CPU, whether there is a C++ compiler for its kernels."""
    if importlib.util.find_spec("pykeops") is None:
        return False
    return device.type == "cuda" or _compiler() is not None


def check(device: torch.device) -> None:
    """Raise `RuntimeError` with the fix when KeOps cannot run on `device`."""
    if importlib.util.find_spec("pykeops") is None:
        raise RuntimeError('backend="keops" needs KeOps: pip install pykeops, or use backend="auto"')
    if not available(device):
        raise RuntimeError(
            'backend="keops" on a CPU needs a C++ compiler and found none on the PATH: install g++ (or set CXX), '
            'or use backend="auto"'
        )


def search(x: Tensor, y: Tensor, k: int) -> Tensor:
    """Index (B, N, k) of the k nearest points of y (B, M, D) to each of x (B, N, D), nearest first."""
    return _square_distances(x, y).argKmin(k, dim=2)


def search_each_way(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Index (B, N, 1) of the nearest point of y to each of x, and (B, M, 1) of x to each of y."""
    return search(x, y, 1), search(y, x, 1)


def count_within(x: Tensor, y: Tensor, sq_radius: float) -> Tensor:
    """Number (B, N) of points of y at squared distance at most `sq_radius` from each point of x."""
    inside = (sq_radius - _square_distances(x, y)).step()
    return inside.sum(dim=2).squeeze(-1).round().long()


def two_cheapest(x: Tensor, y: Tensor, price: Tensor, squared: bool) -> tuple[Tensor, Tensor, Tensor]:
    """For each point of x (N, D): index (N,) of the cheapest point of y (M, D), its cost, the second lowest cost.

    The cost of a point is its distance, or squared distance, plus its price (M,).
    """
    LazyTensor = _lazy_tensor()
    square = _square_distances(x[None], y[None])
    total = (square if squared else square.sqrt()) + LazyTensor(price[None, None, :, None].contiguous())
    least, where = total.Kmin_argKmin(2, dim=2)
    return where[0, :, 0], least[0, :, 0], least[0, :, 1]


def _square_distances(x: Tensor, y: Tensor) -> Any:
    LazyTensor = _lazy_tensor()
    x_i = LazyTensor(x[:, :, None, :].contiguous())
    y_j = LazyTensor(y[:, None, :, :].contiguous())
    return ((x_i - y_j) ** 2).sum(-1)


def _lazy_tensor() -> Any:
    # Compiles on first use, so only when asked for. The import announces on stdout that there is no GPU.
    with redirect_stdout(StringIO()):
        from pykeops.torch import LazyTensor

    return LazyTensor


def _compiler() -> str | None:
    return shutil.which(os.environ.get("CXX") or "g++")
