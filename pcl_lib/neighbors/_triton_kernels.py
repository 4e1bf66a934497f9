"""The kernels of the Triton engines, for clouds (B, N, D) of float32, contiguous, D from 1 to 3.

A file of its own: importing it imports Triton, which nobody needs without a GPU. Triton reads the text of each kernel,
and must find the function as it was written: `no_type_check` keeps checkers of types from wrapping it.
"""

from __future__ import annotations

from typing import no_type_check

import triton
import triton.language as tl

# Sizes are not compiled for (`do_not_specialize`): clouds of any size run what is compiled for D and WIDTH.
# Points of y that are compared with before the least distance is looked at again.
TILE = tl.constexpr(16)


@triton.jit
@no_type_check
def _square(x0, x1, x2, y, D: tl.constexpr, mask=None):
    """Squared distance of points, by their coordinates, to the point or points of y at an address."""
    d0 = x0 - tl.load(y, mask)
    square = d0 * d0
    if D > 1:
        d1 = x1 - tl.load(y + 1, mask)
        square = tl.fma(d1, d1, square)
    if D > 2:
        d2 = x2 - tl.load(y + 2, mask)
        square = tl.fma(d2, d2, square)
    return square


@triton.jit
@no_type_check
def _coordinates(x, D: tl.constexpr, mask):
    """The coordinates of points at addresses; those that are missing are the first again, and not looked at."""
    x0 = tl.load(x, mask, 0.0)
    x1, x2 = x0, x0
    if D > 1:
        x1 = tl.load(x + 1, mask, 0.0)
    if D > 2:
        x2 = tl.load(x + 2, mask, 0.0)
    return x0, x1, x2


@triton.jit(do_not_specialize=["clouds", "n", "m", "part"])
@no_type_check
def nearest_kernel(
    x_ptr,
    y_ptr,
    index_ptr,
    least_ptr,
    clouds,
    n,
    m,
    part,
    D: tl.constexpr,
    WIDTH: tl.constexpr,
    KEEP: tl.constexpr,
):
    """Index (parts, B, N) of the nearest point of y to each of x within each part of y, first of equals; with KEEP
    also how near, (parts, B, N). A distance that is not a number counts as the least, as it does to torch.

    Each program has WIDTH points of one cloud x and looks at `part` points of y: a whole number of tiles.
    """
    wide = (n + WIDTH - 1) // WIDTH
    program = tl.program_id(0)
    b = (program // wide).to(tl.int64)
    row = (program % wide).to(tl.int64) * WIDTH + tl.arange(0, WIDTH)
    begin = tl.program_id(1).to(tl.int64) * part
    inside = row < n
    x0, x1, x2 = _coordinates(x_ptr + (b * n + row) * D, D, inside)
    first = y_ptr + (b * m + begin) * D
    size = tl.minimum(m - begin, part)

    # The least distance of a tile at a time, and which tile it was; where in the tile is found once, at the end.
    least = tl.full((WIDTH,), float("inf"), tl.float32)
    tile = tl.zeros((WIDTH,), tl.int64)
    full = size - size % TILE
    for start in range(0, full, TILE):
        near = _square(x0, x1, x2, first + start * D, D)
        for j in tl.static_range(1, TILE):
            square = _square(x0, x1, x2, first + (start + j) * D, D)
            near = tl.minimum(near, square, propagate_nan=tl.PropagateNan.ALL)
        # Not `near < least`: what is not a number is less than any, once.
        closer = (near < least) | ((near != near) & (least == least))
        tile = tl.where(closer, start, tile)
        least = tl.where(closer, near, least)
    for start in range(full, size):
        square = _square(x0, x1, x2, first + start * D, D)
        closer = (square < least) | ((square != square) & (least == least))
        tile = tl.where(closer, full, tile)
        least = tl.where(closer, square, least)

    best = tl.full((WIDTH,), float("inf"), tl.float32)
    where = tile
    for j in range(TILE):
        exists = tile + j < size
        square = _square(x0, x1, x2, first + (tile + j) * D, D, exists)
        square = tl.where(square != square, float("-inf"), square)
        closer = exists & (square < best)
        where = tl.where(closer, tile + j, where)
        best = tl.where(closer, square, best)

    place = (tl.program_id(1).to(tl.int64) * clouds + b) * n + row
    tl.store(index_ptr + place, begin + where, mask=inside)
    if KEEP:
        tl.store(least_ptr + place, best, mask=inside)


@triton.jit(do_not_specialize=["n", "m"])
@no_type_check
def farthest_kernel(x_ptr, index_ptr, n, m, D: tl.constexpr, WIDTH: tl.constexpr):
    """Index (B, m) of farthest points of clouds of at most WIDTH points: one program a cloud, all in registers.

    The first of the m must be in its place.
    """
    b = tl.program_id(0).to(tl.int64)
    x = x_ptr + b * n * D
    row = tl.arange(0, WIDTH)
    inside = row < n
    x0, x1, x2 = _coordinates(x + row * D, D, inside)
    gap = tl.where(inside, float("inf"), -2.0)
    last = tl.load(index_ptr + b * m).to(tl.int32)
    for t in range(1, m):
        gap = tl.minimum(gap, _plain_square(x0, x1, x2, x + last * D, D))
        gap = tl.where(row == last, -1.0, gap)
        last = tl.argmax(gap, 0)
        tl.store(index_ptr + b * m + t, last.to(tl.int64))


@triton.jit(do_not_specialize=["n", "m"])
@no_type_check
def farthest_kernel_in_memory(x_ptr, gap_ptr, index_ptr, n, m, D: tl.constexpr, WIDTH: tl.constexpr):
    """The same for more points, WIDTH at a time: `gap_ptr` (B, N), infinite, holds how far each is from the chosen."""
    b = tl.program_id(0).to(tl.int64)
    x = x_ptr + b * n * D
    gaps = gap_ptr + b * n
    last = tl.load(index_ptr + b * m).to(tl.int32)
    for t in range(1, m):
        far = tl.full((), -2.0, tl.float32)
        next_one = last
        for start in range(0, n, WIDTH):
            row = start + tl.arange(0, WIDTH)
            inside = row < n
            x0, x1, x2 = _coordinates(x + row * D, D, inside)
            gap = tl.load(gaps + row, inside, -2.0)
            gap = tl.minimum(gap, _plain_square(x0, x1, x2, x + last * D, D))
            gap = tl.where(row == last, -1.0, gap)
            tl.store(gaps + row, gap, mask=inside)
            most, place = tl.max(gap, 0, return_indices=True)
            next_one = tl.where(most > far, start + place, next_one)
            far = tl.maximum(most, far)
        last = next_one
        tl.store(index_ptr + b * m + t, last.to(tl.int64))


@triton.jit
@no_type_check
def _plain_square(x0, x1, x2, y, D: tl.constexpr):
    """As `_square`, rounded after each operation, as torch's are: the greedy choice must be the same on a CPU."""
    d0 = x0 - tl.load(y)
    square = d0 * d0
    if D > 1:
        d1 = x1 - tl.load(y + 1)
        square = square + d1 * d1
    if D > 2:
        d2 = x2 - tl.load(y + 2)
        square = square + d2 * d2
    return square
