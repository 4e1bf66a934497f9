"""The clouds of the experiments on auto-encoders with learned losses."""

from __future__ import annotations

import hashlib
from functools import lru_cache

import torch
from torch import Tensor

from pcl_lib.data.transforms import caloss_test_normalization
from pcl_lib.experiments.learned_losses.settings import Settings
from pcl_lib.experiments.runner.experiment import Origin
from pcl_lib.experiments.shape_sets import ShapeSet, load_shapes


@lru_cache(maxsize=2)
def shapes(settings: Settings) -> ShapeSet:
    """The clouds of the settings, all in the unit ball, read or made once per process.

    With `held_back`, both parts are of the training split: what is chosen there has not seen a test shape.
    """
    s = settings
    found = load_shapes(s.data, s.families, s.train_shapes, s.test_shapes, s.n_points)
    train, test, name = found.train, found.test, found.name
    if s.held_back:
        train, test = hold_back(train, s.held_back, s.held_back_seed)
        name = f"{name}, {s.held_back} held back from the training split"
    train, test = (caloss_test_normalization(clouds).points for clouds in (train, test))
    digest = hashlib.sha256(train.numpy().tobytes() + test.numpy().tobytes())
    return ShapeSet(train, test, name, digest.hexdigest())


def hold_back(train: Tensor, count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Training shapes without so many that a seed draws, and these."""
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(seed), device="cpu")
    return train[order[count:]], train[order[:count]]


def origin(settings: Settings) -> Origin:
    return Origin(shapes(settings).name, shapes(settings).checksum)


def training(settings: Settings, device: torch.device) -> Tensor:
    return shapes(settings).train.to(device)
