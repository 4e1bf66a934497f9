"""The convention card of the Chamfer distance: who computes which one, and how to reproduce it here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Convention:
    """One Chamfer convention: its value is `factor * chamfer(x, y, **options)`.

    `options` is None where the options of `chamfer` do not reach the formula; the formula then stands alone.
    `formula` writes d(p, S) for the Euclidean distance of a point to its nearest point of S. `source` is a key
    of the book's bibliography.

    >>> import torch
    >>> from pcl_lib.distances import CHAMFER_CONVENTIONS, chamfer
    >>> card = CHAMFER_CONVENTIONS["pytorch3d"]
    >>> x, y = torch.tensor([[0.0, 0.0]]), torch.tensor([[3.0, 0.0]])
    >>> card.factor * chamfer(x, y, **card.options).item()
    18.0
    """

    name: str
    options: dict[str, str | bool] | None
    factor: float
    formula: str
    source: str
    note: str


def _options(squared: bool, reduction: str, combine: str) -> dict[str, str | bool]:
    return {"squared": squared, "reduction": reduction, "combine": combine}


_SQUARED_MEANS = "mean_x d(x,Y)^2 + mean_y d(y,X)^2"
_HALF_LENGTHS = "(mean_x d(x,Y) + mean_y d(y,X)) / 2"

_CARDS = (
    Convention(
        "pcl_lib",
        _options(True, "mean", "sum"),
        1.0,
        _SQUARED_MEANS,
        "fan2017psgn",
        "The default of `chamfer`.",
    ),
    Convention(
        "psgn",
        _options(True, "sum", "sum"),
        1.0,
        "sum_x d(x,Y)^2 + sum_y d(y,X)^2",
        "fan2017psgn",
        "Where the point-cloud literature starts: sums, so the value grows with the number of points.",
    ),
    Convention(
        "pytorch3d",
        _options(True, "mean", "sum"),
        1.0,
        _SQUARED_MEANS,
        "ravi2020pytorch3d",
        "Default of chamfer_distance. Called norm=2, yet squared, and both directions added: one point at distance "
        "3 gives 18. The mean over the batch is left to the caller here.",
    ),
    Convention(
        "pytorch3d norm=1",
        None,
        1.0,
        "mean_x min_y |x-y|_1 + mean_y min_x |x-y|_1",
        "ravi2020pytorch3d",
        "The 1-norm of the difference vector, also for the search: not the 'L1' of the completion papers, and not "
        "reachable by the options of `chamfer`.",
    ),
    Convention(
        "compressai",
        _options(True, "mean", "sum"),
        1.0,
        _SQUARED_MEANS,
        "begaint2020compressai",
        "The mean runs over the batch and the points at once: the same for clouds of one size.",
    ),
    Convention(
        "point-cloud-utils",
        _options(False, "mean", "sum"),
        1.0,
        "mean_x d(x,Y) + mean_y d(y,X)",
        "williams2022pcu",
        "What the code returns: lengths, both directions added.",
    ),
    Convention(
        "point-cloud-utils docs",
        _options(False, "mean", "mean"),
        1.0,
        _HALF_LENGTHS,
        "williams2022pcu",
        "What its documentation says: half of what the code returns.",
    ),
    Convention(
        "occupancy-networks",
        _options(False, "mean", "mean"),
        1.0,
        _HALF_LENGTHS,
        "mescheder2019occupancy",
        "'Chamfer-L1', as its issue threads describe it; its code was not read.",
    ),
    Convention(
        "geomloss",
        _options(True, "mean", "mean"),
        0.5,
        "(mean_x d(x,Y)^2 + mean_y d(y,X)^2) / 4",
        "feydy2019sinkhorn",
        "Limit of the Hausdorff divergence as blur goes to 0, for the cost |x − y|² / 2 and uniform weights, by "
        "algebra from its formula; not run.",
    ),
    Convention(
        "pcn CD-L1",
        _options(False, "mean", "mean"),
        1000.0,
        "1000 (mean_x d(x,Y) + mean_y d(y,X)) / 2",
        "yuan2018pcn",
        "Metric of the completion papers; their code takes the root of at least 1e-9, so never below 0.032.",
    ),
    Convention(
        "pcn CD-L2",
        _options(True, "mean", "sum"),
        1000.0,
        "1000 (mean_x d(x,Y)^2 + mean_y d(y,X)^2)",
        "yuan2018pcn",
        "Directions added, while CD-L1 halves them.",
    ),
    Convention(
        "landau chamfer",
        _options(True, "mean", "sum"),
        1.0,
        _SQUARED_MEANS,
        "lin2024landau",
        "Its released squared baseline.",
    ),
    Convention(
        "landau chamfer_sqrt",
        _options(False, "mean", "mean"),
        1.0,
        _HALF_LENGTHS,
        "lin2024landau",
        "Its released root baseline. The weighted losses beside it return half of both sums instead.",
    ),
    Convention(
        "landau single_side",
        _options(True, "mean", "forward"),
        1.0,
        "mean_x d(x,Y)^2",
        "lin2024landau",
        "Partial matching: the input is held against the output only.",
    ),
    Convention(
        "landau single_side_sqrt",
        _options(False, "mean", "forward"),
        1.0,
        "mean_x d(x,Y)",
        "lin2024landau",
        "The same, not squared and not halved.",
    ),
    Convention(
        "dcd cd_p",
        _options(False, "mean", "mean"),
        1.0,
        _HALF_LENGTHS,
        "wu2021dcd",
        "First of the two Chamfer values of the released DCD code.",
    ),
    Convention(
        "dcd cd_t", _options(True, "mean", "sum"), 1.0, _SQUARED_MEANS, "wu2021dcd", "Second of the two."
    ),
    Convention(
        "infocd released",
        _options(False, "sum", "mean"),
        0.5,
        "(sum_x d(x,Y) + sum_y d(y,X)) / 4",
        "lin2023infocd",
        "What the released InfoCD amounts to, to about 2e-6: its contrastive denominator has exponent 1e-7. "
        "Roots are taken of at least 1e-9.",
    ),
    Convention(
        "caloss MCD global",
        _options(True, "mean", "max"),
        1.0,
        "max(mean_x d(x,Y)^2, mean_y d(y,X)^2)",
        "huang2023caloss",
        "Global term of its multi-scale Chamfer metric, before the factor 0.1; tables show it × 100.",
    ),
    Convention(
        "neuralqaad Eq. 10",
        _options(False, "sum", "sum"),
        1.0,
        "sum_x d(x,Y) + sum_y d(y,X)",
        "neuralqaad2022",
        "As printed: sums of lengths.",
    ),
    Convention(
        "neuralqaad Eq. 11",
        _options(False, "sum", "max"),
        1.0,
        "max(sum_x d(x,Y), sum_y d(y,X))",
        "neuralqaad2022",
        "The augmented Chamfer distance.",
    ),
    Convention(
        "atlasnetv2",
        _options(True, "mean", "sum"),
        1.0,
        _SQUARED_MEANS,
        "deprelle2019atlasnetv2",
        "Code of the baseline of NeuralQAAD.",
    ),
    Convention(
        "shapegf",
        _options(True, "mean", "sum"),
        1.0,
        _SQUARED_MEANS,
        "cai2020shapegf",
        "Also under MMD-CD, COV-CD and 1-NNA-CD.",
    ),
    Convention(
        "pointflow", _options(True, "mean", "sum"), 1.0, _SQUARED_MEANS, "yang2019pointflow", "As ShapeGF."
    ),
    Convention(
        "dpcc",
        _options(True, "mean", "sum"),
        1.0,
        _SQUARED_MEANS,
        "he2022dpcc",
        "One stage; the stages are weighted 1 (last) and 0.1.",
    ),
    Convention(
        "dpcc blog",
        _options(True, "sum", "sum"),
        1.0,
        "sum_x d(x,Y)^2 + sum_y d(y,X)^2",
        "dpccblog2026",
        "The form of its worked examples.",
    ),
)

CHAMFER_CONVENTIONS: dict[str, Convention] = {card.name: card for card in _CARDS}
