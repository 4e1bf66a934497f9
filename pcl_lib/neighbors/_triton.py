"""Nearest neighbours and farthest points by Triton: a kernel of our own for float32 on CUDA, in up to three dimensions.

All differences are exact ones, nothing of size N * M is stored, and nothing waits for the device.
"""

from __future__ import annotations

import importlib.util
from functools import lru_cache

import torch
from torch import Tensor

from pcl_lib._checks import in_transform

MOST_DIMS = 3
# Beyond this one program a cloud, which is how farthest points are found, leaves too much of the GPU idle.
MOST_FARTHEST = 1 << 17
# Programs that fill a large GPU, four on each of its multiprocessors; fewer points of y than _PART a program are no
# work for one.
_PROGRAMS = 512
_PART = 256
# Each operation is rounded as it is written; farthest points as on a CPU, or one of two nearly equal ones would differ.
_FUSION = False
# Points of a cloud whose coordinates and gaps one program keeps in its registers.
_IN_REGISTERS = 8192


def available(device: torch.device) -> bool:
    """Whether Triton runs on `device`: it is installed, and a first, tiny search came out right (tried once)."""
    return _obstacle(device) is None


def serves(x: Tensor, k: int | None = 1) -> bool:
    """Whether clouds such as `x` (.., N, D) are this engine's, and it can run."""
    return _misfit(x, k) is None and available(x.device)


def serves_farthest(x: Tensor) -> bool:
    """The same for farthest points of `x` (.., N, D)."""
    return x.shape[-2] <= MOST_FARTHEST and not in_transform() and serves(x)


def check(x: Tensor, k: int | None = 1) -> None:
    """Raise `ValueError` unless `x` (.., N, D) and `k` are this engine's, `RuntimeError` with the reason if it cannot
    run. k is None where the data decide it."""
    if misfit := _misfit(x, k):
        raise ValueError(f'backend="triton" {misfit}; use backend="auto"')
    if obstacle := _obstacle(x.device):
        raise RuntimeError(f'backend="triton" {obstacle}, or use backend="auto"')


def check_farthest(x: Tensor) -> None:
    """The same for farthest points of `x` (.., N, D)."""
    check(x)
    if x.shape[-2] > MOST_FARTHEST:
        raise ValueError(
            f'backend="triton" finds farthest points of up to {MOST_FARTHEST:,} points, received {x.shape[-2]:,}; '
            'use backend="auto"'
        )
    if in_transform():
        raise ValueError('backend="triton" finds no farthest points under torch.func; use backend="auto"')


def _misfit(x: Tensor, k: int | None) -> str | None:
    if x.device.type != "cuda":
        return f"runs on CUDA alone, received clouds on {x.device}"
    if x.dtype != torch.float32:
        return f"takes float32 alone, received {str(x.dtype).removeprefix('torch.')}"
    if x.shape[-1] > MOST_DIMS:
        return f"takes clouds of D = 1, 2 or 3, received D = {x.shape[-1]}"
    if k != 1:
        return "finds one neighbour of each point, k = 1, received " + (
            f"k = {k}" if k else "a ball of points"
        )
    return None


def _obstacle(device: torch.device) -> str | None:
    if importlib.util.find_spec("triton") is None:
        return "needs Triton: pip install triton"
    return _first_search(str(device))


@lru_cache(maxsize=16)
def _first_search(device: str) -> str | None:
    """None if a search and farthest points on the device come out right, else what went wrong."""
    try:
        corners = torch.tensor([[[0, 0, 0], [4, 0, 0], [0, 2, 0]]], dtype=torch.float32, device=device)
        found = search(corners.flip(1), corners, 1).flatten().tolist()
        far = farthest(corners, 3, 0).flatten().tolist()
    except Exception as error:  # noqa: BLE001  # whatever the compiler, the loader or the driver raised
        return f"failed in its first search on this device ({type(error).__name__}: {error})"
    return None if (found, far) == ([2, 1, 0], [0, 1, 2]) else "gave a wrong result in its first search"


def search(x: Tensor, y: Tensor, k: int) -> Tensor:
    """Index (B, N, 1) of the nearest point of y (B, M, D) to each of x (B, N, D), the first of equally near ones.
    k is 1."""
    assert k == 1
    from pcl_lib.neighbors._triton_kernels import TILE, nearest_kernel

    x, y = x.contiguous(), y.contiguous()
    (clouds, n, dim), m = x.shape, y.shape[1]
    # More points of x a thread are fewer reads of y, where there are enough of them.
    width = 512 if n >= 1024 and clouds * n >= 1 << 15 else min(128, max(32, _power_of_two(n)))
    programs = clouds * -(-n // width)
    # Where that leaves the GPU idle, several programs share the points of y.
    part = max(-(-m // -(-_PROGRAMS // programs)), _PART)
    part += -part % TILE.value
    parts = -(-m // part)
    index = torch.empty((parts, clouds, n), dtype=torch.int64, device=x.device)
    least = torch.empty(index.shape if parts > 1 else 1, dtype=x.dtype, device=x.device)
    options = {"num_warps": min(4, width // 32), "enable_fp_fusion": _FUSION}
    with torch.cuda.device_of(x):  # Triton launches on the device that is current, on its current stream
        nearest_kernel[(programs, parts)](
            x, y, index, least, clouds, n, m, part, D=dim, WIDTH=width, KEEP=parts > 1, **options
        )
    if parts == 1:
        return index[0, ..., None]
    return index.gather(0, least.argmin(0, keepdim=True))[0, ..., None]


def search_each_way(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Index (B, N, 1) of the nearest point of y to each of x, and (B, M, 1) of x to each of y."""
    return search(x, y, 1), search(y, x, 1)


def farthest(x: Tensor, m: int, start: int) -> Tensor:
    """Index (B, m) of the farthest points of x (B, N, D), one program a cloud, from the point `start` on."""
    from pcl_lib.neighbors._triton_kernels import farthest_kernel, farthest_kernel_in_memory

    x = x.contiguous()
    clouds, n, dim = x.shape
    index = torch.full((clouds, m), start, dtype=torch.int64, device=x.device)
    with torch.cuda.device_of(x):
        if n <= _IN_REGISTERS:
            width = max(32, _power_of_two(n))
            farthest_kernel[(clouds,)](
                x,
                index,
                n,
                m,
                D=dim,
                WIDTH=width,
                num_warps=max(1, min(16, width // 256)),
                enable_fp_fusion=_FUSION,
            )
        else:
            gap = torch.full((clouds, n), torch.inf, dtype=x.dtype, device=x.device)
            farthest_kernel_in_memory[(clouds,)](
                x, gap, index, n, m, D=dim, WIDTH=_IN_REGISTERS, num_warps=32, enable_fp_fusion=_FUSION
            )
    return index


def _power_of_two(n: int) -> int:
    return 1 << (n - 1).bit_length()
