"""One noise level against ten, and where points start: what fails is the field, or the mixing (ShapeGF, Table 4).

A network that is sampled at a level which it was never trained on has a wrong field; a field that is right mixes too
slowly at one level, and its mass stays where it fell. The exact field has the second failure alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from pcl_lib.distances import chamfer, displacement, emd
from pcl_lib.losses import denoising_loss
from pcl_lib.models import GradientDecoder, annealed_langevin, langevin_start, noise_levels
from pcl_lib.trainers import FieldRates, GradientField, fit

Field = Callable[[Tensor, float], Tensor]

SINGLE = (0.1, 0.05, 0.01)  # the levels of the paper's table
STEPS = 100  # of every sampler, as many as ten levels of ten have
EXACT, TEN, ONE = "exact field", "network trained on ten levels", "network trained on this level"
FIELDS = (EXACT, TEN, ONE)
ANNEALED = "ten levels"
INSIDE, OUTSIDE = ("uniform", "one point", "Gaussian"), ("distance 10", "distance 100")


class Quality(NamedTuple):
    """Of points against others of the same shape: squared `cd`, its directions `to_truth` and `coverage`, and exact
    `emd` in lengths. A wrong field shows in `to_truth`, mass in the wrong place in `coverage` and `emd`."""

    cd: float
    to_truth: float
    coverage: float
    emd: float


def quality(made: Float[Tensor, "n d"], truth: Float[Tensor, "n d"]) -> Quality:
    """Points against as many others.

    >>> points = torch.tensor([[0.0, 0.0], [1.0, 0.0]])
    >>> quality(points, points + torch.tensor([0.0, 0.1]))
    Quality(cd=0.02, to_truth=0.01, coverage=0.01, emd=0.1)
    """
    there, back = (float(chamfer(made, truth, combine=way)) for way in ("forward", "backward"))
    return Quality(there + back, there, back, float(emd(made, truth).value))


def exact_field(cloud: Float[Tensor, "m d"]) -> Field:
    """The field of the points themselves."""
    return lambda points, sigma: displacement(points, cloud, sigma)


def learned_field(
    cloud: Float[Tensor, "m d"],
    sigmas: Sequence[float],
    *,
    steps: int = 1500,
    points: int = 256,
    hidden: int = 64,
    blocks: int = 3,
    rate: float = 2e-3,
    seed: int = 0,
) -> Field:
    """The field of one shape by a network without a code, trained on these noise levels, all of them in each step.

    - `points`: drawn from the cloud, with replacement, in a step. `hidden`, `blocks`: of the network.

    Cost: about 20 ms a step on one core, with ten levels.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        decoder = GradientDecoder(0, cloud.shape[-1], hidden=hidden, blocks=blocks)
    loss = partial(denoising_loss, sigmas=list(sigmas))
    method = GradientField(decoder, loss=loss, steps=steps, rates=FieldRates(rate, rate), draw=points)
    fit(method, cloud[None], batch_size=1, steps=steps, seed=seed, progress=False)
    return decoder.eval().field()


def at_levels(
    fields: Mapping[str, Field],
    own: Mapping[float, Field],
    truth: Float[Tensor, "n d"],
    *,
    levels: Sequence[float] = SINGLE,
    seeds: Sequence[int] = (0,),
) -> dict[tuple[str, str], list[Quality]]:
    """The left half of Table 4: by field and level, the quality with each seed; every sampler has 100 steps.

    - `fields`: `EXACT` and `TEN`, which are sampled at each of the `levels` and annealed ("ten levels");
    - `own`: by level, the network that was trained on it alone, which is sampled there alone;
    - `truth`: points that none of the fields was made from, as many as are drawn.
    """
    found: dict[tuple[str, str], list[Quality]] = {}
    for name, field in fields.items():
        found[name, ANNEALED] = [
            _drawn(field, truth, noise_levels(), seed, steps=STEPS // 10) for seed in seeds
        ]
        for level in levels:
            found[name, f"{level:g}"] = [_drawn(field, truth, [level], seed) for seed in seeds]
    for level, field in own.items():
        found[ONE, f"{level:g}"] = [_drawn(field, truth, [level], seed) for seed in seeds]
    return found


def starts(n: int, dims: int, *, seed: int = 0) -> dict[str, Float[Tensor, "n d"]]:
    """Where points may start, inside of the box and outside of it, all of one number: so all meet the same noise."""
    aside = [1.0] + [0.0] * (dims - 1)
    far = {
        f"distance {length}": langevin_start("point", (n, dims), at=[length * each for each in aside])
        for length in (10, 100)
    }
    return {
        "uniform": langevin_start("uniform", (n, dims), seed=seed),
        "one point": langevin_start("point", (n, dims)),
        "Gaussian": langevin_start("gaussian", (n, dims), seed=seed),
        **far,
    }


def from_starts(
    field: Field,
    truth: Float[Tensor, "n d"],
    *,
    more: Mapping[str, Tensor] | None = None,
    seeds: Sequence[int] = (0,),
) -> dict[str, list[Quality]]:
    """The right half of Table 4: by start, the quality with each seed, whose noise is the same for all starts.

    A field that flies off from far away gives no finite points; its quality is infinite.

    - `more`: further starts (N, D) by name, such as the letters of a word.
    """
    found: dict[str, list[Quality]] = {}
    for seed in seeds:
        for name, start in {**starts(*truth.shape, seed=seed), **(more or {})}.items():
            found.setdefault(name, []).append(_from(field, start, truth, seed))
    return found


def _from(field: Field, start: Tensor, truth: Tensor, seed: int) -> Quality:
    try:
        made = annealed_langevin(field, start, noise_levels(), seed=seed + 1).points
        return quality(made, truth)
    except ValueError:  # not finite, or so far away that squares overflow
        return Quality(*[float("inf")] * 4)


def _drawn(field: Field, truth: Tensor, levels: Sequence[float], seed: int, *, steps: int = STEPS) -> Quality:
    start = langevin_start("uniform", tuple(truth.shape), seed=seed)
    try:
        made = annealed_langevin(field, start, levels, steps=steps, seed=seed + 1_000_000).points
        return quality(made, truth)
    except ValueError:
        return Quality(*[float("inf")] * 4)
