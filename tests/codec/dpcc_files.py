"""A D-PCC as small as can be, ready to code, for the tests: nothing of it is trained."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from pcl_lib.codec import CodecModel, read_model, write_model
from pcl_lib.models import DPCC

SIZES = {"width": 4, "hidden": 8, "candidates": 4}


def network(seed: int = 0) -> DPCC:
    torch.manual_seed(seed)
    made = DPCC(**SIZES)
    for part in (made.bottleneck, made.coordinates.bottleneck):
        part.fit_quantiles()
        part.update()
    return made


@lru_cache(maxsize=2)
def model(seed: int = 0) -> CodecModel:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.pclm"
        write_model(path, network(seed), sizes=SIZES, provenance={"steps": 0})
        return read_model(path)


@lru_cache(maxsize=1)
def untrained() -> CodecModel:
    """A network of the size that ships, as it is before training."""
    torch.manual_seed(0)
    made = DPCC()
    for part in (made.bottleneck, made.coordinates.bottleneck):
        part.fit_quantiles()
        part.update()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.pclm"
        write_model(path, made, sizes={"width": 8, "hidden": 64}, provenance={})
        return read_model(path)
