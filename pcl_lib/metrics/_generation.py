"""How good a set of generated clouds is, beside a set of real ones: MMD, COV and 1-NNA."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from pcl_lib.distances import chamfer
from pcl_lib.metrics._pairwise import Distance, check_sets, pairwise
from pcl_lib.neighbors.building_blocks import Lengths, given


class OneNearestNeighbour(NamedTuple):
    """`accuracy` over both sets, and over each alone, () each, in [0, 1]; 0.5 is best."""

    accuracy: Float[Tensor, ""]
    on_references: Float[Tensor, ""]
    on_samples: Float[Tensor, ""]


class GenerationScores(NamedTuple):
    """`mmd` in the unit of the distance, `coverage` and `one_nna` in [0, 1], () each."""

    mmd: Float[Tensor, ""]
    coverage: Float[Tensor, ""]
    one_nna: OneNearestNeighbour


def minimum_matching_distance(matrix: Float[Tensor, "s r"]) -> Float[Tensor, ""]:
    r"""MMD: how near the nearest sample is to a reference, on average. Lower is better.

    .. math:: \frac1R \sum_r \min_s d(x_s, y_r)

    `matrix` holds samples in rows, references in columns: `pairwise(samples, references)`. Exchanged, the result is
    another number (PointFlow's code once had them so). MMD-CD and MMD-EMD of the tables of ShapeGF, PointFlow
    and latent_3d_points; ShapeGF shows MMD-CD × 1,000, MMD-EMD × 100. The "MMD-CD" that ShapeGF's reconstruction test
    prints is not this, but the mean distance of pairs that belong together.

    Shape: (S, R); result (). Unit: that of the distance, in [0, inf). Zero iff each reference is among the samples.
    Cost: one pass. Errors: `ValueError` for a matrix that is empty or not finite. Reference: achlioptas2018latent.

    >>> import torch
    >>> minimum_matching_distance(torch.tensor([[1.0, 5.0], [2.0, 3.0], [9.0, 9.0]])).item()
    2.0
    """
    _check_matrix(matrix, "matrix")
    return matrix.amin(0).mean()


def coverage(matrix: Float[Tensor, "s r"]) -> Float[Tensor, ""]:
    r"""COV: share of the references that are the nearest one of some sample. Higher is better.

    .. math:: \frac1R \left| \{ \arg\min_r d(x_s, y_r) : s = 1 \dots S \} \right|

    `matrix` as in `minimum_matching_distance`: samples in rows. COV-CD and COV-EMD of ShapeGF, PointFlow and
    latent_3d_points; tables show it in per cent. Of equally near references the first counts.

    Shape: (S, R); result (), no unit, in [1 / R, min(S / R, 1)].
    Cost: one pass. Errors: `ValueError` for a matrix that is empty or not finite. Reference: achlioptas2018latent.

    >>> import torch
    >>> coverage(torch.tensor([[1.0, 5.0], [2.0, 3.0], [8.0, 9.0]])).item()
    0.5
    """
    _check_matrix(matrix, "matrix")
    named = torch.zeros(matrix.shape[1], dtype=torch.bool, device=matrix.device)
    # numpy's rule for ties, the first, holds on every device this way: argmin alone does not promise it.
    first = (matrix == matrix.amin(1, keepdim=True)).int().argmax(1)
    named[first] = True
    return named.to(matrix.dtype).mean()


def one_nn_accuracy(
    samples: Float[Tensor, "s s"], cross: Float[Tensor, "s r"], references: Float[Tensor, "r r"]
) -> OneNearestNeighbour:
    r"""1-NNA: how well the nearest other cloud tells whether a cloud is real or generated. 0.5 is best.

    .. math:: \frac{1}{S + R} \left( \sum_s [N(x_s) \in X] + \sum_r [N(y_r) \in Y] \right)

    N(z) is the cloud nearest to z among all others, samples and references together. 1: the sets are apart; 0: each
    cloud sits beside one of the other set. `samples` is `pairwise(x)`, `cross` is `pairwise(x, y)`, `references` is
    `pairwise(y)`; their diagonals are ignored. 1-NNA-CD and 1-NNA-EMD of ShapeGF and PointFlow; tables show it in
    per cent. A tie counts as the reference, as in their code, which lists the references first.

    For a distance that is not symmetric (`approximate_emd`) the released code measures from reference to sample:
    pass `pairwise(y, x).T` as `cross`.

    Shapes: (S, S), (S, R), (R, R), S, R >= 1, S + R >= 3; results (). Cost: one pass. Errors: `ValueError` for
    matrices that do not fit each other, or not finite off the diagonal. Reference: yang2019pointflow.

    >>> import torch
    >>> x, y = torch.tensor([0.0, 1.0, 5.0]), torch.tensor([5.5, 9.0, 9.5])
    >>> matrices = [(a[:, None] - b).abs() for a, b in ((x, x), (x, y), (y, y))]
    >>> one_nn_accuracy(*matrices).accuracy.item()
    0.667
    """
    _check_matrix(cross, "cross")
    s, r = cross.shape
    for matrix, n, name in ((samples, s, "samples"), (references, r, "references")):
        if tuple(matrix.shape) != (n, n):
            raise ValueError(
                f"{name} must have shape {(n, n)} to fit cross {(s, r)}, received {tuple(matrix.shape)}; cross has "
                "samples in rows, references in columns"
            )
        off = matrix[~torch.eye(n, dtype=torch.bool, device=matrix.device)]
        if not bool(torch.isfinite(off).all()):
            raise ValueError(
                f"{name} must be finite off its diagonal, received {_bad(off)} values that are not"
            )
    if s + r < 3:
        raise ValueError(f"one_nn_accuracy needs at least 3 clouds, received {s} samples and {r} references")
    own = _nearest_other(samples, 0)
    for_samples = own < cross.amin(1)
    for_references = _nearest_other(references, 0) <= cross.amin(0)
    both = torch.cat([for_samples, for_references]).to(cross.dtype)
    return OneNearestNeighbour(both.mean(), both[s:].mean(), both[:s].mean())


@torch.no_grad()
def generation_scores(
    samples: Float[Tensor, "s n d"],
    references: Float[Tensor, "r m d"],
    *,
    distance: Distance = chamfer,
    symmetric: bool = False,
    lengths_samples: Lengths | None = None,
    lengths_references: Lengths | None = None,
    progress: bool = False,
) -> GenerationScores:
    """MMD, COV and 1-NNA of generated clouds beside real ones, as ShapeGF's and PointFlow's tables report them.

    Three `pairwise` matrices under one distance, then `minimum_matching_distance`, `coverage` and `one_nn_accuracy`.
    The tables use the Chamfer distance and `approximate_emd`. `symmetric=True` saves half of the work within each
    set, if the distance is symmetric (Chamfer is). Distances are measured from reference to sample, as the released
    code does, which matters for `approximate_emd` only.
    ShapeGF normalises each cloud to the [-1, 1] box first.

    - `distance`, `symmetric`, `progress`: as in `pairwise`;
    - `lengths_samples`, `lengths_references`: as the lengths of `pairwise`.

    Shapes: samples (S, N, D), references (R, M, D); results (). Cost: S R + S^2 + R^2 distances.
    Errors: as `pairwise`. References: cai2020shapegf, yang2019pointflow.

    >>> import torch
    >>> real = torch.arange(12.0).reshape(4, 3, 1)
    >>> scores = generation_scores(real + 0.5, real)
    >>> scores.mmd.item(), scores.coverage.item(), scores.one_nna.accuracy.item()
    (0.5, 1.0, 0.0)
    """
    if not given(lengths_samples, lengths_references):
        check_sets(samples, references, ("samples", "references"))
    cross = pairwise(
        references,
        samples,
        distance=distance,
        lengths_x=lengths_references,
        lengths_y=lengths_samples,
        progress=progress,
    ).mT
    within = (
        pairwise(clouds, distance=distance, symmetric=symmetric, lengths_x=lengths, progress=progress)
        for clouds, lengths in ((samples, lengths_samples), (references, lengths_references))
    )
    own, real = within
    return GenerationScores(
        minimum_matching_distance(cross), coverage(cross), one_nn_accuracy(own, cross, real)
    )


def _nearest_other(matrix: Tensor, dim: int) -> Tensor:
    """Smallest entry along `dim` off the diagonal; infinite where there is none."""
    return matrix.clone().fill_diagonal_(torch.inf).amin(dim)


def _check_matrix(matrix: Tensor, name: str) -> None:
    if matrix.ndim != 2 or matrix.numel() == 0:
        raise ValueError(
            f"{name} must have shape (samples, references), received {tuple(matrix.shape)}; see pairwise"
        )
    if not matrix.is_floating_point() or not bool(torch.isfinite(matrix).all()):
        raise ValueError(
            f"{name} must hold finite numbers of floating point, received {matrix.dtype} with {_bad(matrix)} "
            "values that are not finite"
        )


def _bad(values: Tensor) -> int:
    return int((~torch.isfinite(values)).sum())
