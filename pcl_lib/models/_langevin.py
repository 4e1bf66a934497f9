"""Points drawn from a gradient field: annealed Langevin dynamics, its noise levels and where it may start."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pcl_lib._checks import check_cloud, check_integer, check_option, check_positive
from pcl_lib._seeded import Seed, seeded
from pcl_lib.neighbors.building_blocks import check_ladder

PRIORS = ("uniform", "gaussian", "point")


def noise_levels(largest: float = 1.0, smallest: float = 0.01, count: int = 10) -> list[float]:
    r"""Noise levels that fall by one factor, largest first.

    .. math:: \sigma_i = \exp\Bigl(\log \sigma_1 + \frac{i - 1}{k - 1} (\log \sigma_k - \log \sigma_1)\Bigr)

    Of one level alone it is the largest. Unit: length. Errors: `ValueError` for a level that is not positive, a
    smallest above the largest, or a count below 1. Reference: cai2020shapegf, song2019ncsn.

    >>> [round(sigma, 3) for sigma in noise_levels(1.0, 0.01, 5)]
    [1.0, 0.316, 0.1, 0.032, 0.01]
    """
    check_positive("largest", largest, "length")
    check_positive("smallest", smallest, "length")
    check_integer("count", count, 1)
    if smallest > largest:
        raise ValueError(f"smallest must be at most largest ({largest}), received {smallest}; swap them")
    if count == 1:
        return [float(largest)]
    high, low = math.log(largest), math.log(smallest)
    return [math.exp(high + i / (count - 1) * (low - high)) for i in range(count)]


class LangevinSettings(NamedTuple):
    """How points are drawn: the noise levels, the steps at each, and the share of the displacement that a step takes.

    `alpha`: the step size of the paper's Algorithm 2 that this is, alpha = 2 ratio sigma_k^2.
    """

    sigmas: tuple[float, ...]
    steps: int = 10
    ratio: float = 1.0

    @property
    def alpha(self) -> float:
        return 2 * self.ratio * self.sigmas[-1] ** 2


# Of the paper (C.2) and the released configurations: for auto-encoding; for generation, with half as many levels;
# for one shape by itself, down to half the smallest level and so with alpha = 5e-5.
LANGEVIN_SETTINGS = {
    "auto-encoding": LangevinSettings(tuple(noise_levels())),
    "generation": LangevinSettings(tuple(noise_levels(count=5))),
    "single shape": LangevinSettings(tuple(noise_levels(smallest=0.005))),
}


class Drawn(NamedTuple):
    """`points` at the end, of the shape of the start, and the `path`: the start and the points after each step, if the
    trajectory was asked for."""

    points: Tensor
    path: list[Tensor]


@torch.no_grad()
def annealed_langevin(
    field: Callable[[Tensor, float], Tensor],
    start: Float[Tensor, "*b n d"],
    sigmas: Sequence[float] | Tensor,
    *,
    steps: int = 10,
    ratio: float = 1.0,
    noise_first: bool = True,
    seed: Seed = 0,
    trajectory: bool = False,
) -> Drawn:
    r"""Draw points from a field: noise, then along the field, many times at ever smaller noise levels.

    .. math:: x' = x + \sqrt{2 r}\, \sigma_i \varepsilon, \qquad x \leftarrow x' + r\, y(x', \sigma_i)

    with y = sigma^2 times the score, r the ratio and eps from a normal distribution. This is the paper's Algorithm 2
    with the step size alpha = 2 r sigma_k^2: its alpha = 2e-4 for sigma_k = 0.01 is r = 1, a jump to where the field
    points. The last step has noise too. Of one level it is plain Langevin dynamics.

    - `field`: of points, in the shape of `start`, and of a noise level: displacements, not scores, such as
      `GradientDecoder.field` and `pcl_lib.distances.displacement`;
    - `start`: (N, D) or (B, N, D), any number of points; left as it is. See `langevin_start`;
    - `sigmas`: from the largest to the smallest, see `noise_levels`;
    - `steps`: at each level;
    - `ratio`: r, the share of the displacement that a step takes;
    - `noise_first`: False to follow the field first and end each step on its noise;
    - `seed`: of the noise. Starts of one shape get the same noise from the same seed;
    - `trajectory`: keep the points after each step: ``path[k * steps]`` are those after k levels.

    Returns `Drawn`. Cost: one call of the field a step, steps times levels in all; the trajectory is as many clouds.
    Errors: `ValueError` for levels that rise or are not positive, a network in training mode, and a field whose result
    has another shape or is not finite. Reference: cai2020shapegf (Algorithm 2), song2019ncsn.

    >>> from pcl_lib.distances import displacement
    >>> cloud = torch.tensor([[0.0, 0.0], [1.0, 0.0]])
    >>> drawn = annealed_langevin(
    ...     lambda x, sigma: displacement(x, cloud, sigma), langevin_start("uniform", (100, 2)), noise_levels()
    ... )
    >>> bool(torch.cdist(drawn.points, cloud).amin(1).max() < 0.05)
    True
    """
    levels = check_ladder(sigmas)
    steps = check_integer("steps", steps, 1)
    check_positive("ratio", ratio)
    check_cloud(start, "start")
    if isinstance(field, nn.Module) and field.training:
        raise ValueError(
            "field must be a network in eval mode, received one in training mode, whose batch norm would take its "
            "statistics from the points that it moves; call .eval() first"
        )
    generator = seeded(seed)
    points = start.detach().clone()
    path = [points] if trajectory else []
    for sigma in levels:
        for step in range(steps):
            noise = math.sqrt(2 * ratio) * sigma * _normal(points, generator)
            if noise_first:
                points = points + noise
            points = points + ratio * _moved(field, points, sigma, step)
            if not noise_first:
                points = points + noise
            if trajectory:
                path.append(points)
    return Drawn(points, path)


def langevin_start(
    prior: str,
    shape: tuple[int, ...],
    *,
    half_width: float = 1.5,
    std: float = 1.0,
    at: float | Sequence[float] = 0.0,
    seed: Seed = 0,
) -> Tensor:
    """Points to begin from.

    - `prior`: "uniform" in a box, the released one; "gaussian"; or "point", all in one place;
    - `shape`: (N, D) or (B, N, D);
    - `half_width`: of the box, which reaches from -half_width to half_width along each axis;
    - `std`: of the Gaussian;
    - `at`: the middle of box or Gaussian, or the place: one number for all axes, or D of them;
    - `seed`: of the draw.

    `pcl_lib.data.letters` starts from the letters of a word. Float32 on the CPU. Unit: length.
    Errors: `ValueError` for an unknown prior or a shape without points. Reference: cai2020shapegf.

    >>> langevin_start("point", (2, 3), at=(0.0, 0.0, 1.0)).tolist()
    [[0.0, 0.0, 1.0], [0.0, 0.0, 1.0]]
    """
    check_option("prior", prior, PRIORS)
    check_positive("half_width", half_width, "length")
    check_positive("std", std, "length")
    if len(shape) not in (2, 3) or min(shape) < 1:
        raise ValueError(f"shape must be (N, D) or (B, N, D), received {tuple(shape)}")
    place = torch.as_tensor(at, dtype=torch.float32, device="cpu")
    if place.ndim > 1 or (place.ndim == 1 and len(place) != shape[-1]):
        raise ValueError(f"at must be one number or {shape[-1]} of them, received {at!r}")
    if prior == "point":
        return place.expand(shape).clone()
    generator = seeded(seed)
    if prior == "uniform":
        return place + half_width * (2 * torch.rand(shape, generator=generator, device="cpu") - 1)
    return place + std * torch.randn(shape, generator=generator, device="cpu")


def _normal(like: Tensor, generator: torch.Generator) -> Tensor:
    """Drawn on the generator's device: the same numbers wherever the points are."""
    drawn = torch.randn(like.shape, generator=generator, dtype=like.dtype, device=generator.device)
    return drawn.to(like.device)


def _moved(field: Callable[[Tensor, float], Tensor], points: Tensor, sigma: float, step: int) -> Tensor:
    found = field(points, sigma)
    if not isinstance(found, Tensor) or found.shape != points.shape:
        received = f"shape {tuple(found.shape)}" if isinstance(found, Tensor) else type(found).__name__
        raise ValueError(
            f"field must give a displacement for each point, {tuple(points.shape)}, received {received}"
        )
    if not bool(torch.isfinite(found).all()):
        count = int((~torch.isfinite(found)).sum())
        raise ValueError(
            f"field must give finite displacements, received {count} entries that are not, at sigma = {sigma:.3g} in "
            f"step {step}; did the network diverge in training, or the points leave the region that it knows?"
        )
    return found
