"""The softmax-weighted mean of a cloud as seen from each point of another: the soft nearest point."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from pcl_lib._checks import as_pair, check_option, in_transform
from pcl_lib.neighbors import _soft_kernel as kernel
from pcl_lib.neighbors._sigma import Sigma, check_sigma
from pcl_lib.neighbors._soft_blocks import dense

BACKENDS = ("auto", "dense")


class SoftNearest(NamedTuple):
    """`mean` (*b, N, D), `log_sum_exp` (*b, N), and the `backend` that ran."""

    mean: Float[Tensor, "*b n d"]
    log_sum_exp: Float[Tensor, "*b n"]
    backend: str


def soft_nearest(
    x: Float[Tensor, "*b n d"],
    y: Float[Tensor, "*b m d"],
    sigma: Sigma,
    *,
    backend: str = "auto",
) -> SoftNearest:
    r"""Mean of the points of `y`, weighted by a softmax of their squared distances to each point of `x`.

    .. math:: m(x) = \sum_i w_i y_i, \quad w_i \propto \exp\Bigl(-\frac{\lVert x - y_i \rVert^2}{2 \sigma^2}\Bigr),
              \quad l(x) = \log \sum_i \exp\Bigl(-\frac{\lVert x - y_i \rVert^2}{2 \sigma^2}\Bigr)

    - `backend`: "dense", or "auto".

    Shapes: x (N, D) or (B, N, D), y (M, D) or (B, M, D), sigma a length or a tensor of one for each cloud (B,).
    Gradient by both clouds, once; none by sigma. Reference: cai2020shapegf.

    >>> import torch
    >>> found = soft_nearest(torch.tensor([[0.0]]), torch.tensor([[0.0], [1.0]]), 1.0)
    >>> found.mean.tolist(), found.log_sum_exp.tolist()
    ([[0.3775]], [0.4741])
    """
    x, y = as_pair(x, y)
    check_option("backend", backend, BACKENDS)
    used = "dense"
    xb, yb = (x, y) if x.ndim == 3 else (x[None], y[None])
    widths = check_sigma(sigma, len(xb))
    with torch.autocast(x.device.type, enabled=False):
        if in_transform():
            mean, log = kernel.plain(xb, yb, _column(widths, xb))
        else:
            mean, log = _Soft.apply(xb, yb, widths)
    return SoftNearest(mean, log, used) if x.ndim == 3 else SoftNearest(mean[0], log[0], used)


def _column(widths: list[float], x: Tensor) -> Tensor:
    return torch.tensor(widths, dtype=x.dtype, device=x.device).reshape(-1, 1, 1)


class _Soft(Function):
    """Block by block, so that memory is linear; on the way back each block is computed again."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, y: Tensor, widths: list[float]) -> tuple[Tensor, Tensor]:
        blocks = dense(x.detach(), y.detach(), widths)
        ctx.save_for_backward(x, y)
        ctx.widths, ctx.blocks = widths, blocks
        mean, log = torch.empty_like(x), x.new_empty(x.shape[:2])
        sigma = _column(widths, x.double()).expand(len(x), 1, 1)

        for block in blocks:
            part = kernel.forward(*block.take(x, y, sigma))
            mean[block.clouds, block.rows], log[block.clouds, block.rows] = (p.to(x.dtype) for p in part)
        return mean, log

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, by_mean: Tensor, by_log: Tensor) -> tuple[Tensor | None, ...]:
        x, y = ctx.saved_tensors
        for_y = ctx.needs_input_grad[1]
        grad_x, grad_y = torch.empty_like(x), torch.zeros_like(y)
        sigma = _column(ctx.widths, x.double()).expand(len(x), 1, 1)
        with torch.autocast(x.device.type, enabled=False):
            for block in ctx.blocks:
                near, far, width = block.take(x, y, sigma)
                mean, log = (by[block.clouds, block.rows].to(near.dtype) for by in (by_mean, by_log))
                by_x, by_y = kernel.backward(near, far, width, mean, log, for_y)
                grad_x[block.clouds, block.rows] = by_x.to(x.dtype)
                if by_y is not None:
                    block.add(grad_y, by_y.to(x.dtype))
        return grad_x, grad_y if for_y else None, None
