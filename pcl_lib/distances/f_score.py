"""The F-score of two clouds at a distance threshold."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from pcl_lib.neighbors import nearest_each_way


class FScore(NamedTuple):
    """`f` (*b,), `precision` (*b,) and `recall` (*b,), each in [0, 1]."""

    f: Float[Tensor, "*b"]
    precision: Float[Tensor, "*b"]
    recall: Float[Tensor, "*b"]


@torch.no_grad()
def f_score(
    x: Float[Tensor, "*b n d"], y: Float[Tensor, "*b m d"], threshold: float, *, backend: str = "auto"
) -> FScore:
    r"""F-score of the cloud `x` (the prediction) against `y` (the truth).

    .. math:: P = \tfrac1N |\{ i : \min_j \lVert x_i - y_j \rVert < t \}|, \quad
              R = \tfrac1M |\{ j : \min_i \lVert x_i - y_j \rVert < t \}|, \quad F = \frac{2 P R}{P + R}

    Strictly nearer than the threshold, which is a length, not squared, in the units of the clouds: F1@1% means
    0.01 for a shape of unit size. F = 0 when P = R = 0. Code that takes a squared threshold calls 0.0001 what is
    0.01 here.

    Shapes: x (N, D) or (B, N, D), y (M, D) or (B, M, D); results () or (B,). No unit, in [0, 1]; F is symmetric,
    swapping the clouds swaps precision and recall. A step function: no gradient.
    Cost: `nearest` each way. Errors: `ValueError` for a threshold that is not positive or clouds that do not
    pair. Reference: tatarchenko2019f1.

    >>> import torch
    >>> f_score(torch.tensor([[0.0], [1.0]]), torch.tensor([[0.0], [0.1], [5.0], [9.0]]), 0.2).f.item()
    0.5
    """
    if not (math.isfinite(threshold) and threshold > 0):
        raise ValueError(f"threshold must be a positive, finite length, received {threshold!r}")
    precision, recall = (
        (found.sq_dist.sqrt() < threshold).to(x.dtype).mean(-1)
        for found in nearest_each_way(x, y, backend=backend)
    )
    total = precision + recall
    f = torch.where(total > 0, 2 * precision * recall / total.where(total > 0, 1), 0)
    return FScore(f, precision, recall)
