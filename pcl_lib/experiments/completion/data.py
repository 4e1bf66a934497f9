"""The pairs of partial and complete clouds of the experiments on completion."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache, partial
from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.data import TensorDataset

from pcl_lib.data import DIFFICULTIES, Pairs, crop_pairs, lidar_cars, view_pairs
from pcl_lib.experiments.completion.settings import Settings
from pcl_lib.experiments.runner.experiment import Origin
from pcl_lib.experiments.shape_sets import load_shapes

SCAN_SEED = 2  # load_shapes makes the training shapes with 0, the held-out ones with 1


class CompletionSet(NamedTuple):
    """`training`: (partial, complete) by row. Held out: one view of each shape in `views`, of the `categories`, and
    `crops` by difficulty. `scans` (C, M, 3): LiDAR-like cars, and `cars` (R, N, 3): the complete cars of training;
    both are empty without cars. `name` and SHA-256 `checksum` of all.
    """

    training: TensorDataset
    views: Pairs
    categories: tuple[str, ...]
    crops: Mapping[str, Pairs]
    scans: Tensor
    cars: Tensor
    name: str
    checksum: str


@lru_cache(maxsize=2)
def load_pairs(settings: Settings) -> CompletionSet:
    """The data of the settings, read or made once per process, on the CPU. Errors: as `load_shapes`.

    The order of farthest points is found on a GPU if there is one. Roundings there may decide another way between
    points that are as good as equally far: the checksum is that of the data as they were made here.
    """
    shapes = load_shapes(
        settings.data, settings.families, settings.train_shapes, settings.test_shapes, settings.n_shape
    )
    view = partial(view_pairs, n_partial=settings.n_partial, n_complete=settings.n_points)
    cut = partial(crop_pairs, n_partial=settings.n_partial, n_complete=settings.n_points)
    there = "cuda" if torch.cuda.is_available() else "cpu"
    train, test = shapes.train.to(there), shapes.test.to(there)
    seen, cropped = (
        _on_cpu(pairs) for pairs in (view(train, views=settings.views), cut(train, views=settings.crops))
    )
    held_out = _on_cpu(view(test, views=1, seed=1))
    crops = {
        difficulty: _on_cpu(cut(test, difficulty=difficulty, views=settings.test_crops, seed=1))
        for difficulty in DIFFICULTIES
    }
    complete = seen.complete[:: settings.views]
    scans, cars = complete.new_empty(0, settings.n_partial, 3), complete[:0]
    if "car" in _families(settings):
        scans = lidar_cars(settings.scans, n_partial=settings.n_partial, seed=SCAN_SEED).partial
        of_train = categories(settings, len(complete))
        cars = complete[torch.tensor([category == "car" for category in of_train], device="cpu")]
    training = TensorDataset(
        torch.cat((seen.partial, cropped.partial)), torch.cat((seen.complete, cropped.complete))
    )
    digest = hashlib.sha256()
    for tensors in (training.tensors, held_out, *crops.values(), (scans,)):
        for tensor in tensors:
            digest.update(tensor.numpy().tobytes())
    of_test = categories(settings, len(shapes.test))
    return CompletionSet(training, held_out, of_test, crops, scans, cars, shapes.name, digest.hexdigest())


def _on_cpu(pairs: Pairs) -> Pairs:
    return Pairs(*(tensor.cpu() for tensor in pairs))


def origin(settings: Settings) -> Origin:
    return Origin(load_pairs(settings).name, load_pairs(settings).checksum)


def training(settings: Settings, device: torch.device) -> TensorDataset:
    return TensorDataset(*(tensor.to(device) for tensor in load_pairs(settings).training.tensors))


def categories(settings: Settings, count: int) -> tuple[str, ...]:
    """The category of each of so many shapes, which follow each other in equal numbers."""
    names = _families(settings)
    return tuple(name for name in names for _ in range(count // len(names)))


def _families(settings: Settings) -> tuple[str, ...]:
    return settings.families if settings.data == "families" else ("airplane",)
