"""The earth mover's distance of clouds of any sizes and weights: the cheapest transport plan."""

from __future__ import annotations

import warnings
from contextlib import redirect_stdout
from io import StringIO
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from scipy.spatial.distance import cdist
from torch import Tensor

from pcl_lib._checks import check_pair
from pcl_lib.distances.directions import length
from pcl_lib.distances.matched import arrays, on_each_core

_PIVOTS = 10_000_000


class Plan(NamedTuple):
    """`value` (*b,) and `plan` (*b, N, M): the weight that goes from x_i to y_j."""

    value: Float[Tensor, "*b"]
    plan: Float[Tensor, "*b n m"]


def transport_plan(
    x: Float[Tensor, "*b n d"],
    y: Float[Tensor, "*b m d"],
    *,
    weights_x: Float[Tensor, "*b n"] | None = None,
    weights_y: Float[Tensor, "*b m"] | None = None,
    squared: bool = False,
) -> Plan:
    r"""Cheapest plan that moves the weights of the cloud `x` onto those of `y`, exactly, and its cost.

    .. math:: \min_{P \ge 0} \sum_{ij} P_{ij} \lVert x_i - y_j \rVert, \quad
              \sum_j P_{ij} = a_i, \; \sum_i P_{ij} = b_j

    Weights are positive or zero and made to add up to 1; by default all points of a cloud weigh the same. With
    equal sizes and no weights the value is that of `emd` (mean).

    Convention card. Shapes: x (N, D) or (B, N, D), y (M, D) or (B, M, D), weights (N,), (M,) or (B, N), (B, M);
    value () or (B,), plan (N, M) or (B, N, M). Unit: length (length squared with squared=True), in [0, inf).
    Symmetric. A metric on weighted point sets, the Wasserstein distance W_1 (squared: its root is, W_2). Zero iff
    both carry the same weight everywhere.
    Gradient: for the clouds, with the plan held fixed; none for the weights.
    Cost: network simplex (POT), about O(N^3) time, O(N M) memory, on the CPU.
    Errors: `ValueError` for weights of a wrong shape, negative, not finite, or all zero, or clouds that do not
    pair; `RuntimeError` if the solver gives up. Reference: flamary2021pot.

    >>> import torch
    >>> x, y = torch.tensor([[0.0], [1.0]]), torch.tensor([[0.0], [1.0], [4.0]])
    >>> found = transport_plan(x, y, weights_y=torch.tensor([2.0, 1.0, 1.0]))
    >>> found.value.item(), found.plan.tolist()
    (0.75, [[0.5, 0.0, 0.0], [0.0, 0.25, 0.25]])
    """
    check_pair(x, y)
    mass_x, mass_y = _mass(weights_x, x, "weights_x"), _mass(weights_y, y, "weights_y")
    metric = "sqeuclidean" if squared else "euclidean"
    tasks = zip(arrays(x), arrays(y), mass_x, mass_y, strict=True)
    plans = on_each_core(lambda task: _solve(*task, metric), tasks)
    plan = torch.from_numpy(np.stack(plans)).to(x)
    if x.ndim == 2:
        plan = plan[0]
    return Plan(_cost(x, y, plan, squared), plan)


def _mass(weights: Tensor | None, cloud: Tensor, name: str) -> np.ndarray:
    """Weights (B, N) in float64 that add up to 1 in each cloud."""
    shape = cloud.shape[:-1]
    if weights is None:
        weights = cloud.new_ones(shape)
    if weights.shape != shape:
        raise ValueError(
            f"{name} must have one weight a point, shape {tuple(shape)}, received {tuple(weights.shape)}"
        )
    if not bool(torch.isfinite(weights).all()) or bool((weights < 0).any()):
        raise ValueError(
            f"{name} must be finite and not negative, received {weights.min().item():g} as least"
        )
    mass = weights.detach().cpu().double().numpy().reshape(-1, shape[-1])
    total = mass.sum(-1, keepdims=True)
    if (total == 0).any():
        raise ValueError(
            f"{name} must not be all zero, received a cloud without weight; leave that cloud out"
        )
    return mass / total


def _solve(x: np.ndarray, y: np.ndarray, mass_x: np.ndarray, mass_y: np.ndarray, metric: str) -> np.ndarray:
    # Slow to import and wanted by few; and it imports KeOps, which announces on stdout that there is no GPU.
    with redirect_stdout(StringIO()):
        from ot.lp import emd as network_simplex  # type: ignore[import-untyped]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what it warns of is in the log, and raised below
        plan, log = network_simplex(mass_x, mass_y, cdist(x, y, metric), numItermax=_PIVOTS, log=True)
    if log["warning"] is not None:
        raise RuntimeError(
            f"no optimal plan found for {len(x)} and {len(y)} points: {log['warning']}; "
            "scale the clouds to unit size or take fewer points"
        )
    return plan


def _cost(x: Tensor, y: Tensor, plan: Tensor, squared: bool) -> Tensor:
    # Only where something moves: a plan has at most N + M - 1 entries.
    where = plan.nonzero(as_tuple=True)
    first = where[:-2]
    square = (x[(*first, where[-2])] - y[(*first, where[-1])]).square().sum(-1)
    terms = plan[where] * (square if squared else length(square))
    if x.ndim == 2:
        return terms.sum()
    return terms.new_zeros(x.shape[0]).index_add(0, where[0], terms)
