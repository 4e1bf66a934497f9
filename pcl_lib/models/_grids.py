"""Regular points of the unit square and the unit sphere, in any number."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import torch
from jaxtyping import Float
from torch import Tensor

from pcl_lib.models._input_checks import check_points


def square_grid(n_points: int) -> Float[Tensor, "n 2"]:
    """`n_points` points of the unit square [0, 1]^2, row by row.

    The number of rows is the square root, rounded; the points are dealt to the rows as evenly as possible and
    spread over the whole width. A square number gives the square grid, corners included. A single point sits in the
    middle. Float64 on the CPU, (N, 2): first along a row, then from row to row.

    >>> square_grid(5).tolist()
    [[0.0, 0.0], [0.5, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]
    """
    check_points(n_points)
    rows = max(1, round(math.sqrt(n_points)))
    # Some devices have no float64, and the default one need not be that of a network.
    index = torch.arange(n_points, device="cpu")
    row = index * rows // n_points
    # Row r begins at the first index i with i * rows // n_points = r.
    start = -(-torch.arange(rows + 1, device="cpu") * n_points // rows)
    count = start[row + 1] - start[row]
    along = torch.where(count > 1, (index - start[row]) / (count - 1).clamp_min(1).double(), 0.5)
    across = row / (rows - 1) if rows > 1 else torch.full((n_points,), 0.5, device="cpu")
    return torch.stack((along, across.double()), -1)


def sphere_grid(n_points: int) -> Float[Tensor, "n 3"]:
    r"""`n_points` points of the unit sphere, almost evenly spread: the Fibonacci lattice.

    .. math:: z_i = 1 - \frac{2i + 1}{N}, \qquad \varphi_i = i \, \pi (3 - \sqrt 5)

    Float64 on the CPU, (N, 3), from the north pole to the south. Reference: gonzalez2010fibonacci.

    >>> sphere_grid(2).norm(dim=-1).tolist(), sphere_grid(2)[:, 2].tolist()
    ([1.0, 1.0], [0.5, -0.5])
    """
    check_points(n_points)
    i = torch.arange(n_points, dtype=torch.float64, device="cpu")
    z = 1 - (2 * i + 1) / n_points
    angle = i * (math.pi * (3 - math.sqrt(5)))
    ring = (1 - z * z).sqrt()
    return torch.stack((ring * angle.cos(), ring * angle.sin(), z), -1)


def placed(make: Callable[..., Tensor], *sizes: int | float, like: Tensor) -> Tensor:
    """`make(*sizes)`, of the dtype and on the device of `like`.

    On a GPU it is kept: to compute it on the CPU and copy it would make every pass of a network wait.
    """
    if like.device.type == "cpu":
        return make(*sizes).to(like)
    return _kept(make, sizes, like.dtype, like.device)


@lru_cache(maxsize=32)
def _kept(
    make: Callable[..., Tensor], sizes: tuple[int | float, ...], dtype: torch.dtype, device: torch.device
) -> Tensor:
    with torch.inference_mode(False):  # or what is first made in inference could never be trained with
        return make(*sizes).to(device, dtype)


def sheet(n_points: int, extent: float) -> Float[Tensor, "n 2"]:
    """`square_grid`, moved and scaled to [-extent, extent]^2."""
    return extent * (2 * square_grid(n_points) - 1)


def random_square(shape: tuple[int, ...], like: Tensor, generator: torch.Generator | None) -> Tensor:
    """Points (.., 2) uniform in the unit square, of the dtype and on the device of `like`."""
    device = generator.device if generator is not None else like.device
    return torch.rand((*shape, 2), dtype=like.dtype, device=device, generator=generator).to(like.device)


def random_sphere(shape: tuple[int, ...], like: Tensor, generator: torch.Generator | None) -> Tensor:
    """Points (.., 3) uniform on the unit sphere, of the dtype and on the device of `like`."""
    device = generator.device if generator is not None else like.device
    draws = torch.randn((*shape, 3), dtype=like.dtype, device=device, generator=generator)
    return torch.nn.functional.normalize(draws, dim=-1).to(like.device)
