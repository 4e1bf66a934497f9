"""Squared Chamfer distance both ways in one step of autograd, with its gradient in closed form.

The same number as `nearest_each_way` and a few torch operations, but a training loop on small clouds waits for the
count of operations: two clouds are treated as one, in which each point knows its nearest neighbour in the other half.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from pcl_lib._checks import check_pair
from pcl_lib.neighbors.backends import choose, search_each_way
from pcl_lib.neighbors.pairs import flat


def squares_each_way(x: Tensor, y: Tensor, reduction: str, combine: str, backend: str) -> Tensor:
    """Squared Chamfer (*b,) with both directions: their "sum" or "mean", each a "mean" or "sum" over its points."""
    check_pair(x, y)
    n, m = x.shape[-2], y.shape[-2]
    xb, yb = x.detach(), y.detach()
    if x.ndim == 2:
        xb, yb = xb[None], yb[None]
    there, back = search_each_way(xb, yb, choose(x, y, backend))
    partner = flat(torch.cat((there + n, back), 1), n + m)
    half = 0.5 if combine == "mean" else 1.0
    weight: float | Tensor = half
    if reduction == "mean":
        weight = half / n
        if n != m:
            weight = torch.cat((xb.new_full((n, 1), half / n), xb.new_full((m, 1), half / m)))
    return _SquaresEachWay.apply(x, y, partner, weight)


class _SquaresEachWay(Function):
    # Sum over all points of weight * |point - partner|^2; `partner` counts rows through the batch of joined clouds.
    @staticmethod
    def forward(ctx: Any, x: Tensor, y: Tensor, partner: Tensor, weight: float | Tensor) -> Tensor:
        gap = _gap(x, y, partner)
        push = gap * weight
        ctx.save_for_backward(x, y, partner, push)
        ctx.weight = weight
        return gap.mul_(push).sum((-2, -1))

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None, None]:
        x, y, partner, push = ctx.saved_tensors
        if (
            torch.is_grad_enabled()
        ):  # a second derivative is wanted: let autograd see how the gap depends on x, y
            push = _gap(x, y, partner) * ctx.weight
        push = push * (2 * grad)[..., None, None]
        # A point is pushed by its own partner, and by every point whose partner it is.
        rows = push.reshape(-1, push.shape[-1])
        total = torch.zeros_like(rows).index_add_(0, partner, rows)
        grad_x, grad_y = (push - total.view_as(push)).split((x.shape[-2], y.shape[-2]), -2)
        return grad_x, grad_y, None, None


def _gap(x: Tensor, y: Tensor, partner: Tensor) -> Tensor:
    both = torch.cat((x, y), -2)
    return both - both.reshape(-1, both.shape[-1]).index_select(0, partner).view_as(both)
