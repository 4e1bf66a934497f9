"""An independent reference, and the engines this machine can run."""

import numpy as np
import pytest
import torch

from pcl_lib.neighbors.building_blocks import keops

_NEEDS_COMPILER = pytest.mark.skipif(
    not keops.available(torch.device("cpu")), reason="KeOps or its C++ compiler is missing"
)
ENGINES = ["dense", "kdtree", pytest.param("keops", marks=_NEEDS_COMPILER)]


def all_squares(x: torch.Tensor, y: torch.Tensor) -> np.ndarray:
    """Every squared distance (N, M) in float64, one pair at a time."""
    out = np.empty((len(x), len(y)))
    for i, p in enumerate(x.detach().double().numpy()):
        for j, q in enumerate(y.detach().double().numpy()):
            out[i, j] = sum((a - b) ** 2 for a, b in zip(p, q, strict=True))
    return out


def ellipsoid(n: int, seed: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    """Points of an ellipsoid's surface in random order."""
    normal = torch.randn(n, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return (normal / normal.norm(dim=1, keepdim=True) * torch.tensor([1.0, 0.7, 0.4])).to(dtype)
