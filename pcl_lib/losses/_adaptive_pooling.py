"""Adaptive pooling: the features of all points become one vector, by weights that lean to the largest."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from pcl_lib._checks import check_option

FORMS = ("released", "absolute", "norm")
_SMALLEST = 1e-5
# exp takes twice the time below it, where it has no full digits in single precision or none at all.
_LOWEST = -87.0


def adaptive_pooling(
    features: Float[Tensor, "b n c"], delta: Float[Tensor, "*shape"], *, form: str = "released"
) -> Float[Tensor, "b c"]:
    r"""Weighted mean over the points of a cloud, with weights that fall off from the largest feature.

    .. math:: C_c = \sum_i w_{ic} F_{ic}, \quad w_{ic} = \operatorname{softmax}_i\bigl(-u_{ic}\bigr)

    with m_c the largest F_ic of the cloud and a width delta: small delta gives the maximum, large delta the mean.
    Equation 5 of the paper has a norm without an axis and a last F without an index, so it can be read in three ways.

    - `features`: F, (B, N, C).
    - `delta`: widths, (B, C), at least 0; 1e-5 is added.
    - `form`: "released", u = (F_ic - m_c)^2 / delta_c, as the authors' code has it; "absolute",
      u = abs(F_ic - m_c) / delta_c, the equation with a norm of one channel; "norm",
      u = norm(F_i - m) / mean(delta), the equation with a norm over all channels: one weight for each point.

    Range: between the mean and the maximum of each channel for the first two forms. Gradient: to both, of "released"
    no second one. Cost: O(B N C). Errors: `ValueError` for shapes that do not fit, or an unknown form.
    Reference: huang2023caloss.

    >>> features = torch.tensor([[[0.0], [1.0]]])
    >>> [round(adaptive_pooling(features, torch.full((1, 1), d)).item(), 3) for d in (1e-3, 1.0, 1e3)]
    [1.0, 0.731, 0.5]
    """
    check_option("form", form, FORMS)
    if features.ndim != 3 or delta.shape != (features.shape[0], features.shape[2]):
        raise ValueError(
            "features must be (B, N, C) and delta (B, C), received "
            f"{tuple(features.shape)} and {tuple(delta.shape)}"
        )
    if form == "released":
        pooled: Tensor = _Squares.apply(features, delta + _SMALLEST)
        return pooled
    away = features - features.max(1, keepdim=True).values
    width = delta[:, None] + _SMALLEST
    if form == "norm":
        lengths = torch.linalg.vector_norm(away, dim=2, keepdim=True)
        weights = torch.softmax(-lengths / (delta.mean(1)[:, None, None] + _SMALLEST), 1)
        return (weights * features).sum(1)
    # The largest feature has exponent 0, so nothing overflows, and no sum is below 1: a softmax over an axis that is
    # not the last is several times slower.
    weights = torch.exp(away / width)
    return (weights * features).sum(1) / weights.sum(1)


class _Squares(torch.autograd.Function):
    """The released form with its derivative written out.

    It goes over the features, which are most of the memory of a step, a third as often as autograd does.
    """

    @staticmethod
    def forward(ctx: Any, features: Tensor, width: Tensor) -> Tensor:
        # The gradient alone asks which point is the largest, and to say so takes five times as long.
        at: Tensor | None = None
        if ctx.needs_input_grad[0]:
            largest, at = features.max(1)
        else:
            largest = features.amax(1)
        away = features - largest[:, None]
        weights = torch.mul(away, away).mul_(-1 / width[:, None]).clamp_min_(_LOWEST).exp_()
        total = weights.sum(1)
        pooled = (weights * features).sum(1) / total
        ctx.save_for_backward(features, width, away, weights, total, pooled, at)
        return pooled

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, Tensor | None]:
        features, width, away, weights, total, pooled, at = ctx.saved_tensors
        scaled = (slope / total)[:, None]
        # Of the weights, whose exponent is -away^2 / width.
        by_exponent = (features - pooled[:, None]).mul_(weights).mul_(scaled)
        moved = by_exponent.mul_(away)
        by_width = None
        if ctx.needs_input_grad[1]:
            by_width = torch.linalg.vecdot(moved, away, dim=1) / width.square()
        moved.mul_(-2 / width[:, None])
        by_feature = torch.addcmul(moved, weights, scaled)
        if at is None:
            return None, by_width
        # All are measured from the largest, which pulls the other way.
        by_feature.scatter_add_(1, at[:, None], -moved.sum(1, keepdim=True))
        return by_feature, by_width
