"""Squared distances of chosen pairs, with their gradient in closed form."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from pcl_lib._checks import in_transform


def take(points: Tensor, index: Tensor) -> Tensor:
    """Points (B, N, k, D) of `points` (B, M, D) named by `index` (B, N, k)."""
    b, m, d = points.shape
    return points.reshape(b * m, d).index_select(0, flat(index, m)).reshape(*index.shape, d)


def flat(index: Tensor, m: int) -> Tensor:
    """Row numbers in a (B * M, D) array of `index` (B, ..) into clouds of m points."""
    if index.shape[0] == 1:
        return index.reshape(-1)
    start = torch.arange(index.shape[0], device=index.device) * m
    return (index.flatten(1) + start[:, None]).reshape(-1)


class PairSquares(Function):
    """|x_i - y_j|^2 for the pairs (i, j = index[i]); the index is fixed, as the nearest neighbour locally is."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, y: Tensor, index: Tensor) -> Tensor:
        ctx.save_for_backward(x, y, index)
        return (x[:, :, None] - take(y, index)).square_().sum(-1)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        x, y, index = ctx.saved_tensors
        # Differentiable torch operations only, so that a second derivative works too.
        push = (x[:, :, None] - take(y, index)) * (2 * grad)[..., None]
        grad_x = push.sum(2) if ctx.needs_input_grad[0] else None
        grad_y = None
        if ctx.needs_input_grad[1]:
            b, m, d = y.shape
            # Not alpha=-1: on a CPU that takes index_add off its fast path, ten times slower.
            total = y.new_zeros(b * m, d).index_add(0, flat(index, m), push.reshape(-1, d))
            grad_y = -total.reshape(b, m, d)
        return grad_x, grad_y, None


def pair_squares(x: Tensor, y: Tensor, index: Tensor) -> Tensor:
    """Squared distances (B, N, k) between x (B, N, D) and the points of y (B, M, D) named by index (B, N, k)."""
    if in_transform():  # let it see the operations; `PairSquares` knows of gradients only
        return (x[:, :, None] - take(y, index)).square().sum(-1)
    return PairSquares.apply(x, y, index)
