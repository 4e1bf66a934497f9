"""Sinkhorn's iterations for the divergence of batches of clouds, and where they have converged."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from pcl_lib._quiet import import_quietly

MAX_ROUNDS = 20_000
# Potentials carry rounding of this many units in the last place of the largest cost.
_ROUNDING = 32

# Potential (B, N) of x at a temperature, from the potential (B, M) of y.
Softmin = Callable[[float, Tensor], Tensor]


def dense(x: Tensor, y: Tensor, p: int) -> Softmin:
    """With the costs |x - y|^p / p in memory."""
    # Differences, not |x|^2 + |y|^2 - 2 x.y, which loses the digits of near points, and uses low-precision products.
    away = torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist")
    cost = away if p == 1 else away.square() / 2

    def softmin(eps: float, g: Tensor) -> Tensor:
        return eps * math.log(y.shape[1]) - eps * ((g[:, None] - cost) / eps).logsumexp(2)

    return softmin


def online(x: Tensor, y: Tensor, p: int) -> Softmin:
    """By KeOps, with nothing of the size N M in memory."""
    LazyTensor: Any = import_quietly("pykeops.torch").LazyTensor

    def softmin(eps: float, g: Tensor) -> Tensor:
        # The temperature goes into the coordinates, so that one compiled formula serves all.
        unit = eps if p == 1 else math.sqrt(2 * eps)
        x_i = LazyTensor((x / unit)[:, :, None].contiguous())
        y_j = LazyTensor((y / unit)[:, None].contiguous())
        square = ((x_i - y_j) ** 2).sum(-1)
        g_j = LazyTensor((g / eps)[:, None, :, None].contiguous())
        total = (g_j - (square.sqrt() if p == 1 else square)).logsumexp(2)
        return eps * math.log(y.shape[1]) - eps * total.reshape(x.shape[:2])

    return softmin


def divergence(
    x: Tensor,
    y: Tensor,
    p: int,
    blur: float,
    scaling: float,
    tolerance: float | None,
    extent: float,
    form: Callable[[Tensor, Tensor, int], Softmin],
) -> Tensor:
    """Divergence (B,) for the cost |x - y|^p / p; its gradient takes the potentials of the last round as given.

    Symmetric updates while the temperature falls from the extent of the clouds to the blur, as in geomloss: after as
    many rounds the value is geomloss's. With a tolerance, rounds at the last temperature follow until they change the
    mass of no point by more than this share.
    """
    u, v = x.detach(), y.detach()
    to_x, to_y, within_x, within_y = form(x, v, p), form(y, u, p), form(x, u, p), form(y, v, p)
    temperatures = _temperatures(p, extent, blur, scaling)
    eps = temperatures[-1]
    with torch.no_grad():
        hot = temperatures[0]
        zero_x, zero_y = u.new_zeros(u.shape[:2]), v.new_zeros(v.shape[:2])
        f, g = to_x(hot, zero_y), to_y(hot, zero_x)
        a, b = within_x(hot, zero_x), within_y(hot, zero_y)
        for t in temperatures:
            f, g = (f + to_x(t, g)) / 2, (g + to_y(t, f)) / 2
            a, b = (a + within_x(t, a)) / 2, (b + within_y(t, b)) / 2
        if tolerance is not None:
            close = max(tolerance * eps, _ROUNDING * torch.finfo(x.dtype).eps * extent**p)

            def in_turn(_: Tensor, g: Tensor) -> tuple[Tensor, Tensor]:
                f = to_x(eps, g)
                return f, to_y(eps, f)

            def half_way(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
                return (a + within_x(eps, a)) / 2, (b + within_y(eps, b)) / 2

            f, g = _converged(in_turn, f, g, close)
            a, b = _converged(half_way, a, b, close / 2)
    return (to_x(eps, g) - within_x(eps, a)).mean(1) + (to_y(eps, f) - within_y(eps, b)).mean(1)


def _converged(
    step: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]], f: Tensor, g: Tensor, close: float
) -> tuple[Tensor, Tensor]:
    for _ in range(MAX_ROUNDS):
        before, (f, g) = (f, g), step(f, g)
        if max((f - before[0]).abs().max().item(), (g - before[1]).abs().max().item()) <= close:
            return f, g
    raise RuntimeError(
        f"the potentials have not converged after {MAX_ROUNDS} rounds; take a larger blur or tolerance"
    )


def _temperatures(p: int, extent: float, blur: float, scaling: float) -> list[float]:
    falling = [extent]
    while falling[-1] * scaling > blur:
        falling.append(falling[-1] * scaling)
    return [scale**p for scale in (extent, *(falling if extent > blur else ()), blur)]
