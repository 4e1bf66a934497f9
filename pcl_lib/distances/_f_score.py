"""The F-score of two clouds at a distance threshold."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from pcl_lib._checks import as_pair, check_positive
from pcl_lib.distances._point_weights import PerPoint, Weighing, one_by_one, shares
from pcl_lib.neighbors import nearest_each_way
from pcl_lib.neighbors.building_blocks import Lengths, given


class FScore(NamedTuple):
    """`f` (*b,), `precision` (*b,) and `recall` (*b,), each in [0, 1]."""

    f: Float[Tensor, "*b"]
    precision: Float[Tensor, "*b"]
    recall: Float[Tensor, "*b"]

    @property
    def value(self) -> Tensor:
        """The F-score itself, for whoever wants one number of every distance."""
        return self.f


@torch.no_grad()
def f_score(
    x: Float[Tensor, "*b n d"],
    y: Float[Tensor, "*b m d"],
    threshold: float,
    *,
    lengths_x: Lengths | None = None,
    lengths_y: Lengths | None = None,
    weights_x: PerPoint | None = None,
    weights_y: PerPoint | None = None,
    backend: str = "auto",
) -> FScore:
    r"""F-score of the cloud `x` (the prediction) against `y` (the truth).

    .. math:: P = \tfrac1N |\{ i : \min_j \lVert x_i - y_j \rVert < t \}|, \quad
              R = \tfrac1M |\{ j : \min_i \lVert x_i - y_j \rVert < t \}|, \quad F = \frac{2 P R}{P + R}

    - `threshold`: t, a length, not squared, in the units of the clouds; strictly nearer pairs count. F1@1% means 0.01
      for a shape of unit size; code that takes a squared threshold calls that 0.0001;
    - `lengths_x`, `lengths_y`, `weights_x`, `weights_y`: points that count, and how much, as in `chamfer`: with
      weights, precision and recall are shares of them;
    - `backend`: of the search, as in `nearest`.

    F = 0 when P = R = 0.

    Shapes: x (N, D) or (B, N, D), y (M, D) or (B, M, D); results () or (B,). No unit, in [0, 1]; F is symmetric,
    swapping the clouds swaps precision and recall. A step function: no gradient.
    Cost: `nearest` each way. Errors: `ValueError` for a threshold that is not positive or clouds that do not
    pair. Reference: tatarchenko2019f1.

    >>> import torch
    >>> f_score(torch.tensor([[0.0], [1.0]]), torch.tensor([[0.0], [0.1], [5.0], [9.0]]), 0.2).f.item()
    0.5
    """
    check_positive("threshold", threshold, "length")
    weighing = Weighing(weights_x, weights_y)
    if given(lengths_x, lengths_y):

        def alone(a: Tensor, b: Tensor, own: Weighing) -> Tensor:
            return torch.stack(f_score(a, b, threshold, weights_x=own.x, weights_y=own.y, backend=backend))

        return FScore(*one_by_one(alone, x, y, (lengths_x, lengths_y), weighing).unbind(-1))

    x, y = as_pair(x, y)
    weights = shares(x, y, "mean", weighing)
    inside = [found.sq_dist.sqrt() < threshold for found in nearest_each_way(x, y, backend=backend)]
    precision, recall = (
        # A mean of many ones adds up to 1 only if they are counted before they are divided.
        near.to(x.dtype).mean(-1) if isinstance(share, float) else (near * share).sum(-1).clamp(max=1)
        for near, share in zip(inside, weights, strict=True)
    )
    total = precision + recall
    f = torch.where(total > 0, 2 * precision * recall / total.where(total > 0, 1), 0)
    return FScore(f, precision, recall)
