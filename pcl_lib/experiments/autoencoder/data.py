"""The clouds of the experiments on auto-encoders."""

from __future__ import annotations

import torch
from torch import Tensor

from pcl_lib.experiments.autoencoder.settings import Settings
from pcl_lib.experiments.runner.experiment import Origin
from pcl_lib.experiments.shape_sets import ShapeSet, load_shapes


def shapes(settings: Settings) -> ShapeSet:
    """The clouds of the settings, read or made once per process."""
    return load_shapes(
        settings.data, settings.families, settings.train_shapes, settings.test_shapes, settings.n_points
    )


def origin(settings: Settings) -> Origin:
    return Origin(shapes(settings).name, shapes(settings).checksum)


def training(settings: Settings, device: torch.device) -> Tensor:
    return shapes(settings).train.to(device)
