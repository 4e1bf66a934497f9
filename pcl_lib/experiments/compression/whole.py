"""What a codec makes of whole clouds: sizes of real files, and what comes back of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor, nn

from pcl_lib.codec import CodecModel
from pcl_lib.experiments.compression.build import ready
from pcl_lib.experiments.compression.data import Whole, whole_clouds
from pcl_lib.experiments.compression.evaluate import bits_of, scores
from pcl_lib.experiments.compression.files import as_model, through_a_file
from pcl_lib.experiments.compression.settings import (
    BPP,
    CD,
    COUNT_ERROR,
    D1,
    D2,
    DENSITY,
    DPCC,
    ESTIMATED,
    NAMES,
    PEAK,
    SMALL,
    RateSettings,
)
from pcl_lib.experiments.runner.experiment import Measured, Run
from pcl_lib.experiments.runner.npz import Arrays, preview
from pcl_lib.experiments.runner.of_run import run_of
from pcl_lib.metrics import d1_psnr, d2_psnr

# Of a whole cloud, in this order; the last two of D-PCC alone.
OF_CLOUD = (BPP, D1, D2, CD, DENSITY, COUNT_ERROR, ESTIMATED, SMALL)
_COMMON = 6
_SHOWN_SEED = 0


def measures_of(codec: str) -> tuple[str, ...]:
    """The measures that rows of a codec have."""
    return OF_CLOUD if codec == DPCC else OF_CLOUD[:_COMMON]


def of_cloud(
    settings: RateSettings, whole: Whole, codec: str, *, bits: int, model: CodecModel | None = None
) -> tuple[dict[str, float], Tensor]:
    """The scores of a cloud by measure, and what came back of it."""
    found = through_a_file(whole.points, NAMES[codec], bits=bits, patch=settings.patch, model=model)
    n = len(whole.points)
    told = scores(whole.points, found.points, neighbours=settings.neighbours, bpp=8 * found.bytes / n)
    told[D1] = float(d1_psnr(whole.points, found.points, peak=PEAK))
    told[D2] = float(d2_psnr(whole.points, found.points, whole.normals, peak=PEAK))
    return {**told, ESTIMATED: found.bits / n, SMALL: found.small / n}, found.points


def measure(settings: RateSettings, modules: Mapping[str, nn.Module]) -> Measured:
    """The scores of whole clouds, a mean for each set, and each."""
    codec, setting = run_of(modules).configuration
    if codec != DPCC:
        return _without_training(settings, codec, bits_of(setting))
    return _measured(settings, codec, settings.small_bits, as_model(ready(modules["model"])))


@lru_cache(maxsize=64)
def _without_training(settings: RateSettings, codec: str, bits: int) -> Measured:
    """The same whatever the seed, and so measured once in a process."""
    return _measured(settings, codec, bits, None)


def _measured(settings: RateSettings, codec: str, bits: int, model: CodecModel | None) -> Measured:
    names = measures_of(codec)
    metrics: dict[str, float] = {}
    arrays: Arrays = {}
    rows = []
    for name in settings.sets:
        clouds = [whole for whole in whole_clouds(settings) if whole.set == name]
        found = [of_cloud(settings, whole, codec, bits=bits, model=model) for whole in clouds]
        of_set = np.array([[told[each] for each in names] for told, _ in found])
        metrics |= {
            f"{each}, {name}": value for each, value in zip(names, of_set.mean(0).tolist(), strict=True)
        }
        arrays[f"shown {name}"] = preview(_some(settings, found[0][1]))
        rows.append(of_set)
    return Measured(metrics, {**arrays, "clouds": np.concatenate(rows).T.astype(np.float32)})


def _some(settings: RateSettings, points: Tensor) -> Tensor:
    """At most so many points of a cloud, drawn."""
    drawn = torch.randperm(len(points), generator=torch.Generator().manual_seed(_SHOWN_SEED))
    return points[drawn[: settings.shown_points].sort().values]


def previews(settings: RateSettings, arrays: Mapping[Run, Arrays]) -> Arrays:
    """Of each codec and setting "<codec>/<setting>/<measure>" (seeds, clouds), and "<codec>/<setting>/shown <set>"
    (n, 3), points of the first cloud of a set as they came back with the first seed; "truth/shown <set>" (n, 3) as they
    were. "sets" and "points" (clouds,): of what set each cloud is, and how many points it has. With a network
    "<codec>/<setting>/steps" (seeds, looks, 4): scores of patches while it was trained, `evaluate.OF_PATCH`."""
    clouds = whole_clouds(settings)
    found: Arrays = {
        "sets": np.array([whole.set for whole in clouds]),
        "points": np.array([len(whole.points) for whole in clouds]),
    }
    for whole in reversed(clouds):
        found[f"truth/shown {whole.set}"] = preview(_some(settings, whole.points))
    for codec, setting in settings.configurations:
        of = [arrays[Run((codec, setting), seed)] for seed in settings.seeds]
        for k, name in enumerate(measures_of(codec)):
            found[f"{codec}/{setting}/{name}"] = np.stack([each["clouds"][k] for each in of])
        for name in settings.sets:
            found[f"{codec}/{setting}/shown {name}"] = of[0][f"shown {name}"]
        if codec == DPCC:
            found[f"{codec}/{setting}/steps"] = np.stack([each["steps"] for each in of]).astype(np.float32)
    return found
