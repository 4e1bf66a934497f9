"""f(m + d) d of squared distances in one step of autograd, with its gradient in closed form.

The same number as a few torch operations on d. On small clouds a training loop waits for the count of operations, so
the gradient, which shares the density with the value, is made with it.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from pcl_lib.distances.directions import length
from pcl_lib.distances.weights import Weight


def weighed_pairs(sq_dist: Tensor, weight: Weight, shifted: bool, detached: bool) -> Tensor:
    """Weighed distances of the shape of `sq_dist`; where that is 0 they are 0, and so is their gradient."""
    return _WeighedPairs.apply(sq_dist, weight, shifted, detached, torch.is_grad_enabled())


class _WeighedPairs(Function):
    @staticmethod
    def forward(
        ctx: Any, sq_dist: Tensor, weight: Weight, shifted: bool, detached: bool, recording: bool
    ) -> Tensor:
        d = sq_dist.sqrt()
        met = sq_dist == 0
        x = weight.past_mode(d, shifted)
        f = weight.log_density(x).exp_()
        ctx.options = weight, shifted, detached
        if recording and ctx.needs_input_grad[0]:
            slope = d.reciprocal() if detached else weight.score(x) + d.reciprocal()
            ctx.save_for_backward(sq_dist, slope.mul_(f).mul_(0.5).masked_fill_(met, 0))
        # A density may be infinite at 0, unshifted: there the distance decides.
        return f.mul_(d).masked_fill_(met, 0)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None, None]:
        sq_dist, slope = ctx.saved_tensors
        if (
            torch.is_grad_enabled()
        ):  # a second derivative is wanted: let autograd see what the slope is made of
            weight, shifted, detached = ctx.options
            d = length(sq_dist)
            pull = (
                weight(d.detach(), shifted=shifted)
                if detached
                else weight.gradient_weight(d, shifted=shifted)
            )
            slope = (pull / (2 * d)).where(sq_dist > 0, 0)
        return slope * grad, None, None, None, None
