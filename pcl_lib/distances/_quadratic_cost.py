"""The quadratic assignment cost: how far an assignment tears neighbours apart."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from pcl_lib._checks import as_pair, check_option
from pcl_lib.distances._length import length

COINCIDENT = ("raise", "leave out")
# Points closer than this are one place: a quotient by their distance would be noise.
_CLOSEST = 1e-9


def quadratic_cost(
    q: Float[Tensor, "*b n d"],
    p: Float[Tensor, "*b n d"],
    assignment: Int64[Tensor, "*b n"],
    *,
    coincident: str = "raise",
) -> Float[Tensor, "*b"]:
    r"""Quadratic cost of an assignment: how far apart neighbours are sent, summed over all ordered pairs.

    .. math:: E(A) = \sum_{q \ne q'} \frac{\lVert A(q) - A(q') \rVert}{\lVert q - q' \rVert}

    A linear cost, such as that of `emd`, asks of each point how far it goes; this one asks of each two points whether
    they stay together, and near ones count most.

    - `coincident`: two points of `q` at one place (closer than 1e-9) have no quotient: "raise", or "leave out" such
      pairs.

    Convention card. Shapes: q, p (N, D) or (B, N, D), assignment (N,) or (B, N), the point p_assignment[i] is that of
    q_i; value () or (B,). Unit: none, in [0, inf): N (N - 1) where the assignment keeps all distances. Not symmetric.
    Translation and rotation invariant in both clouds; in proportion to the scale of p, and to one over that of q.
    Gradient: in both clouds; 0 for two targets that coincide. Cost: O(N^2) time and memory, meant for some hundreds
    of points.
    Errors: `ValueError` for clouds that do not pair, an assignment of another shape or beyond the points of p, for
    coincident points unless they are left out. Reference: neuralqaad2022 (Eq. 17).

    >>> import torch
    >>> line = torch.tensor([[0.0], [1.0], [2.0]])
    >>> [quadratic_cost(line, line, torch.tensor(order)).item() for order in ([0, 1, 2], [2, 1, 0], [0, 2, 1])]
    [6.0, 6.0, 7.0]
    """
    check_option("coincident", coincident, COINCIDENT)
    q, p = as_pair(q, p, ("q", "p"), same_size=True, any_scale=True)
    check_assignment(assignment, q, "q")
    sent = p.gather(-2, assignment[..., None].expand(p.shape))
    before, after = (_lengths(cloud) for cloud in (q, sent))
    others = ~torch.eye(q.shape[-2], dtype=torch.bool, device=q.device)
    apart = before >= _CLOSEST
    if coincident == "raise":
        _refuse_coincident(others & ~apart)
    used = others & apart
    terms = after / before.where(used, before.new_ones(()))
    return terms.where(used, terms.new_zeros(())).sum((-2, -1))


def check_assignment(assignment: Tensor, cloud: Tensor, name: str) -> None:
    """Raise `ValueError` unless there is the index of a target for each point of the cloud."""
    if assignment.dtype != torch.int64 or assignment.shape != cloud.shape[:-1]:
        raise ValueError(
            f"assignment must be int64 with one target for each point of {name}, of shape "
            f"{tuple(cloud.shape[:-1])}, received {str(assignment.dtype).removeprefix('torch.')} of shape "
            f"{tuple(assignment.shape)}"
        )
    low, high = (int(value) for value in assignment.aminmax())
    if low < 0 or high >= cloud.shape[-2]:
        raise ValueError(
            f"assignment must hold indices from 0 to {cloud.shape[-2] - 1}, received {low} to {high}; is it one of "
            "larger clouds?"
        )


def _lengths(cloud: Tensor) -> Tensor:
    """The distances (*b, N, N) of all pairs, by differences: products of coordinates lose short ones."""
    return length((cloud[..., :, None, :] - cloud[..., None, :, :]).square().sum(-1))


def _refuse_coincident(at_one_place: Tensor) -> None:
    found = at_one_place.nonzero()
    if len(found):
        *where, i, j = found[0].tolist()
        raise ValueError(
            f"q must have no two points at one place, received q{[*where, i]} and q{[*where, j]} closer than "
            f"{_CLOSEST:g} ({len(found) // 2} such pairs); remove the copies, or leave such pairs out with "
            'coincident="leave out"'
        )
