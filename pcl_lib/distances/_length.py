"""A square root with a gradient at zero, which every distance of lengths takes."""

from __future__ import annotations

import torch
from torch import Tensor


def length(sq_dist: Tensor) -> Tensor:
    """Square root whose gradient is 0, not NaN, at 0: the subgradient of a norm at the origin of least length."""
    apart = sq_dist > 0
    return sq_dist.where(apart, sq_dist.new_ones(())).sqrt().where(apart, sq_dist.new_zeros(()))


def length_with_gradient_scale(sq_dist: Tensor) -> tuple[Tensor, Tensor]:
    """The same root, and its gradient scale, 1/d."""
    d = sq_dist.sqrt()
    return d, off_zero(d).reciprocal()


def off_zero(d: Tensor) -> Tensor:
    """Distances raised to where their reciprocal is finite."""
    return d.clamp(min=torch.finfo(d.dtype).tiny ** 0.5)
