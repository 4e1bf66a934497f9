"""The weighted Chamfer distance."""

from __future__ import annotations

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor

from pcl_lib.distances._length import length, off_zero
from pcl_lib.distances._nearest_terms import over_pairs
from pcl_lib.distances._point_weights import PerPoint, Weighing
from pcl_lib.distances._weights import WEIGHTS, Weight
from pcl_lib.neighbors.building_blocks import Lengths


def weighted_chamfer(
    x: Float[Tensor, "*b n d"],
    y: Float[Tensor, "*b m d"],
    *,
    weight: str | Weight | Callable[[Tensor], Tensor] = "landau",
    shifted: bool = True,
    detached: bool = False,
    reduction: str = "mean",
    combine: str = "sum",
    lengths_x: Lengths | None = None,
    lengths_y: Lengths | None = None,
    weights_x: PerPoint | None = None,
    weights_y: PerPoint | None = None,
    backend: str = "auto",
) -> Float[Tensor, "*b"]:
    r"""Chamfer distance in which each nearest distance d is weighed by a density f past its mode m.

    .. math:: \frac1N \sum_i f(m + d_i) \, d_i + \frac1M \sum_j f(m + d_j) \, d_j

    - `weight`: a name of `WEIGHTS`, a family with parameters of your own such as `Gamma(alpha=2.0, beta=0.4)`, or a
      function that takes distances (*b, N) to weights (*b, N);
    - `shifted`: False leaves out the mode, as the published code does: f(d), which is 0 at d = 0 and rises for
      chi-squared, Weibull, log-logistic and gamma. A function of your own is called with d as it is;
    - `detached`: True keeps the weight out of the gradient;
    - `reduction`, `combine`: as in `chamfer`;
    - `lengths_x`, `lengths_y`, `weights_x`, `weights_y`: points that count, and how much, as in `chamfer`;
    - `backend`: of the search, as in `nearest`.

    Convention card. Shapes: x (N, D) or (B, N, D), y (M, D) or (B, M, D); result () or (B,). The densities count
    distances in the units of the clouds; at least 0. Symmetric, except one direction alone. Not a metric, and not
    monotone: past some distance a pair weighs less and less. Zero iff both clouds are the same set (or so far apart
    that every weight underflows). Gradient: f'(m + d) d + f(m + d) along each unit vector (`Weight.gradient_weight`),
    f(m + d) when detached; 0 at coincident points. Cost: `nearest` each way. Errors: `ValueError` for an unknown
    name or option, a function that returns another shape, or clouds that do not pair. Reference: lin2024landau.

    >>> import torch
    >>> x, y = torch.tensor([[0.0]]), torch.tensor([[1.0]])
    >>> round(weighted_chamfer(x, y).item(), 4), round(weighted_chamfer(x, y, weight="gamma").item(), 4)
    (0.4026, 0.2762)
    """
    lengths, weighing = (lengths_x, lengths_y), Weighing(weights_x, weights_y)
    weigh = weight_named(weight) if isinstance(weight, str) else weight

    if isinstance(weigh, Weight):
        return over_pairs(
            x,
            y,
            lambda sq_dist: _terms(sq_dist, weigh, shifted, detached),
            reduction,
            combine,
            backend,
            lambda sq_dist: _with_gradient_scale(sq_dist, weigh, shifted, detached),
            lengths=lengths,
            weighing=weighing,
        )
    own = weigh

    def terms(sq_dist: Tensor) -> Tensor:
        d = length(sq_dist)
        weights = own(d.detach() if detached else d)
        if not isinstance(weights, Tensor) or weights.shape != d.shape:
            found = tuple(weights.shape) if isinstance(weights, Tensor) else type(weights).__name__
            raise ValueError(
                f"weight must return one weight for each distance, a tensor of shape {tuple(d.shape)}, received {found}"
            )
        return weights * d

    return over_pairs(x, y, terms, reduction, combine, backend, lengths=lengths, weighing=weighing)


def _terms(sq_dist: Tensor, weight: Weight, shifted: bool, detached: bool) -> Tensor:
    # A density may be infinite at 0, unshifted: there the distance decides.
    apart = sq_dist > 0
    d = sq_dist.where(apart, 1).sqrt()
    return (weight(d.detach() if detached else d, shifted=shifted) * d).where(apart, 0)


def _with_gradient_scale(
    sq_dist: Tensor, weight: Weight, shifted: bool, detached: bool
) -> tuple[Tensor, Tensor]:
    d = sq_dist.sqrt()
    apart = off_zero(d)
    density, score = weight.density_and_score(weight.past_mode(apart, shifted))
    over_d = apart.reciprocal()
    return d * density, density * (over_d if detached else over_d + score)


def weight_named(name: str) -> Weight:
    """The family of `WEIGHTS` of that name. Raises `ValueError` with the known names."""
    if name not in WEIGHTS:
        raise ValueError(f"weight must be one of {', '.join(map(repr, WEIGHTS))}, received {name!r}")
    return WEIGHTS[name]
