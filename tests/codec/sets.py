"""Small networks to store, and files of them that were tampered with."""

from __future__ import annotations

from pathlib import Path

import torch

from pcl_lib.codec import compress_set, read_container, write_container
from pcl_lib.models import NeuralQAAD

NAMES = ("anna/smile", "anna/frown", "bert")


def network(points: int = 32, patches: int = 4, *, seed: int = 0, **options: object) -> NeuralQAAD:
    """Three shapes, with codes and an input cloud as after a training."""
    torch.manual_seed(seed)
    sizes = {"trunk": (16, 8), "heads": (8, 3), "start": 2 * torch.rand(points, 3) - 1}
    model = NeuralQAAD(len(NAMES), points, 5, patches, **sizes | options)
    torch.nn.init.normal_(model.codes.weight)
    return model


def stored(path: Path, precision: str = "float32", **options: object) -> Path:
    compress_set(
        network(**options), path, names=NAMES, centre=(1.0, -2.0, 3.0), scale=10.0, precision=precision
    )
    return path


def changed(
    path: Path, arrays: dict[str, object] | None = None, header: dict[str, object] | None = None
) -> Path:
    """The file with other arrays and another header, and a right checksum; None takes an array away."""
    old_header, old_arrays = read_container(path, "pcld")
    new = {name: value for name, value in (old_arrays | (arrays or {})).items() if value is not None}
    write_container(path, "pcld", old_header | (header or {}), new)
    return path
