"""Jobs of what is told of two sets of shapes by the matrix of their distances."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from pcl_lib import metrics


def _matrix(score: Callable[[Tensor], Tensor]) -> Callable[[torch.device], Any]:
    """A score of the matrix of all distances between two sets."""
    return lambda device: score(torch.rand(4, 5, generator=torch.Generator().manual_seed(0)).to(device))


def _one_nn(device: torch.device) -> Any:
    square = _matrix(lambda matrix: matrix[:, :4])(device)
    return metrics.one_nn_accuracy(square, square + 0.1, square)


SCORES = {
    "minimum_matching_distance": _matrix(metrics.minimum_matching_distance),
    "coverage": _matrix(metrics.coverage),
    "one_nn_accuracy": _one_nn,
}
