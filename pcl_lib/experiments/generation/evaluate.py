"""What samples are worth beside references: MMD, COV and 1-NNA, with and without near-duplicates within a set."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn

from pcl_lib.distances import chamfer
from pcl_lib.experiments.generation.data import boxed, sets
from pcl_lib.experiments.generation.known import with_twins
from pcl_lib.experiments.generation.settings import DISTANCES, THINNED, TWINS, Settings
from pcl_lib.experiments.runner.experiment import Measured, Run
from pcl_lib.experiments.runner.npz import Arrays, preview
from pcl_lib.metrics import approximate_emd, coverage, minimum_matching_distance, one_nn_accuracy, pairwise
from pcl_lib.models import annealed_langevin, langevin_start, noise_levels

_TOGETHER = 64  # clouds that are drawn at once
_QUANTILE = 0.95
# Where the noise of training reaches: a shape lies within 1, and the largest noise level is 1. A network that is hardly
# trained sends points beyond, where it grows without bound; it is asked at the border instead.
_REACH = 4.0


class Matrices(NamedTuple):
    """Distances within the samples (S, S), from samples to references (S, R), and within the references (R, R)."""

    samples: Tensor
    cross: Tensor
    references: Tensor

    def of(self, samples: Tensor, references: Tensor) -> Matrices:
        """Those of some rows alone."""
        return Matrices(
            self.samples[samples][:, samples],
            self.cross[samples][:, references],
            self.references[references][:, references],
        )


@torch.no_grad()
def draw(settings: Settings, modules: Mapping[str, Any], count: int) -> Float[Tensor, "b n d"]:
    """So many samples of a trained model, always from the same random numbers, each in its box."""
    if "known" in modules:
        return modules["known"].draw(count)
    for module in modules.values():
        module.eval()
    try:
        clouds = torch.cat(
            [_some(settings, modules, k, min(_TOGETHER, count - k)) for k in range(0, count, _TOGETHER)]
        )
    finally:
        for module in modules.values():
            module.train()
    return boxed(clouds)


def _some(settings: Settings, modules: Mapping[str, Any], first: int, count: int) -> Tensor:
    """`count` samples, of random numbers that belong to the number of the first."""
    if "generator" in modules:
        made = modules["generator"](modules["generator"].noise(count, seed=first))
        if "codes" not in modules:
            return made
        code = modules["codes"].restore(made)
    else:
        weight = next(modules["decoder"].parameters())
        generator = torch.Generator().manual_seed(first)
        code = torch.randn(count, settings.code_dim, generator=generator).to(weight)
    if "model" in modules:
        return modules["model"].decode(code)
    start = langevin_start("uniform", (count, settings.n_points, settings.dim), seed=first).to(code)
    field = modules["decoder"].field(code)
    return annealed_langevin(
        lambda points, sigma: field(points.clamp(-_REACH, _REACH), sigma),
        start,
        noise_levels(count=settings.levels),
        steps=settings.langevin_steps,
        seed=first + 1,
    ).points


def matrices(
    settings: Settings, samples: Tensor, references: Tensor, distance: str, *, known: Tensor | None = None
) -> Matrices:
    """All distances that the scores take, by "CD" or "EMD". `known`: those within the references, if they are there."""
    measure, _ = _measure(settings, distance)
    # From reference to sample, which matters for the approximate EMD alone.
    a, b = (_points(settings, clouds, distance) for clouds in (samples, references))
    cross = pairwise(b, a, distance=measure).mT
    return Matrices(
        within(settings, samples, distance),
        cross,
        within(settings, references, distance) if known is None else known,
    )


def within(settings: Settings, clouds: Tensor, distance: str) -> Tensor:
    """Distances of the clouds of one set to each other."""
    measure, symmetric = _measure(settings, distance)
    return pairwise(_points(settings, clouds, distance), distance=measure, symmetric=symmetric)


@lru_cache(maxsize=4)
def within_references(settings: Settings, twins: bool, distance: str, device: torch.device) -> Tensor:
    """Those of the references, the same for all runs: of an experiment a process needs them once."""
    return within(settings, _references(settings, twins).to(device), distance)


def _measure(settings: Settings, distance: str) -> tuple[Any, bool]:
    """The distance, and whether it is symmetric."""
    if distance == "CD":
        return small_chamfer, True
    if settings.emd == "exact":
        return exact_emd, True
    # With its last pass it matches clouds that lie far apart too, such as those of a model that has collapsed.
    return partial(approximate_emd, last_pass=True), False


def small_chamfer(x: Float[Tensor, "p n d"], y: Float[Tensor, "p m d"]) -> Float[Tensor, "p"]:
    """The value of `chamfer` for many pairs of small clouds, by all distances at once."""
    apart = torch.cdist(x, y).square()
    return apart.amin(2).mean(1) + apart.amin(1).mean(1)


def exact_emd(x: Float[Tensor, "p n d"], y: Float[Tensor, "p n d"]) -> Float[Tensor, "p"]:
    """The value of `emd` for many pairs of small clouds, where its time goes around the matching and not into it."""
    costs = torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist").numpy()
    return x.new_tensor([cost[linear_sum_assignment(cost)].mean() for cost in costs])


def _points(settings: Settings, clouds: Tensor, distance: str) -> Tensor:
    return _few(settings, clouds) if distance == "EMD" and settings.emd == "exact" else clouds


def _few(settings: Settings, clouds: Tensor) -> Tensor:
    """The same few points of all clouds, at random: a decoder's points lie in an order."""
    generator = torch.Generator().manual_seed(0)
    return clouds[:, torch.randperm(clouds.shape[1], generator=generator)[: settings.emd_points]].cpu()


def scores(found: Matrices) -> dict[str, float]:
    """MMD, COV and 1-NNA; of sets of unequal size, 1-NNA is the mean of what it is on either."""
    nearest = one_nn_accuracy(*found)
    return {
        "MMD": float(minimum_matching_distance(found.cross)),
        "COV": float(coverage(found.cross)),
        "1-NNA": float((nearest.on_references + nearest.on_samples) / 2),
    }


def apart_from_each_other(matrix: Float[Tensor, "s s"], nearest: float) -> Tensor:
    """Rows of a set without near-duplicates: each in turn, unless one that is kept is nearer than this.

    >>> apart_from_each_other(torch.tensor([[0.0, 0.1, 5.0], [0.1, 0.0, 5.0], [5.0, 5.0, 0.0]]), 1.0).tolist()
    [0, 2]
    """
    near = (matrix < nearest).cpu().numpy()
    kept: list[int] = []
    for row in range(len(near)):
        if not near[row, kept].any():
            kept.append(row)
    return torch.tensor(kept)


@lru_cache(maxsize=2)
def near(settings: Settings) -> float:
    """Below this Chamfer distance two clouds of one set are near-duplicates: 95 of 100 pairs of draws of one test
    shape are nearer to each other."""
    one, other = sets(settings).test.unbind(1)
    return float(chamfer(one, other).quantile(_QUANTILE))


def references(settings: Settings, modules: Mapping[str, Any]) -> Tensor:
    return _references(settings, _has_twins(modules))


def _references(settings: Settings, twins: bool) -> Tensor:
    pairs = sets(settings).test
    return with_twins(pairs, settings.twins) if twins else pairs[:, 0]


def _has_twins(modules: Mapping[str, Any]) -> bool:
    return "known" in modules and modules["known"].kind == TWINS


def look(settings: Settings, modules: Mapping[str, nn.Module]) -> Arrays:
    made = draw(settings, modules, settings.curve_shapes)
    truth = references(settings, modules).to(made.device)
    value = float(minimum_matching_distance(pairwise(made, truth)))
    return {"value": np.array(value), "made": preview(made[0])}


def measure(settings: Settings, modules: Mapping[str, nn.Module]) -> Measured:
    samples = draw(settings, modules, settings.test_shapes)
    truth = references(settings, modules).to(samples.device)
    every = {
        distance: matrices(
            settings,
            samples,
            truth,
            distance,
            known=within_references(settings, _has_twins(modules), distance, truth.device),
        )
        for distance in DISTANCES
    }
    kept, known = (
        apart_from_each_other(m, near(settings)) for m in (every["CD"].samples, every["CD"].references)
    )
    found = {
        "near-duplicates": 1 - len(kept) / len(samples),
        "near-duplicates of references": 1 - len(known) / len(truth),
    }
    for distance, of in every.items():
        for suffix, one in (("", of), (THINNED, of.of(kept, known))):
            found |= {f"{name}-{distance}{suffix}": value for name, value in scores(one).items()}
    return Measured(found, {"shown": preview(samples[: settings.shown])})


def previews(settings: Settings, arrays: Mapping[Run, Arrays]) -> Arrays:
    """ "truth" (k, N, D), references; "<model>" (k, N, D), samples of the first seed's model; "<model>/steps"
    (looks, N, D), one of them over training."""
    first = settings.seeds[0]
    found = {"truth": preview(sets(settings).test[: settings.shown, 0])}
    for model in settings.models:
        of = arrays[Run((model,), first)]
        found |= {model: of["shown"], f"{model}/steps": of["steps"]}
    return found
