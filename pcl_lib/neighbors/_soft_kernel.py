"""Soft nearest points of one block of queries among one block of centres, and the way back."""

from __future__ import annotations

import torch
from torch import Tensor

# Extents of a block of centres from which on its queries do not move the middle: one that is far off would take the
# digits of all others. Nearer than that, the middle of the queries is the better one.
_REACH = 10


def forward(x: Tensor, y: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
    """Softmax mean (c, n, D) of centres y (c, m, D) for queries x (c, n, D), and the log-sum-exp (c, n).

    `sigma` (c, 1, 1). Coordinates are taken from the middle of the queries, in units of sigma: the products that
    stand for squared distances then cancel no more digits than the block is wide.
    """
    middle, u, v = _scaled(x, y, sigma)
    weight, top = _weights(u, v)
    sums = weight @ torch.cat([v, torch.ones_like(v[..., :1])], -1)
    total = sums[..., -1:]
    mean = middle + sigma * (sums[..., :-1] / total)
    return mean, (total.log() + top)[..., 0] - u.square().sum(-1) / 2


def backward(
    x: Tensor, y: Tensor, sigma: Tensor, by_mean: Tensor, by_log: Tensor, for_y: bool
) -> tuple[Tensor, Tensor | None]:
    """Gradients by x (c, n, D) and y (c, m, D), from those by the mean (c, n, D) and the log-sum-exp (c, n)."""
    _, u, v = _scaled(x, y, sigma)
    weight, _ = _weights(u, v)
    weight /= weight.sum(-1, keepdim=True)
    mean = weight @ v
    # Derivative by the exponent of each pair: its weight, times how much its centre differs from the mean.
    pull = (by_mean * mean).sum(-1, keepdim=True).neg_() * sigma + by_log[..., None]
    push = torch.baddbmm(pull, by_mean * sigma, v.mT).mul_(weight)
    by_x = (push @ v - push.sum(-1, keepdim=True) * u) / sigma
    if not for_y:
        return by_x, None
    by_y = weight.mT @ by_mean + (push.mT @ u - push.sum(-2)[..., None] * v) / sigma
    return by_x, by_y


def plain(x: Tensor, y: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
    """The same as one expression that every transform of torch can see through: O(n m D) memory."""
    exponent = (x[:, :, None] - y[:, None]).square().sum(-1) / (-2 * sigma.square())
    return exponent.softmax(-1) @ y, exponent.logsumexp(-1)


def _scaled(x: Tensor, y: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    low, high = y.amin(1, keepdim=True), y.amax(1, keepdim=True)
    reach = _REACH * (high - low + sigma)
    middle = x.mean(1, keepdim=True).clamp(low - reach, high + reach)
    return middle, (x - middle) / sigma, (y - middle) / sigma


def _weights(u: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    """(c, n, m): relative to the largest of each row, whose exponent (c, n, 1) lacks norm(u)^2 / 2."""
    exponent = torch.baddbmm(v.square().sum(-1)[:, None] / -2, u, v.mT)
    top = exponent.amax(-1, keepdim=True)
    return exponent.sub_(top).exp_(), top
