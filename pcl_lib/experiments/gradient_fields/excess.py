"""The excess loss of a gradient decoder: what is left above the loss of the exact field, by noise level."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from pcl_lib.experiments.gradient_fields import evaluate
from pcl_lib.experiments.gradient_fields.compare import EXCESS, EXCESS_AT
from pcl_lib.experiments.gradient_fields.data import dense, shapes
from pcl_lib.experiments.gradient_fields.settings import ArchitectureSettings
from pcl_lib.experiments.runner.experiment import Measured
from pcl_lib.losses import excess_loss
from pcl_lib.models import noise_levels

_TOGETHER = 4  # test shapes at once


def measure(settings: ArchitectureSettings, modules: Mapping[str, nn.Module]) -> Measured:
    """The metrics of every row, and beside them the excess loss: its mean over the levels, and at each of them."""
    found = evaluate.measure(settings, modules)
    by_level = excess(settings, modules)
    levels = {f"{EXCESS_AT}{sigma:.2g}": value for sigma, value in by_level.items()}
    mean = sum(by_level.values()) / len(by_level)
    return Measured({**found.metrics, EXCESS: mean, **levels}, found.arrays)


@torch.no_grad()
def excess(settings: ArchitectureSettings, modules: Mapping[str, nn.Module]) -> dict[float, float]:
    """By sigma, the mean over test shapes. The exact field is that of a dense sample of the shape, not of the points
    that the encoder was given: what a better encoder could know counts as a loss too.

    Every network meets the same noise. The weights are sigma^2, whatever it was trained with.
    """
    ladder = noise_levels(1.0, 0.01, settings.ladder)
    truth = dense(settings, settings.excess_shapes, settings.dense)
    given = shapes(settings).given[: settings.excess_shapes, : settings.n_points]
    codes = evaluate.codes(modules, given)
    decoder, parts = modules["decoder"], []
    decoder.eval()
    try:
        for k, cloud in enumerate(truth.to(codes.device).split(_TOGETHER)):
            code = codes[k * _TOGETHER : k * _TOGETHER + len(cloud)]
            some = cloud[:, : settings.excess_points]
            parts.append(excess_loss(decoder, some, ladder, cloud, code=code, seed=k))
    finally:
        decoder.train()
    mean = torch.cat(parts, 1).double().mean(1).tolist()
    return dict(zip(ladder, mean, strict=True))
