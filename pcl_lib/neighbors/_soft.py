"""The softmax-weighted mean of a cloud as seen from each point of another: the soft nearest point."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd import Function

from pcl_lib._checks import as_pair, check_positive, in_transform
from pcl_lib.neighbors import _soft_kernel as kernel
from pcl_lib.neighbors._backends import choose
from pcl_lib.neighbors._sigma import Sigma, check_sigma
from pcl_lib.neighbors._soft_blocks import NARROW, Plan, dense, truncated
from pcl_lib.neighbors._soft_keops import soft as soft_by_keops
from pcl_lib.neighbors._threads import on_threads, one_thread

Done = TypeVar("Done")

# Below this many pairs of a cloud, planting a tree costs more than all of them.
_TREE_MIN_PAIRS = 1 << 18
# Pairs from which a thread of its own earns more than its start costs.
_SHARE = 1 << 21


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
    tolerance: float = 1e-6,
) -> SoftNearest:
    r"""Mean of the points of `y`, weighted by a softmax of their squared distances to each point of `x`.

    .. math:: m(x) = \sum_i w_i y_i, \quad w_i \propto \exp\Bigl(-\frac{\lVert x - y_i \rVert^2}{2 \sigma^2}\Bigr),
              \quad l(x) = \log \sum_i \exp\Bigl(-\frac{\lVert x - y_i \rVert^2}{2 \sigma^2}\Bigr)

    - `backend`: "kdtree" leaves out the centres that do not count; "dense" and "keops" take all. "auto" takes on a CPU
      the tree up to D = 10 (for small clouds dense), on CUDA KeOps for large ones if it can run, else dense.
    - `tolerance`: of "kdtree": all centres left out weigh less, together, than this share of the nearest. They are
      farther than r, with

    .. math:: M \exp\Bigl(-\frac{r^2 - r_{\min}^2}{2 \sigma^2}\Bigr) = \text{tolerance}

    so that the mean moves by less than tolerance times the extent of y, and l by less than tolerance.

    Shapes: x (N, D) or (B, N, D), y (M, D) or (B, M, D), sigma a length or a tensor of one for each cloud (B,).
    Unit of the mean: length. It lies within the convex hull of y; for a small sigma it is the nearest point, for a
    large one the mean of all. Where clouds are many sigmas across, weights are computed in float64, for
    float32 has too few digits for them; far queries are as accurate as near ones. Gradient by both clouds, none by
    sigma; second derivatives, and the transforms of `torch.func`, by a matrix of all pairs.
    Cost: dense and KeOps O(N M D) time; the tree O(N M D) for a sigma of the size of the cloud, and for a small one as
    many pairs as lie within about 7 sigma. O(N + M) memory, on the way back too. Half precision is widened as in
    `nearest`. Errors: as `nearest`; `ValueError` for a sigma or tolerance that is not positive.
    Reference: cai2020shapegf, charlier2021keops.

    >>> import torch
    >>> found = soft_nearest(torch.tensor([[0.0]]), torch.tensor([[0.0], [1.0]]), 1.0)
    >>> found.mean.tolist(), found.log_sum_exp.tolist()
    ([[0.3775]], [0.4741])
    """
    x, y = as_pair(x, y)
    check_positive("tolerance", tolerance)
    xb, yb = (x, y) if x.ndim == 3 else (x[None], y[None])
    widths = check_sigma(sigma, len(xb))
    widths = widths * len(xb) if len(widths) == 1 else widths
    used = _choose(xb, yb, backend)
    with torch.autocast(x.device.type, enabled=False):
        if in_transform():
            mean, log = kernel.plain(xb, yb, _column(widths, xb))
        elif used == "keops":
            mean, log = _by_keops(xb, yb, widths)
        else:
            mean, log = _Soft.apply(xb, yb, widths, tolerance if used == "kdtree" else None)
    return SoftNearest(mean, log, used) if x.ndim == 3 else SoftNearest(mean[0], log[0], used)


def _choose(x: Tensor, y: Tensor, backend: str) -> str:
    small = x.device.type == "cpu" and x.shape[1] * y.shape[1] < _TREE_MIN_PAIRS
    return "dense" if backend == "auto" and small else choose(x, y, backend, None)


def _column(widths: list[float], x: Tensor) -> Tensor:
    return torch.tensor(widths, dtype=x.dtype, device=x.device).reshape(-1, 1, 1)


def _by_keops(x: Tensor, y: Tensor, widths: list[float]) -> tuple[Tensor, Tensor]:
    # Squared distances of float32 have too few digits where the clouds are many widths across.
    both = torch.cat([x.detach(), y.detach()], 1)
    across = float((both.amax(1) - both.amin(1)).norm(dim=-1).max())
    if across**2 <= NARROW * min(widths) ** 2:
        return soft_by_keops(x, y, _column(widths, x))
    mean, log = soft_by_keops(x.double(), y.double(), _column(widths, x.double()))
    return mean.to(x.dtype), log.to(x.dtype)


class _Soft(Function):
    """Block by block, so that memory is linear; on the way back each block is computed again."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, y: Tensor, widths: list[float], tolerance: float | None
    ) -> tuple[Tensor, Tensor]:
        ctx.save_for_backward(x, y)
        x, y = x.detach(), y.detach()
        plan = dense(x, y, widths) if tolerance is None else truncated(x, y, widths, tolerance)
        ctx.widths, ctx.plan = widths, plan
        x, y = _sorted(x, plan.order_x), _sorted(y, plan.order_y)
        sigma = _column(widths, x.double())
        mean, log = torch.empty_like(x), x.new_empty(x.shape[:2])

        def each(parts: Sequence[Any]) -> None:
            for block in map(plan.block, parts):
                part = kernel.forward(*block.take(x, y, sigma))
                mean[block.clouds, block.rows], log[block.clouds, block.rows] = (p.to(x.dtype) for p in part)

        _share_out(each, plan, x, y)
        return _as_given(mean, plan.order_x), _as_given(log, plan.order_x)

    @staticmethod
    def backward(ctx: Any, by_mean: Tensor, by_log: Tensor) -> tuple[Tensor | None, ...]:
        plan, (for_x, for_y) = ctx.plan, ctx.needs_input_grad[:2]
        if torch.is_grad_enabled():  # a derivative of the gradient is wanted: by what torch can derive again
            x, y = ctx.saved_tensors
            wanted = [cloud for cloud, want in ((x, for_x), (y, for_y)) if want]
            made = kernel.plain(x, y, _column(ctx.widths, x))
            found = iter(torch.autograd.grad(made, wanted, (by_mean, by_log), create_graph=True))
            return (next(found) if for_x else None, next(found) if for_y else None, None, None)
        x, y = (
            _sorted(c.detach(), order)
            for c, order in zip(ctx.saved_tensors, (plan.order_x, plan.order_y), strict=True)
        )
        by_mean, by_log = _sorted(by_mean, plan.order_x), _sorted(by_log, plan.order_x)
        sigma = _column(ctx.widths, x.double())
        grad_x = torch.empty_like(x)

        def each(parts: Sequence[Any]) -> Tensor:
            grad_y = torch.zeros_like(y)
            for block in map(plan.block, parts):
                near, far, width = block.take(x, y, sigma)
                mean, log = (by[block.clouds, block.rows].to(near.dtype) for by in (by_mean, by_log))
                by_x, by_y = kernel.backward(near, far, width, mean, log, for_y)
                grad_x[block.clouds, block.rows] = by_x.to(x.dtype)
                if by_y is not None:
                    block.add(grad_y, by_y.to(x.dtype))
            return grad_y

        with torch.autocast(x.device.type, enabled=False):
            grad_y = sum(_share_out(each, plan, x, y))
        return (
            _as_given(grad_x, plan.order_x),
            _as_given(grad_y, plan.order_y) if for_y else None,  # type: ignore[arg-type]
            None,
            None,
        )


def _share_out(function: Callable[[Sequence[Any]], Done], plan: Plan, x: Tensor, y: Tensor) -> list[Done]:
    """`function` of all parts of a plan; on a CPU by as many threads as earn more than they cost."""
    if x.device.type != "cpu":
        return [function(plan.parts)]
    pairs = len(x) * x.shape[1] * y.shape[1]
    threads = max(1, min(torch.get_num_threads(), len(plan.parts), pairs // _SHARE))
    if threads == 1:
        with one_thread():
            return [function(plan.parts)]
    return on_threads(function, [plan.parts[start::threads] for start in range(threads)], threads)


def _sorted(points: Tensor, order: Tensor | None) -> Tensor:
    if order is None:
        return points
    return points.take_along_dim(order if points.ndim == 2 else order[..., None], 1)


def _as_given(rows: Tensor, order: Tensor | None) -> Tensor:
    if order is None:
        return rows
    place = order if rows.ndim == 2 else order[..., None].expand_as(rows)
    return torch.empty_like(rows).scatter_(1, place, rows)
