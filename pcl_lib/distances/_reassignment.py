"""QAAD_REASSIGNMENT: two points exchange their targets where that lowers the loss."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from pcl_lib._checks import check_cloud


class Reassigned(NamedTuple):
    """`swaps` (*b, n): which queries exchange targets with their counterparts. `gains` (*b, n): by how much the loss
    of each such two points falls, 0 for the others."""

    swaps: Bool[Tensor, "*b n"]
    gains: Float[Tensor, "*b n"]


def reassign(
    made: Float[Tensor, "*b n d"],
    targets: Float[Tensor, "*b n d"],
    counterpart_made: Float[Tensor, "*b n d"],
    counterpart_targets: Float[Tensor, "*b n d"],
    queries: Int64[Tensor, "*b n"],
    counterparts: Int64[Tensor, "*b n"],
    *,
    squared: bool = True,
    ties: bool = False,
) -> Reassigned:
    r"""Swaps of targets that lower the loss, no two of which share a point.

    .. math:: g_i = \lVert y_i - a_i \rVert^2 + \lVert y'_i - a'_i \rVert^2
              - \lVert y_i - a'_i \rVert^2 - \lVert y'_i - a_i \rVert^2 = 2 \, (y_i - y'_i) \cdot (a'_i - a_i)

    Query i lies at y_i and has the target a_i; it wants a′_i, the target of its counterpart, which lies at y′_i. It
    gets it where the gain g_i is positive. Two swaps are in conflict if they share a point: two queries want one
    target, or the query of one is the counterpart of another. By falling gain each swap is taken whose two points are
    both free still. So at frozen weights the summed loss falls by exactly the sum of the gains, and a one-to-one
    assignment stays one; applied all at once as printed, neither would hold.

    - `squared`: gains in squares of lengths, those of the mean squared error that is trained; False: in lengths, as
      Algorithm 2 is printed;
    - `ties`: True takes swaps of gain 0 too, as printed.

    Shapes: made, targets, counterpart_made, counterpart_targets (n, D) or (B, n, D); queries, counterparts (n,) or
    (B, n), the rows of these points in their cloud, by which conflicts are seen. A query that is its own counterpart
    has what it wants. Unit of the gains: length squared, or length; in [0, inf). No gradient.
    Cost: O(n log n) time, O(n) memory. Errors: `ValueError` for clouds that are not finite or not of one shape, or
    rows of another.
    Reference: neuralqaad2022 (Algorithm 2).

    >>> import torch
    >>> made, targets = torch.tensor([[0.0], [1.0], [5.0]]), torch.tensor([[1.0], [0.2], [5.0]])
    >>> wanted = torch.tensor([1, 0, 2])  # the first two want each other's: one swap, not two
    >>> found = reassign(made, targets, made[wanted], targets[wanted], torch.arange(3), wanted)
    >>> found.swaps.tolist(), round(found.gains.sum().item(), 4)
    ([True, False, False], 1.6)
    """
    clouds = {
        "made": made,
        "targets": targets,
        "counterpart_made": counterpart_made,
        "counterpart_targets": counterpart_targets,
    }
    y, a, other_y, other_a = (_checked(name, cloud, made) for name, cloud in clouds.items())
    for name, rows in (("queries", queries), ("counterparts", counterparts)):
        if rows.shape != made.shape[:-1]:
            raise ValueError(
                f"{name} must be the rows of the points, of shape {tuple(made.shape[:-1])}, received "
                f"{tuple(rows.shape)}"
            )
    if squared:
        # Not a difference of four squares, which rounding would leave little of near the end of a training.
        gain = 2 * ((y - other_y) * (other_a - a)).sum(-1)
    else:
        gain = _lengths(y, a) + _lengths(other_y, other_a) - _lengths(y, other_a) - _lengths(other_y, a)
    wanted = (gain >= 0 if ties else gain > 0) & (queries != counterparts)
    swaps = _disjoint(gain, wanted, queries, counterparts)
    return Reassigned(swaps, gain.where(swaps, gain.new_zeros(())))


def _checked(name: str, cloud: Tensor, like: Tensor) -> Tensor:
    check_cloud(cloud, name)
    if cloud.shape != like.shape or cloud.dtype != like.dtype:
        raise ValueError(
            f"{name} must be of the shape and dtype of made, {tuple(like.shape)} and {like.dtype}, received "
            f"{tuple(cloud.shape)} and {cloud.dtype}"
        )
    return cloud.detach()


def _lengths(a: Tensor, b: Tensor) -> Tensor:
    return torch.linalg.vector_norm(a - b, dim=-1)


def _disjoint(gain: Tensor, wanted: Tensor, queries: Tensor, counterparts: Tensor) -> Tensor:
    """Which of the wanted swaps are taken: by falling gain, each whose two points are free.

    In rounds of all swaps at once: who is the best of both its points is taken, and all that share a point with it
    are dropped. That gives what one walk down the list would give.
    """
    # The points of all clouds get numbers of their own.
    ends = torch.stack((queries, counterparts))
    if gain.ndim == 2:
        ends = ends + (torch.arange(len(gain), device=gain.device) * (ends.amax() + 1))[:, None]
    ends = ends.flatten(1)
    best_first = gain.flatten().sort(descending=True, stable=True).indices
    best_first = best_first[wanted.flatten()[best_first]]
    points, numbers = ends[:, best_first].unique(return_inverse=True)
    left = torch.arange(len(best_first), device=gain.device)
    taken = torch.zeros_like(wanted).flatten()
    free = torch.ones(len(points), dtype=torch.bool, device=gain.device)
    while len(left):
        a, b = numbers[:, left]
        first = left.new_full((len(points),), len(best_first))
        first.scatter_reduce_(0, torch.cat((a, b)), left.repeat(2), "amin")
        won = (first[a] == left) & (first[b] == left)
        taken[best_first[left[won]]] = True
        free[torch.cat((a[won], b[won]))] = False
        left = left[free[a] & free[b]]
    return taken.view(wanted.shape)
