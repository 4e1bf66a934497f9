"""The earth mover's distance of clouds of any sizes and weights: the cheapest transport plan."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Shaped
from scipy.spatial.distance import cdist
from torch import Tensor

from pcl_lib._checks import as_pair
from pcl_lib.distances._length import length
from pcl_lib.distances._network_simplex import cheapest_plan, load_solver
from pcl_lib.distances._one_to_one import on_each_core, restore, unit_arrays, unit_clouds


class Plan(NamedTuple):
    """`value` (*b,) and `plan` (*b, N, M): the weight that goes from x_i to y_j."""

    value: Float[Tensor, "*b"]
    plan: Float[Tensor, "*b n m"]


def transport_plan(
    x: Float[Tensor, "*b n d"],
    y: Float[Tensor, "*b m d"],
    *,
    weights_x: Shaped[Tensor, "*b n"] | None = None,
    weights_y: Shaped[Tensor, "*b m"] | None = None,
    squared: bool = False,
) -> Plan:
    r"""Cheapest plan that moves the weights of the cloud `x` onto those of `y`, exactly, and its cost.

    .. math:: \min_{P \ge 0} \sum_{ij} P_{ij} \lVert x_i - y_j \rVert, \quad
              \sum_j P_{ij} = a_i, \; \sum_i P_{ij} = b_j

    - `weights_x`, `weights_y`: positive or zero, and made to add up to 1; None for points that all weigh the same;
    - `squared`: squared lengths as costs.

    With equal sizes and no weights the value is that of `emd` (mean).

    Convention card. Shapes: x (N, D) or (B, N, D), y (M, D) or (B, M, D), weights (N,), (M,) or (B, N), (B, M);
    value () or (B,), plan (N, M) or (B, N, M). Unit: length (length squared with squared=True), in [0, inf).
    Symmetric. A metric on weighted point sets, the Wasserstein distance W_1 (squared: its root is, W_2). Zero iff
    both carry the same weight everywhere.
    Gradient: for the clouds, with the plan held fixed; none for the weights.
    Exact: at any scale of the clouds duality proves the plan to be at most a part in 10^9 above the cheapest, or an
    error is raised. It works in float64.
    Cost: network simplex (POT), about O(N^3) time, O(N M) memory, on the CPU, a cloud of the batch on each core;
    costs that span many decades take it a few times.
    Errors: `ValueError` for weights that are no tensor, of a wrong shape, negative, not finite, or all zero, or
    clouds that do not pair; `RuntimeError` if the solver gives up. Reference: flamary2021pot.

    >>> import torch
    >>> x, y = torch.tensor([[0.0], [1.0]]), torch.tensor([[0.0], [1.0], [4.0]])
    >>> found = transport_plan(x, y, weights_y=torch.tensor([2.0, 1.0, 1.0]))
    >>> found.value.item(), found.plan.tolist()
    (0.75, [[0.5, 0.0, 0.0], [0.0, 0.25, 0.25]])
    """
    x, y = as_pair(x, y, any_scale=True)
    mass_x, mass_y = _mass(weights_x, x, "weights_x"), _mass(weights_y, y, "weights_y")
    metric = "sqeuclidean" if squared else "euclidean"
    load_solver()
    plans = on_each_core(
        lambda task: cheapest_plan(*_of_equal_sum(task[0], task[1]), cdist(task[2], task[3], metric)),
        zip(mass_x, mass_y, *unit_arrays(x, y), strict=True),
    )
    plan = torch.from_numpy(np.stack(plans)).to(x)
    if x.ndim == 2:
        plan = plan[0]
    return Plan(_cost(x, y, plan, squared), plan)


def _mass(weights: object, cloud: Tensor, name: str) -> np.ndarray:
    """Weights (B, N) in float64, as they come."""
    shape = cloud.shape[:-1]
    if weights is None:
        weights = cloud.new_ones(shape)
    if not isinstance(weights, Tensor):
        raise ValueError(
            f"{name} must be a torch.Tensor of shape {tuple(shape)}, received {type(weights).__name__}; "
            f"convert it with torch.as_tensor({name})"
        )
    if weights.shape != shape:
        raise ValueError(
            f"{name} must have one weight a point, shape {tuple(shape)}, received {tuple(weights.shape)}"
        )
    if weights.is_complex():
        raise ValueError(f"{name} must be real, received dtype {weights.dtype}; take its .real or .abs()")
    if not bool(torch.isfinite(weights).all()) or bool((weights < 0).any()):
        raise ValueError(
            f"{name} must be finite and not negative, received {weights.min().item():g} as least"
        )
    mass = weights.detach().cpu().double().numpy().reshape(-1, shape[-1])
    if not mass.any(-1).all():
        raise ValueError(
            f"{name} must not be all zero, received a cloud without weight; leave that cloud out"
        )
    return mass


def _of_equal_sum(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both weights (N,) and (M,), in whole numbers if they are whole: these move without rounding, which elsewhere
    may leave a trace of mass on a pair that costs much."""
    if (a == a.round()).all() and (b == b.round()).all():
        common = (
            np.gcd.reduce(np.concatenate((a, b)).astype(np.int64)) if max(a.max(), b.max()) < 2**53 else 1
        )
        a, b = a / common, b / common
        if a.sum() * b.sum() < 2**53:
            return a * b.sum(), b * a.sum()
    a, b = a / a.max(), b / b.max()  # or the sum might overflow
    return a / a.sum(), b / b.sum()


def _cost(x: Tensor, y: Tensor, plan: Tensor, squared: bool) -> Tensor:
    (x, y), size = unit_clouds(x, y)
    # Only where something moves: a plan has at most N + M - 1 entries.
    where = plan.nonzero(as_tuple=True)
    first = where[:-2]
    square = (x[(*first, where[-2])] - y[(*first, where[-1])]).square().sum(-1)
    terms = plan[where] * (square if squared else length(square))
    if x.ndim == 2:
        return restore(terms.sum(), size, squared)
    return restore(terms.new_zeros(x.shape[0]).index_add(0, where[0], terms), size, squared)
