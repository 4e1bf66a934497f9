"""The contrastive Chamfer distance, InfoCD."""

from __future__ import annotations

from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from pcl_lib._checks import as_pair, check_not_negative, check_option
from pcl_lib.distances._both_directions import Partners, each_direction, each_way
from pcl_lib.distances._length import length, off_zero
from pcl_lib.distances._nearest_terms import COMBINATIONS, check_positive
from pcl_lib.distances._point_weights import Weighing, one_by_one
from pcl_lib.neighbors import nearest, nearest_each_way
from pcl_lib.neighbors.building_blocks import Lengths, given

FORMS = ("paper", "released")


def info_cd(
    x: Float[Tensor, "*b n d"],
    y: Float[Tensor, "*b m d"],
    *,
    tau: float = 2.0,
    strength: float = 1.0,
    form: str = "paper",
    combine: str | None = None,
    lengths_x: Lengths | None = None,
    lengths_y: Lengths | None = None,
    backend: str = "auto",
) -> Float[Tensor, "*b"]:
    r"""Contrastive Chamfer distance: the nearest distances, and how evenly they are spread.

    .. math:: \frac1N \sum_i -\log \frac{e^{-d_i/\tau}}{\left(\sum_k e^{-d_k/\tau}\right)^{\lambda}}
              + \text{the same from } y \text{ to } x

    With `strength` lambda = 1 the denominator is the plain sum of a contrastive loss: for equal distances the value is
    log N + log M, whatever they are, so it asks for even distances, and with lambda below 1 for small ones too.

    - `tau`: positive, a length; 2 is that of the published code;
    - `strength`: the exponent lambda of the paper's form, at least 0;
    - `form`: "paper", or "released", the published code: half of both sums, 1e-7 added to each exponential of the
      denominator, and the exponent lambda fixed at 1e-7 (`strength` is not used), which leaves a quarter of the sums
      of lengths for tau = 2; the lengths are roots of at least 1e-9;
    - `combine`: as in `chamfer`: the "sum" (the default of the paper's form), "mean" (of the released one) or "max" of
      the two directions, or "forward" x -> y or "backward" y -> x alone. form="released", combine="forward" is the
      released one-sided loss of a partial cloud x, which is not halved;
    - `lengths_x`, `lengths_y`: points that count, as in `chamfer`;
    - `backend`: of the search, as in `nearest`.

    Convention card. Shapes: x (N, D) or (B, N, D), y (M, D) or (B, M, D); result () or (B,). No unit; tau is a
    length. Symmetric, except one direction alone. Not a metric, and not zero for equal clouds (lambda (log N + log M);
    one direction: its own logarithm). With lambda = 1 at least that. Gradient: exact where nearest neighbours are
    unique, 0 at coincident points. Cost: `nearest` each way. Errors: `ValueError` for tau that is not positive,
    negative strength, an unknown form or combine, or clouds that do not pair. Reference: lin2023infocd.

    >>> import torch
    >>> x, y = torch.tensor([[0.0], [1.0]]), torch.tensor([[0.0], [1.5]])
    >>> round(info_cd(x, y, strength=0.0).item(), 6)  # without contrast: the mean lengths over tau
    0.25
    >>> round(info_cd(x, x).item(), 4)  # 2 log 2
    1.3863
    """
    check_option("form", form, FORMS)
    check_positive("tau", tau)
    check_not_negative("strength", strength)
    combine = combine or ("sum" if form == "paper" else "mean")
    check_option("combine", combine, COMBINATIONS)

    if given(lengths_x, lengths_y):
        options = partial(info_cd, tau=tau, strength=strength, form=form, combine=combine, backend=backend)

        def alone(a: Tensor, b: Tensor, _: Weighing) -> Tensor:
            return options(a, b)

        return one_by_one(alone, x, y, (lengths_x, lengths_y))

    def of_direction(sq_dist: Tensor) -> Tensor:
        if form == "released":
            return _released(sq_dist, tau)
        scaled = length(sq_dist) / tau
        return scaled.mean(-1) + strength * torch.logsumexp(-scaled, -1)

    if combine in ("forward", "backward"):
        return of_direction(nearest(*((x, y) if combine == "forward" else (y, x)), backend=backend).sq_dist)
    if form == "released" or combine == "max":
        forward, backward = (of_direction(way.sq_dist) for way in nearest_each_way(x, y, backend=backend))
        if combine == "max":
            return torch.maximum(forward, backward)
        return forward + backward if combine == "sum" else (forward + backward) / 2

    x, y = as_pair(x, y)
    half = 0.5 if combine == "mean" else 1.0

    def value(scaled: Tensor, partners: Partners) -> Tensor:
        forward, backward = each_direction(scaled, partners)
        contrast = torch.logsumexp(-forward, -1) + torch.logsumexp(-backward, -1)
        return half * (forward.mean(-1) + backward.mean(-1) + strength * contrast)

    def formula(sq_dist: Tensor, partners: Partners) -> Tensor:
        return value(length(sq_dist) / tau, partners)

    def with_gradient_scale(sq_dist: Tensor, partners: Partners) -> tuple[Tensor, Tensor]:
        d = sq_dist.sqrt()
        scaled = d * (1 / tau)
        slopes = [
            1 / part.shape[-1] - strength * torch.softmax(-part, -1)
            for part in each_direction(scaled, partners)
        ]
        return value(scaled, partners), half * torch.cat(slopes, -1) / (tau * off_zero(d))

    return each_way(x, y, formula, with_gradient_scale, backend)


def _released(sq_dist: Tensor, tau: float) -> Tensor:
    scaled = sq_dist.clamp(min=1e-9).sqrt() / tau
    return (scaled + 1e-7 * (torch.exp(-scaled) + 1e-7).sum(-1, keepdim=True).log()).sum(-1)
