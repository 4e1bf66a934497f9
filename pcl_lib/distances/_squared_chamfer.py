"""Squared Chamfer distance both ways in one step of autograd, with its gradient in closed form.

The same number as `nearest_each_way` and a few torch operations. On small clouds a training loop waits for the count
of operations, not for the search: so the gradient is made with the value, while the differences are at hand, and on
the kd-tree in numpy, whose operations start faster and leave the cores to the tree.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd import Function

from pcl_lib._checks import as_pair
from pcl_lib.neighbors.building_blocks import choose, flat, kdtree, one_thread, search_each_way

Weights = tuple[float, float]


def squares_each_way(x: Tensor, y: Tensor, reduction: str, combine: str, backend: str) -> Tensor:
    """Squared Chamfer (*b,) with both directions: their "sum" or "mean", each a "mean" or "sum" over its points."""
    with one_thread():  # threads of torch would spin on after the checks, beside those of the search
        x, y = as_pair(x, y)
    half = 0.5 if combine == "mean" else 1.0
    weights = (half / x.shape[-2], half / y.shape[-2]) if reduction == "mean" else (half, half)
    return _SquaresEachWay.apply(x, y, weights, choose(x, y, backend), torch.is_grad_enabled())


class _SquaresEachWay(Function):
    # weights[0] sum_i |x_i - y_forward(i)|^2 + weights[1] sum_j |y_j - x_backward(j)|^2
    @staticmethod
    def forward(ctx: Any, x: Tensor, y: Tensor, weights: Weights, backend: str, recording: bool) -> Tensor:
        wanted = ctx.needs_input_grad[:2] if recording else (False, False)
        if backend != "kdtree":
            value, forward, backward, *gradient = _by_torch(x, y, weights, backend, wanted)
        else:

            def of_part(a: np.ndarray, b: np.ndarray, threads: int) -> tuple[np.ndarray | None, ...]:
                return _by_tree(a, b, weights, wanted, threads)

            batch = (x, y) if x.ndim == 3 else (x[None], y[None])
            columns = zip(*kdtree.each_part(of_part, *batch, x.shape[-2] + y.shape[-2]), strict=True)
            value, forward, backward, *gradient = (_joined(column, x.ndim == 3) for column in columns)
        ctx.weights = weights
        ctx.save_for_backward(x, y, forward, backward, *gradient)
        return value

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor | None, None, None, None]:
        x, y, forward, backward, grad_x, grad_y = ctx.saved_tensors
        if (
            torch.is_grad_enabled()
        ):  # a second derivative is wanted: let autograd see what the gradient is made of
            forward, backward = through_batch(forward, y), through_batch(backward, x)
            push_x, push_y = (
                gap(x, y, forward) * (2 * ctx.weights[0]),
                gap(y, x, backward) * (2 * ctx.weights[1]),
            )
            grad_x = push_x - collect(push_y, backward, x)
            grad_y = push_y - collect(push_x, forward, y)
        outer = grad[..., None, None]
        with one_thread():
            return (
                grad_x * outer if ctx.needs_input_grad[0] else None,
                grad_y * outer if ctx.needs_input_grad[1] else None,
                None,
                None,
                None,
            )


def _by_tree(
    x: np.ndarray, y: np.ndarray, weights: Weights, wanted: tuple[bool, bool], threads: int
) -> tuple[np.ndarray | None, ...]:
    """Values (B,), partners forward (B, N) and backward (B, M), gradients (where wanted) of B pairs of clouds."""
    forward, backward = kdtree.partners(x, y, threads)
    rows_forward, rows_backward = _through(forward, y), _through(backward, x)
    push_x, push_y = x - _taken(y, rows_forward), y - _taken(x, rows_backward)
    values = weights[0] * _sum_of_squares(push_x) + weights[1] * _sum_of_squares(push_y)
    push_x *= 2 * weights[0]
    push_y *= 2 * weights[1]
    # A point is pushed by its own nearest neighbour, and by every point whose nearest neighbour it is.
    grad_x = push_x - _collected(push_y, rows_backward, x) if wanted[0] else None
    grad_y = push_y - _collected(push_x, rows_forward, y) if wanted[1] else None
    return values.astype(x.dtype, copy=False), forward, backward, grad_x, grad_y


def _through(index: np.ndarray, points: np.ndarray) -> np.ndarray:
    b, m, _ = points.shape
    return (index if b == 1 else index + (np.arange(b) * m)[:, None]).reshape(-1)


def _taken(points: np.ndarray, rows: np.ndarray) -> np.ndarray:
    b, _, dim = points.shape
    return points.reshape(-1, dim).take(rows, axis=0).reshape(b, -1, dim)


def _sum_of_squares(push: np.ndarray) -> np.ndarray:
    return np.square(push).reshape(len(push), -1).sum(-1)


def _collected(push: np.ndarray, rows: np.ndarray, points: np.ndarray) -> np.ndarray:
    source = torch.from_numpy(push)
    total = source.new_zeros(points.size // points.shape[-1], points.shape[-1])
    return total.index_add_(0, torch.from_numpy(rows), source.flatten(0, 1)).numpy().reshape(points.shape)


def _joined(parts: Sequence[np.ndarray | None], batch: bool) -> Tensor | None:
    """What the parts of a batch gave, or that of its only pair; None where nothing was wanted."""
    present = [part for part in parts if part is not None]
    if not present:
        return None
    whole = torch.from_numpy(present[0] if len(present) == 1 else np.concatenate(present))
    return whole if batch else whole[0]


def _by_torch(x: Tensor, y: Tensor, weights: Weights, backend: str, wanted: tuple[bool, bool]) -> tuple:
    """The same for a whole batch on any device."""
    forward, backward = search_each_way(*((x, y) if x.ndim == 3 else (x[None], y[None])), backend)
    forward, backward = forward.view(x.shape[:-1]), backward.view(y.shape[:-1])
    rows_forward, rows_backward = through_batch(forward, y), through_batch(backward, x)
    push_x, push_y = gap(x, y, rows_forward), gap(y, x, rows_backward)
    value = weights[0] * push_x.square().sum((-2, -1)) + weights[1] * push_y.square().sum((-2, -1))
    push_x *= 2 * weights[0]
    push_y *= 2 * weights[1]
    grad_x = push_x - collect(push_y, rows_backward, x) if wanted[0] else None
    grad_y = push_y - collect(push_x, rows_forward, y) if wanted[1] else None
    return value, forward, backward, grad_x, grad_y


def through_batch(index: Tensor, points: Tensor) -> Tensor:
    """Row numbers through the batch of clouds laid end to end."""
    return flat(index if points.ndim == 3 else index[None], points.shape[-2])


def gap(points: Tensor, others: Tensor, rows: Tensor) -> Tensor:
    return points - _rows(others).index_select(0, rows).view_as(points)


def collect(push: Tensor, rows: Tensor, points: Tensor) -> Tensor:
    """Sum of the pushes that name each point."""
    return torch.zeros_like(_rows(points)).index_add_(0, rows, _rows(push)).view_as(points)


def _rows(points: Tensor) -> Tensor:
    return points if points.ndim == 2 else points.reshape(-1, points.shape[-1])
