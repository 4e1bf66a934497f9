"""One noise level against ten, and where points start: what fails is the field, or the mixing (ShapeGF, Table 4).

A network that is sampled at a level which it was never trained on has a wrong field; a field that is right mixes too
slowly at one level, and its mass stays where it fell. The exact field has the second failure alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

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


class WaveDecoder(GradientDecoder):
    """The decoder of one shape that sees its points together with waves: sin and cos of `waves` lengths 4, 2, 1 ..

    Not of the paper. A network that sees coordinates alone learns what is finer than its first layers slowly; with the
    waves one shape is learnt in a minute.

    >>> WaveDecoder(2, hidden=16, blocks=1)(torch.zeros(1, 5, 2), None, 0.1).shape
    torch.Size([1, 5, 2])
    """

    def __init__(self, dims: int, *, waves: int = 5, hidden: int = 64, blocks: int = 3) -> None:
        super().__init__(0, dims * (2 * waves + 1), hidden=hidden, blocks=blocks)
        self.out, self.waves = dims, waves

    def forward(self, points: Tensor, code: Tensor | None, sigma: Any) -> Tensor:
        angles = [2**k * math.pi / 2 * points for k in range(self.waves)]
        seen = torch.cat([points, *(wave for a in angles for wave in (a.sin(), a.cos()))], -1)
        return super().forward(seen, code, sigma)[..., : self.out]


# Of one shape in a minute: rates of decoder and (there is none) encoder, falling early and far.
LIVE_RATES = FieldRates(1e-2, 1e-2, start=0.1, length=0.9, end=0.001)


def learned_field(
    cloud: Float[Tensor, "m d"],
    sigmas: Sequence[float],
    *,
    steps: int = 1500,
    points: int = 128,
    waves: int = 5,
    hidden: int = 64,
    blocks: int = 3,
    rate: float = LIVE_RATES.decoder,
    seed: int = 0,
) -> Field:
    """The field of one shape by a `WaveDecoder`, trained on these noise levels, all of them in each step.

    - `points`: drawn from the cloud, with replacement, in a step;
    - `waves`, `hidden`, `blocks`: of the network, and the `rate` that its training begins with. From a few hundred
      points in space no waves and 2e-3 are better: short waves invent what lies between them.

    Cost: about 15 ms a step on one core, with ten levels.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        decoder = WaveDecoder(cloud.shape[-1], waves=waves, hidden=hidden, blocks=blocks)
    loss = partial(denoising_loss, sigmas=list(sigmas))
    rates = LIVE_RATES._replace(decoder=rate, encoder=rate)
    method = GradientField(decoder, loss=loss, steps=steps, rates=rates, draw=points)
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
