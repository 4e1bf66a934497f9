"""What a codec makes of patches: how near, how dense, how many points, and for how many bits."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from pcl_lib.distances import chamfer
from pcl_lib.experiments.compression.build import ready
from pcl_lib.experiments.compression.data import held_out
from pcl_lib.experiments.compression.files import through_a_file
from pcl_lib.experiments.compression.settings import (
    BPP,
    CD,
    COUNT_ERROR,
    DENSITY,
    NAMES,
    AblationSettings,
    CodecSettings,
)
from pcl_lib.experiments.runner.experiment import Measured, Run
from pcl_lib.experiments.runner.npz import Arrays, preview
from pcl_lib.experiments.runner.of_run import run_of
from pcl_lib.losses import bits_per_point
from pcl_lib.metrics import density_difference
from pcl_lib.models import DPCC
from pcl_lib.neighbors import knn

# Of a patch, in this order.
OF_PATCH = (CD, DENSITY, COUNT_ERROR, BPP)


def scores(
    truth: Float[Tensor, "n 3"], made: Float[Tensor, "m 3"], *, neighbours: int, bpp: float
) -> dict[str, float]:
    """What came back of a cloud, by measure.

    The Chamfer distance is a sum of two mean squares; the density metric is the relative difference in numbers of
    neighbours, both ways; the count error that in numbers of points.
    """
    return {
        CD: float(chamfer(made, truth)),
        DENSITY: float(density_difference(made, truth, ball=ball(truth, neighbours), distance_weight=0.0)),
        COUNT_ERROR: abs(len(made) / len(truth) - 1),
        BPP: bpp,
    }


def ball(points: Float[Tensor, "n 3"], neighbours: int) -> float:
    """The radius within which half of the points have so many neighbours.

    >>> line = torch.arange(9.0)[:, None] * torch.tensor([1.0, 0.0, 0.0])
    >>> ball(line, 2)
    1.0
    """
    k = min(neighbours + 1, len(points))
    return float(knn(points, points, k).sq_dist[:, -1].sqrt().median())


@torch.no_grad()
def of_patches(
    network: DPCC, patches: tuple[Tensor, ...], neighbours: int
) -> tuple[Float[np.ndarray, "p s"], Tensor]:
    """The scores of patches that a network has rounded, `OF_PATCH`, and what it made of the first."""
    rows, shown = [], []
    for patch in patches:
        output = network(patch)
        bpp = float(bits_per_point(*output.likelihoods, points=len(patch)))
        found = scores(patch, output.stages[-1], neighbours=neighbours, bpp=bpp)
        rows.append([found[name] for name in OF_PATCH])
        shown.append(output.stages[-1])
    return np.array(rows), shown[0]


@lru_cache(maxsize=64)
def _without_training(settings: CodecSettings, codec: str, bits: int) -> tuple[float, ...]:
    """The mean scores of the held-out patches as files of a codec without training."""
    rows = []
    for patch in held_out(settings):
        found = through_a_file(patch, NAMES[codec], bits=bits)
        bpp = 8 * found.bytes / len(patch)
        told = scores(patch, found.points, neighbours=settings.neighbours, bpp=bpp)
        rows.append([told[name] for name in OF_PATCH])
    return tuple(np.mean(rows, axis=0).tolist())


def look(settings: CodecSettings, modules: Mapping[str, nn.Module]) -> Arrays:
    """The Chamfer distance of the patches that are held out; as "made" all of their scores, `OF_PATCH`."""
    run = run_of(modules)
    if settings.training(run.configuration) is None:
        codec, setting = run.configuration
        means = np.array(_without_training(settings, codec, bits_of(setting)))
    else:
        rows, _ = of_patches(ready(modules["model"]), held_out(settings), settings.neighbours)
        means = rows.mean(0)
    return {"value": np.array(means[OF_PATCH.index(CD)]), "made": means}


def bits_of(setting: str) -> int:
    """The number in the name of a setting, such as "6 bits"."""
    return int(setting.split()[0])


def measure(settings: AblationSettings, modules: Mapping[str, nn.Module]) -> Measured:
    """The scores of the patches that are held out, means and each; bits are estimated, of rounded latents."""
    rows, shown = of_patches(ready(modules["model"]), held_out(settings), settings.neighbours)
    metrics = dict(zip(OF_PATCH, rows.mean(0).tolist(), strict=True))
    return Measured(metrics, {"patches": rows.T.astype(np.float32), "shown": preview(shown)})


def previews(settings: AblationSettings, arrays: Mapping[Run, Arrays]) -> Arrays:
    """Of each variant "<variant>/<measure>" (seeds, patches), and "<variant>/shown" (n, 3), the first patch as the
    network of the first seed returned it; "truth/shown" (N, 3). "sets" (patches,): of what set each patch is.
    "<variant>/steps" (seeds, looks, 4): the scores `OF_PATCH` while it was trained."""
    found: Arrays = {
        "truth/shown": preview(held_out(settings)[0]),
        "sets": np.repeat(np.array(settings.sets), settings.held),
    }
    for (variant,) in settings.configurations:
        of = [arrays[Run((variant,), seed)] for seed in settings.seeds]
        for k, name in enumerate(OF_PATCH):
            found[f"{variant}/{name}"] = np.stack([each["patches"][k] for each in of])
        found[f"{variant}/steps"] = np.stack([each["steps"] for each in of]).astype(np.float32)
        found[f"{variant}/shown"] = of[0]["shown"]
    return found
