"""Every distance, plain torch, a block of rows at a time so that memory stays bounded."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

# Entries of one block of the distance matrix; on a GPU of the differences of which it is made, D times as many. On a
# CPU a block should stay in the cache, on a GPU it should fill the machine.
_BLOCK = {"cpu": 1 << 19, "cuda": 1 << 26}
# The same for a copy of rows of a matrix.
_ROWS = {"cpu": 1 << 18, "cuda": 1 << 26}


def search(x: Tensor, y: Tensor, k: int) -> Tensor:
    """Index (B, N, k) of the k nearest points of y (B, M, D) to each of x (B, N, D), nearest first."""
    index = x.new_empty((*x.shape[:2], k), dtype=torch.int64)
    for b, rows, sq in blocks(x, y):
        if k == 1:
            index[b, rows, 0] = sq.argmin(-1)
        else:
            index[b, rows] = sq.topk(k, dim=-1, largest=False).indices
    return index


def search_each_way(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Index (B, N, 1) of the nearest point of y to each of x, and (B, M, 1) of x to each of y: one pass."""
    forward = x.new_empty(x.shape[:2], dtype=torch.int64)
    backward = y.new_zeros(y.shape[:2], dtype=torch.int64)
    best = y.new_full(y.shape[:2], torch.inf)
    for b, rows, sq in blocks(x, y):
        forward[b, rows] = sq.argmin(-1)
        least, row = sq.min(-2)
        if sq.shape[-2] == x.shape[1]:
            backward[b] = row
            continue
        closer = least < best[b]
        best[b] = torch.where(closer, least, best[b])
        backward[b] = torch.where(closer, row + rows.start, backward[b])
    return forward[..., None], backward[..., None]


def count_within(x: Tensor, y: Tensor, sq_radius: float) -> Tensor:
    """Number (B, N) of points of y at squared distance at most `sq_radius` from each point of x."""
    count = x.new_empty(x.shape[:2], dtype=torch.int64)
    for b, rows, sq in blocks(x, y):
        count[b, rows] = (sq <= sq_radius).sum(-1)
    return count


def two_cheapest(x: Tensor, y: Tensor, price: Tensor, squared: bool) -> tuple[Tensor, Tensor, Tensor]:
    """For each point of x (N, D): index (N,) of the cheapest point of y (M, D), its cost, the second lowest cost.

    The cost of a point is its distance, or squared distance, plus its price (M,).
    """
    parts = []
    for _, _, cost in blocks(x[None], y[None]):
        total = (cost if squared else cost.sqrt_()).add_(price)
        parts.append(_two_least(total.flatten(0, -2)))
    return tuple(torch.cat(column) for column in zip(*parts, strict=True))  # type: ignore[return-value]


def two_smallest(matrix: Tensor, price: Tensor, cloud: Tensor, row: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The same where the costs are at hand, (B, N, M) with prices (B, M), for the rows `row` (R,) of clouds (R,)."""
    step = max(1, _ROWS.get(matrix.device.type, 1 << 22) // matrix.shape[2])
    rows, at = matrix.flatten(0, 1), cloud * matrix.shape[1] + row
    if matrix.device.type == "cpu":
        numbers, prices = rows.numpy(), price.numpy()
        single = len(prices) == 1
        parts = [
            _two_least_numpy(numbers[a.numpy()] + (prices if single else prices[b.numpy()]))
            for a, b in zip(at.split(step), cloud.split(step), strict=True)
        ]
    else:
        parts = [
            _two_least(rows[a] + price[b]) for a, b in zip(at.split(step), cloud.split(step), strict=True)
        ]
    return tuple(torch.cat(column) for column in zip(*parts, strict=True))  # type: ignore[return-value]


def _two_least(total: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    best, where = total.min(1)
    return where, best, total.scatter_(1, where[:, None], torch.inf).amin(1)


def _two_least_numpy(total: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
    # Four times faster than torch on a CPU, whose minimum along rows is not vectorised.
    where, each = total.argmin(1), np.arange(len(total))
    best = total[each, where]
    total[each, where] = np.inf
    return torch.from_numpy(where), torch.from_numpy(best), torch.from_numpy(total.min(1))


def blocks(x: Tensor, y: Tensor) -> Iterator[tuple[int | slice, slice, Tensor]]:
    """Squared distances of a block of rows to all of y: (cloud, rows, matrix of shape (rows, M)).

    On a GPU, where an operation costs a launch, of several clouds: (clouds, rows, matrices of shape (clouds, rows, M)).

    Every block may lie in the same memory: what is to stay must be copied.
    """
    return (_one_by_one if x.device.type == "cpu" else _together)(x, y)


def _one_by_one(x: Tensor, y: Tensor) -> Iterator[tuple[int, slice, Tensor]]:
    step = max(1, _BLOCK["cpu"] // y.shape[1])
    # One axis at a time, each of them contiguous: no (rows, M, D) array, and rows that are read at full speed.
    x_axes, y_axes = x.mT.contiguous(), y.mT.contiguous()
    total = x.new_empty(min(step, x.shape[1]), y.shape[1])
    gap = torch.empty_like(total)
    for b in range(x.shape[0]):
        for start in range(0, x.shape[1], step):
            rows = slice(start, min(start + step, x.shape[1]))
            size = rows.stop - start
            # Differences, not |x|^2 + |y|^2 - 2 x.y: the expansion loses half of the digits and can turn negative.
            square, difference = total[:size], gap[:size]
            torch.sub(x_axes[b, 0, rows, None], y_axes[b, 0], out=square).square_()
            for d in range(1, x.shape[2]):
                torch.sub(x_axes[b, d, rows, None], y_axes[b, d], out=difference)
                square.addcmul_(difference, difference)
            yield b, rows, square


def _together(x: Tensor, y: Tensor) -> Iterator[tuple[slice, slice, Tensor]]:
    """The same for a GPU: as many clouds at once as a block has room for, and all axes: three launches a block."""
    (clouds, n, dim), m = x.shape, y.shape[1]
    entries = max(1, _BLOCK.get(x.device.type, 1 << 22) // (m * dim))
    step, several = min(entries, n), max(1, entries // n)
    # The axes come first, so that the sum over them reads and writes along rows.
    x_axes, y_axes = x.movedim(2, 0).contiguous(), y.movedim(2, 0).contiguous()
    for b in range(0, clouds, several):
        batch = slice(b, min(b + several, clouds))
        for start in range(0, n, step):
            rows = slice(start, min(start + step, n))
            difference = x_axes[:, batch, rows, None] - y_axes[:, batch, None]
            yield batch, rows, difference.square_().sum(0)
