"""Numbers that are read off the gradient weight of a loss: how near it is to another, and where it has a value."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from scipy.optimize import brentq
from torch import Tensor

from pcl_lib.distances.building_blocks import hyper_cd_gradient_weight
from pcl_lib.losses._gradient_matching import _histogram, _scaled

Curve = Callable[[Tensor], Tensor]


def matching_error(
    z: Curve,
    *,
    reference: Curve = hyper_cd_gradient_weight,
    distances: Float[Tensor, "s"] | None = None,
    probabilities: Float[Tensor, "s"] | None = None,
) -> float:
    r"""How far one gradient weight is from another, each divided by its maximum: what `gradient_matching` minimises.

    .. math:: \sum_s p(d_s) \left| \frac{z(d_s)}{\max z} - \frac{z^{(H)}(d_s)}{\max z^{(H)}} \right|

    - `z`, `reference`: functions of the distances (S,) that give as many values;
    - `distances`, `probabilities`: as in `gradient_matching`, by default the paper's samples of [0, 0.01].

    At least 0, without a unit. Cost: O(S). Errors: `ValueError` for a histogram that is not one. Reference:
    lin2024landau.

    >>> import torch
    >>> round(matching_error(torch.ones_like), 9)  # no weight at all: the Chamfer distance of lengths
    8.416e-06
    """
    d, p = _histogram(distances, probabilities)
    target, curve = (_scaled(f(d).detach().to(d), True) for f in (reference, z))
    return float(((curve - target).abs() * p).sum())


def distance_of_pull(z: Curve, pull: float = 0.0, *, low: float, high: float) -> float:
    """The distance at which a gradient weight is `pull`; with 0, where it turns to pushing.

    - `low`, `high`: lengths between which it lies, with the weight above `pull` at one and below at the other.

    Lengths, in the unit of the clouds. Cost: some ten values of `z`. Errors: `ValueError` unless z passes
    `pull` between `low` and `high`.

    >>> from pcl_lib.distances import Landau
    >>> round(distance_of_pull(Landau().gradient_weight, low=1.0, high=5.0), 4)
    2.2386
    """

    def above(d: float) -> float:
        return float(z(torch.tensor([d], dtype=torch.float64, device="cpu"))) - pull

    ends = above(low), above(high)
    if not ends[0] * ends[1] <= 0:
        raise ValueError(
            f"low and high must lie on either side of the pull {pull:g}, received z({low:g}) = {ends[0] + pull:.4g} "
            f"and z({high:g}) = {ends[1] + pull:.4g}; draw z, and move them"
        )
    return float(brentq(above, low, high))
