"""The losses of D-PCC: one function a term, with the coefficients of the release, and their sum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from pcl_lib._checks import check_not_negative, check_option
from pcl_lib.losses._rate import bits_per_point
from pcl_lib.models import DPCCOutput
from pcl_lib.neighbors import nearest, nearest_each_way

# Weights of the rate: of the release's two data sets, and what its training script sets over both.
DPCC_RATE_WEIGHTS = {"ShapeNet": 1e-4, "SemanticKITTI": 5e-4, "script": 1e-3}


class DPCCWeights(NamedTuple):
    """The coefficients of the release, by term of `dpcc_loss`. 0 leaves a term out.

    - `chamfer`, `early`: of the Chamfer distance, and a further factor of all stages but the last;
    - `density`, `density_counts`, `density_distances`: of the density, and within it of counts and mean distances;
    - `counts`, `coordinates`, `normals`, `rate`: of the terms of these names.

    >>> DPCCWeights(rate=1e-4).density_distances
    50.0
    """

    chamfer: float = 1.0
    early: float = 0.1
    density: float = 1e-4
    density_counts: float = 1.0
    density_distances: float = 50.0
    counts: float = 5e-7
    coordinates: float = 1e-2
    normals: float = 1e-2
    rate: float = 1e-3


class DPCCLoss(NamedTuple):
    """`total`, and the terms that it sums, each with its weight; `bits_per_point` is the rate without its weight."""

    total: Float[Tensor, ""]
    chamfer: Float[Tensor, ""]
    density: Float[Tensor, ""]
    counts: Float[Tensor, ""]
    coordinates: Float[Tensor, ""]
    normals: Float[Tensor, ""]
    rate: Float[Tensor, ""]
    bits_per_point: Float[Tensor, ""]


def dpcc_chamfer(
    stages: Sequence[Float[Tensor, "*b _ d"]],
    levels: Sequence[Float[Tensor, "*b _ d"]],
    *,
    weight: float = 1.0,
    early: float = 0.1,
) -> Float[Tensor, ""]:
    r"""Multi-stage Chamfer distance: each cloud of the decoder against the level of the encoder that it is to rebuild.

    .. math:: \lambda \sum_{i=0}^{L-1} w_i \Bigl( \overline{\min_y \lVert x - y \rVert^2}
              + \overline{\min_x \lVert x - y \rVert^2} \Bigr), \quad
              x \in \text{stage}_i,\ y \in \text{level}_{L-1-i}

    The bars are means over the points, and w = 1 at the last stage.

    - `weight`: lambda;
    - `early`: w of all stages but the last.

    Shapes: L stages, coarse to fine, and L levels, fine to coarse, (n, D) or (B, n, D), in any numbers of points.
    Unit: length squared, in [0, inf). Gradient: to the stages; none to what chose their numbers of points.
    Cost: 2 L searches. Errors: `ValueError` for unequal numbers of stages and levels, clouds that do not pair.
    Reference: he2022dpcc, dpccblog2026.

    >>> import torch
    >>> fine, coarse = torch.tensor([[0.0], [2.0]]), torch.tensor([[1.0]])
    >>> dpcc_chamfer((coarse + 1, fine + 0.5), (fine, coarse)).item()
    0.7
    """
    _check_lengths(stages=stages, levels=levels)
    _check_weights(weight=weight, early=early)
    total = stages[-1].new_zeros(())
    for i, (made, truth) in enumerate(zip(stages, reversed(levels), strict=True)):
        there, back = nearest_each_way(made, truth)
        value = there.sq_dist.mean() + back.sq_dist.mean()
        total = total + (value if i == len(stages) - 1 else early * value)
    return weight * total


def dpcc_matches(
    stages: Sequence[Float[Tensor, "*b _ d"]], levels: Sequence[Float[Tensor, "*b _ d"]]
) -> tuple[Int64[Tensor, "*b _"], ...]:
    """For each point of each stage, the row of the point nearest to it in the stage's level: what `dpcc_density` takes.

    Shapes: as `dpcc_chamfer`, to L tensors (n,) or (B, n). Cost: L searches. Errors: as there.
    Reference: he2022dpcc.

    >>> import torch
    >>> dpcc_matches((torch.tensor([[1.2]]),), (torch.tensor([[0.0], [1.0]]),))[0].tolist()
    [1]
    """
    _check_lengths(stages=stages, levels=levels)
    pairs = zip(stages, reversed(levels), strict=True)
    return tuple(nearest(made.detach(), truth.detach()).index for made, truth in pairs)


def dpcc_density(
    counts: Sequence[Float[Tensor, "*b _"]],
    mean_distances: Sequence[Float[Tensor, "*b _"]],
    true_counts: Sequence[Float[Tensor, "*b _"]],
    true_mean_distances: Sequence[Float[Tensor, "*b _"]],
    matches: Sequence[Int64[Tensor, "*b _"]],
    *,
    weight: float = 1e-4,
    of_counts: float = 1.0,
    of_distances: float = 50.0,
    matching: str = "previous",
) -> Float[Tensor, ""]:
    r"""How far the children that each point has are from those that it should have, in number and mean distance.

    .. math:: \lambda \sum_i \Bigl( w_n \overline{\lvert n_j - n^*_{m(j)} \rvert}
              + w_d \overline{\lvert \bar d_j - \bar d^*_{m(j)} \rvert} \Bigr)

    Counts and distances of stage i are those of the points before it, so that m is the match of stage i - 1. Before
    stage 0 there are the latent points, which are the encoder's own, in their order: m is the identity.

    - `weight`: lambda;
    - `of_counts`, `of_distances`: w_n, w_d;
    - `matching`: "previous", as above and in the release, or "same", which takes the match of stage i at every stage:
      so it stands in the blog post. There are several times as many matches as counts then, and they point past the
      end.

    Shapes: L each; counts and distances coarse to fine, the true ones fine to coarse, (n,) or (B, n); `matches` from
    `dpcc_matches`. Range: [0, inf). Gradient: to counts and distances. Cost: one pass.
    Errors: `ValueError` for unequal numbers of stages; `RuntimeError` of torch for an index out of range.
    Reference: he2022dpcc, dpccblog2026.

    >>> import torch
    >>> n, d, true = torch.tensor([3.0, 5.0]), torch.tensor([0.5, 0.5]), torch.tensor([4.0, 4.0])
    >>> dpcc_density([n], [d], [true], [true / 8], [torch.tensor([0, 1])]).item()
    0.0001
    """
    check_option("matching", matching, ("previous", "same"))
    _check_weights(weight=weight, of_counts=of_counts, of_distances=of_distances)
    _check_lengths(
        counts=counts,
        mean_distances=mean_distances,
        true_counts=true_counts,
        true_mean_distances=true_mean_distances,
        matches=matches,
    )
    total = counts[0].new_zeros(())
    for i in range(len(counts)):
        truths = true_counts[-1 - i].to(counts[i].dtype), true_mean_distances[-1 - i]
        if matching == "same":
            truths = truths[0].gather(-1, matches[i]), truths[1].gather(-1, matches[i])
        elif i > 0:
            truths = truths[0].gather(-1, matches[i - 1]), truths[1].gather(-1, matches[i - 1])
        total = total + of_counts * (counts[i] - truths[0]).abs().mean()
        total = total + of_distances * (mean_distances[i] - truths[1]).abs().mean()
    return weight * total


def dpcc_counts(
    counts: Sequence[Float[Tensor, "*b _"]],
    levels: Sequence[Float[Tensor, "*b _ d"]],
    *,
    weight: float = 5e-7,
) -> Float[Tensor, ""]:
    r"""How far each stage is, in all, from the number of points that it should have.

    .. math:: \lambda \sum_i \Bigl\lvert \sum_j n_{ij} - B N_{L-1-i} \Bigr\rvert

    The counts are not rounded, and the whole batch is one sum.

    - `weight`: lambda.

    Shapes: L tensors of counts, coarse to fine, (n,) or (B, n), and L levels, fine to coarse. Unit of the sum: points.
    Gradient: to the counts, plus or minus lambda each. Cost: one pass. Errors: `ValueError` for unequal numbers.
    Reference: he2022dpcc, dpccblog2026.

    >>> import torch
    >>> dpcc_counts([torch.tensor([2.5, 3.0])], [torch.zeros(6, 3)], weight=1.0).item()
    0.5
    """
    _check_lengths(counts=counts, levels=levels)
    _check_weights(weight=weight)
    total = counts[0].new_zeros(())
    for count, level in zip(counts, reversed(levels), strict=True):
        total = total + (count.sum() - level.shape[:-1].numel()).abs()
    return weight * total


def dpcc_coordinates(
    made: Float[Tensor, "*b m d"], latent: Float[Tensor, "*b m d"], *, weight: float = 1e-2
) -> Float[Tensor, ""]:
    r"""Mean squared error of the coordinates of the latent points, on which all that is decoded stands.

    .. math:: \lambda\, \overline{(\hat c - c)^2}

    - `weight`: lambda.

    Shapes: two of one shape. Unit: length squared, in [0, inf). Gradient: to both. Cost: one pass.
    Errors: `ValueError` for shapes that differ. Reference: he2022dpcc.

    >>> import torch
    >>> dpcc_coordinates(torch.ones(4, 3), torch.zeros(4, 3), weight=1.0).item()
    1.0
    """
    _check_weights(weight=weight)
    if made.shape != latent.shape:
        raise ValueError(
            f"made and latent must have one shape, received {tuple(made.shape)} and {tuple(latent.shape)}"
        )
    return weight * (made - latent).square().mean()


def dpcc_normals(
    made: Float[Tensor, "*b n 3"],
    true: Float[Tensor, "*b m 3"],
    match: Int64[Tensor, "*b n"],
    *,
    weight: float = 1e-2,
) -> Float[Tensor, ""]:
    r"""Mean squared error of the normals that were made, each against that of the nearest point of the truth.

    .. math:: \lambda\, \overline{(\hat n_j - n_{m(j)})^2}

    - `weight`: lambda.

    Shapes: made (n, 3), true (N, 3), or batches; `match` (n,), the last of `dpcc_matches`. Range: [0, inf).
    Gradient: to `made`. Cost: one pass. Errors: `ValueError` unless there is a match for each normal.
    Reference: he2022dpcc.

    >>> import torch
    >>> dpcc_normals(torch.zeros(1, 3), torch.eye(3), torch.tensor([2]), weight=3.0).item()
    1.0
    """
    _check_weights(weight=weight)
    if match.shape != made.shape[:-1]:
        raise ValueError(
            f"match must hold a row for each of the normals {tuple(made.shape)}, received {tuple(match.shape)}"
        )
    wanted = true.gather(-2, match[..., None].expand(made.shape))
    return weight * (made - wanted).square().mean()


def dpcc_loss(output: DPCCOutput, *, weights: DPCCWeights | None = None) -> DPCCLoss:
    r"""The loss that D-PCC is trained with: distortion, density and rate of one cloud, term by term.

    .. math:: D + \lambda R = \underbrace{\text{chamfer} + \text{density} + \text{counts} + \text{coordinates}
              \;[{} + \text{normals}]}_{D} + \lambda \cdot \text{bits a point}

    The blog post names three terms and lists four; the release adds those of the latent coordinates and the normals.
    Bits are those of features and coordinates, for each point of the cloud that went in.

    - `weights`: by name, `DPCCWeights`; None is the release.

    Gradient: to the network; counts get theirs from density and counts alone, quantiles none. Cost: 3 L searches.
    Errors: as those of the terms. Reference: he2022dpcc, dpccblog2026.

    >>> import torch
    >>> from pcl_lib.losses import DPCCWeights, dpcc_loss
    >>> from pcl_lib.models import DPCC
    >>> _ = torch.manual_seed(0)
    >>> loss = dpcc_loss(DPCC()(torch.rand(300, 3)), weights=DPCCWeights(rate=0.0))
    >>> bool(loss.total == sum(loss[1:7])), loss.rate.item(), round(loss.bits_per_point.item(), 1)
    (True, 0.0, 3.2)
    """
    w = weights or DPCCWeights()
    levels = [level.points for level in output.levels]
    matches = dpcc_matches(output.stages, levels)
    zero = output.coordinates.new_zeros(())
    bits = bits_per_point(*output.likelihoods, points=len(levels[0]))
    _check_weights(rate=w.rate)
    terms = {
        "chamfer": dpcc_chamfer(output.stages, levels, weight=w.chamfer, early=w.early),
        "density": dpcc_density(
            output.counts,
            output.mean_distances,
            [level.counts for level in output.levels],
            [level.mean_distances for level in output.levels],
            matches,
            weight=w.density,
            of_counts=w.density_counts,
            of_distances=w.density_distances,
        ),
        "counts": dpcc_counts(output.counts, levels, weight=w.counts),
        "coordinates": dpcc_coordinates(output.coordinates, output.latent, weight=w.coordinates),
        "normals": zero,
        "rate": w.rate * bits,
    }
    if output.normals is not None and output.true_normals is not None:
        terms["normals"] = dpcc_normals(output.normals, output.true_normals, matches[-1], weight=w.normals)
    return DPCCLoss(torch.stack([*terms.values()]).sum(), **terms, bits_per_point=bits)


def _check_lengths(**parts: Sequence[Tensor]) -> None:
    if len({len(part) for part in parts.values()}) != 1 or not next(iter(parts.values())):
        names = ", ".join(parts)
        received = ", ".join(str(len(part)) for part in parts.values())
        raise ValueError(f"{names} must be one or more stages, as many of each, received {received}")


def _check_weights(**weights: float) -> None:
    for name, weight in weights.items():
        check_not_negative(name, weight)
