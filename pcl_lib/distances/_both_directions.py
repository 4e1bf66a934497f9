"""A loss of nearest distances in one step of autograd, both directions at once, with its gradient in closed form.

On small clouds a training loop waits for the count of operations, not for the search. So both directions go through
the same operations end to end, and a loss brings its value together with the gradient scale of each pair.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from pcl_lib._checks import in_transform
from pcl_lib.distances._squared_chamfer import collect, gap, through_batch
from pcl_lib.neighbors.building_blocks import choose, find_each_way, pair_squares, search_each_way

# Number of the partner of each point: forward, from x to y, (*b, N), and backward, (*b, M).
Partners = tuple[Tensor, Tensor]
# Value (*b,) of the squared nearest distances (*b, N + M), first those forward, then those backward.
Formula = Callable[[Tensor, Partners], Tensor]
# The same value, and the gradient scale (*b, N + M) of each pair: the derivative by its distance over that distance, so
# that the gradient is the scale times the gap between its points. Any finite scale will do where the gap is 0.
WithGradientScale = Callable[[Tensor, Partners], tuple[Tensor, Tensor]]


# What the terms of a direction are multiplied by: one number, or (*b, N) a point.
Weights = tuple[float | Tensor, float | Tensor]


def each_way(
    x: Tensor, y: Tensor, formula: Formula, with_gradient_scale: WithGradientScale | None, backend: str
) -> Tensor:
    """Value (*b,) of a loss in closed form, of a pair of clouds that `check_pair` has seen.

    `formula` is the same loss as autograd can take it: for second derivatives, for what closes over a tensor that
    wants a gradient of its own (then `with_gradient_scale` is None), and for the transforms of `torch.func`.
    """
    used = choose(x, y, backend)
    if with_gradient_scale is None or in_transform():
        forward, backward = find_each_way(*((x, y) if x.ndim == 3 else (x[None], y[None])), used)
        partners = forward.reshape(x.shape[:-1]), backward.reshape(y.shape[:-1])
        return formula(_squares(x, y, partners), partners)
    return _EachWay.apply(x, y, formula, with_gradient_scale, used)


class _EachWay(Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, y: Tensor, formula: Formula, with_gradient_scale: WithGradientScale, backend: str
    ) -> Tensor:
        forward, backward = search_each_way(*((x, y) if x.ndim == 3 else (x[None], y[None])), backend)
        forward, backward = forward.view(x.shape[:-1]), backward.view(y.shape[:-1])
        gaps = torch.cat((gap(x, y, through_batch(forward, y)), gap(y, x, through_batch(backward, x))), -2)
        value, gradient_scale = with_gradient_scale(gaps.square().sum(-1), (forward, backward))
        ctx.formula = formula
        ctx.save_for_backward(x, y, forward, backward, gaps, gradient_scale)
        return value

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, y, forward, backward, gaps, gradient_scale = ctx.saved_tensors
        if torch.is_grad_enabled():  # a second derivative is wanted: let autograd see the formula
            return (
                *_by_formula(x, y, (forward, backward), ctx.formula, grad, ctx.needs_input_grad),
                None,
                None,
                None,
            )
        pushes = gaps * (gradient_scale * grad[..., None])[..., None]
        push_x, push_y = pushes.split((x.shape[-2], y.shape[-2]), -2)
        return (
            push_x - collect(push_y, through_batch(backward, x), x) if ctx.needs_input_grad[0] else None,
            push_y - collect(push_x, through_batch(forward, y), y) if ctx.needs_input_grad[1] else None,
            None,
            None,
            None,
        )


def each_direction(both: Tensor, partners: Partners) -> tuple[Tensor, Tensor]:
    """What belongs to x -> y, (*b, N), and to y -> x, (*b, M)."""
    forward, backward = both.split([index.shape[-1] for index in partners], -1)
    return forward, backward


def add_up(terms: Tensor, partners: Partners, weights: Weights) -> Tensor:
    """Value (*b,) of terms (*b, N + M): the sum of each direction times its weight, or times those of its points."""
    forward, backward = each_direction(terms, partners)
    if isinstance(weights[0], Tensor):
        return (weights[0] * forward).sum(-1) + (weights[1] * backward).sum(-1)
    return weights[0] * forward.sum(-1) + weights[1] * backward.sum(-1)


def weigh(gradient_scale: Tensor, partners: Partners, weights: Weights) -> Tensor:
    """The gradient scale (*b, N + M) of each direction times its weight."""
    forward, backward = each_direction(gradient_scale, partners)
    return torch.cat((weights[0] * forward, weights[1] * backward), -1)


def _by_formula(
    x: Tensor, y: Tensor, partners: Partners, formula: Formula, grad: Tensor, wanted: tuple[bool, ...]
) -> tuple[Tensor | None, ...]:
    # Views, because one cloud may have been made from the other: only what they feel here is wanted.
    x, y = x.view_as(x), y.view_as(y)
    squares = _squares(x, y, partners)
    clouds = [cloud for cloud, needed in zip((x, y), wanted, strict=False) if needed]
    found = iter(torch.autograd.grad(formula(squares, partners), clouds, grad, create_graph=True))
    return tuple(next(found) if needed else None for needed in wanted[:2])


def _squares(x: Tensor, y: Tensor, partners: Partners) -> Tensor:
    """Squared distances (*b, N + M) of each point to its partner, as autograd can take them."""
    forward, backward = (index[..., None] for index in partners)
    if x.ndim == 3:
        return torch.cat((pair_squares(x, y, forward), pair_squares(y, x, backward)), -2)[..., 0]
    one = pair_squares(x[None], y[None], forward[None]), pair_squares(y[None], x[None], backward[None])
    return torch.cat(one, -2)[0, :, 0]
