"""What CALoss reports, by our names of networks and losses. Reference: huang2023caloss.

None stands for a cell that the paper leaves empty. MCD and HD are of squares, times 100.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Errors(NamedTuple):
    """A cell of the paper's tables: multi-scale Chamfer distance and half-sum Hausdorff distance."""

    mcd: float
    hd: float


NETWORKS = ("AE", "Folding", "LAE", "LFolding")
SETS = ("ShapeNet", "ModelNet40")
OURS = "CALoss"


def _cells(*numbers: float | None) -> dict[tuple[str, str], Errors | None]:
    """A row of Table 1 by (data set, network), from its numbers in the order they are printed."""
    pairs = zip(numbers[::2], numbers[1::2], strict=True)
    keys = [(data, network) for data in SETS for network in NETWORKS]
    return {
        key: None if mcd is None or hd is None else Errors(mcd, hd)
        for key, (mcd, hd) in zip(keys, pairs, strict=True)
    }


_NONE = (None, None)
# Table 1: reconstruction, by loss. The paper does not say whether its CD is of lengths or of squares; the released
# script adds its critics to that of lengths.
TABLE_1 = {
    "CD lengths": _cells(
        0.32, 1.87, 0.40, 4.13, 0.31, 1.02, 0.28, 1.20, 0.75, 6.08, 0.83, 7.35, 0.44, 1.69, 0.39, 2.16
    ),
    "EMD": _cells(0.25, 2.23, *_NONE, 0.23, 2.48, 0.21, 2.49, 0.61, 6.18, *_NONE, 0.33, 3.82, 0.32, 3.88),
    "PUD": _cells(
        0.32, 1.88, 0.36, 3.83, 0.32, 1.02, 0.27, 1.11, 0.73, 5.85, 0.77, 7.29, 0.45, 1.71, 0.38, 1.97
    ),
    "PFD": _cells(
        0.32, 1.87, 0.41, 4.14, 0.31, 0.99, 0.26, 0.97, 0.74, 6.28, 0.88, 7.55, 0.44, 1.69, 0.35, 1.69
    ),
    "CRND": _cells(
        0.31, 1.86, 0.34, 3.17, 0.31, 1.00, 0.26, 0.99, 0.71, 5.66, 0.76, 7.24, 0.44, 1.69, 0.35, 1.76
    ),
    "DCD": _cells(
        0.28, 1.75, 0.91, 8.41, 0.13, 0.89, 0.18, 1.20, 0.68, 6.02, 1.22, 11.86, 0.17, 1.37, 0.24, 1.81
    ),
    "PCLoss": _cells(
        0.23, 1.66, 0.33, 2.57, 0.13, 0.65, 0.14, 0.76, 0.59, 5.30, 0.75, 6.65, 0.17, 1.05, 0.19, 1.37
    ),
    "CALoss": _cells(
        0.21, 1.53, 0.30, 2.57, 0.12, 0.76, 0.12, 0.79, 0.58, 5.23, 0.72, 6.32, 0.16, 1.18, 0.16, 1.24
    ),
}

# Table 2: accuracy of a support vector machine on codes, in per cent, by (network, data set) and loss.
TABLE_2_LOSSES = ("CD", "EMD", "PCLoss", "CALoss")
_TABLE_2 = {
    ("AE", "MN10"): (90.60, 89.49, 91.48, 91.48),
    ("AE", "MN40"): (85.92, 85.47, 86.36, 86.81),
    ("Folding", "MN10"): (91.03, None, 91.70, 92.26),
    ("Folding", "MN40"): (85.22, None, 85.35, 86.24),
    ("AE (PN++)", "MN10"): (90.38, 90.15, 92.04, 93.47),
    ("AE (PN++)", "MN40"): (88.03, 88.07, 87.54, 88.15),
    ("Folding (PN++)", "MN10"): (91.48, None, 91.48, 92.59),
    ("Folding (PN++)", "MN40"): (87.01, None, 86.73, 87.13),
    ("AE (DGCNN)", "MN10"): (91.37, 91.26, 92.37, 92.81),
    ("AE (DGCNN)", "MN40"): (87.50, 87.54, 88.11, 87.46),
    ("Folding (DGCNN)", "MN10"): (91.26, None, 91.81, 92.70),
    ("Folding (DGCNN)", "MN40"): (86.85, None, 87.50, 87.74),
    ("GLRNet", "MN10"): (93.58, None, None, 95.24),
    ("GLRNet", "MN40"): (91.07, None, None, 91.31),
}
TABLE_2 = {key: dict(zip(TABLE_2_LOSSES, row, strict=True)) for key, row in _TABLE_2.items()}

# Table 3: completion, without and with CALoss on the last level; "RFNet*" is on novel categories.
TABLE_3 = {
    "PCN": (Errors(0.31, 2.67), Errors(0.31, 2.55)),
    "CRN": (Errors(0.29, 2.42), Errors(0.29, 2.44)),
    "RFNet": (Errors(0.21, 2.92), Errors(0.20, 2.63)),
    "RFNet*": (Errors(0.29, 3.82), Errors(0.27, 3.28)),
}

# Table 4: milliseconds of a batch, AE on an NVIDIA 2080 Ti.
TABLE_4 = {
    "CD lengths": 23,
    "EMD": 216,
    "PUD": 77,
    "PFD": 45,
    "CRND": 97,
    "PCLoss": 57,
    "CALoss": 39,
}

# Table 5: a CALoss that was trained before and then stands still, and one that is trained along.
TABLE_5 = {
    "ShapeNet": {"pre-trained": Errors(0.75, 14.48), "trained along": Errors(0.21, 1.53)},
    "ModelNet40": {"pre-trained": Errors(1.04, 14.15), "trained along": Errors(0.58, 5.23)},
}
# Table 6: parts of the loss. In the paper's text the check marks of the first and the third row are the same, so rows
# are named by what the section says of them.
TABLE_6 = {
    "adversarial term alone": Errors(3.55, 7.57),
    "contrast, negatives of the batch": Errors(1.83, 12.76),
    "contrast and adversarial term": Errors(0.77, 8.13),
    "and widths kept small": Errors(0.22, 1.63),
    "and dynamic weight": Errors(0.21, 1.53),
}
# Table 7: what the pooling controller sees. Table 8: the pooling.
TABLE_7 = {"max": Errors(0.22, 1.58), "mean": Errors(0.23, 1.55), "both": Errors(0.21, 1.53)}
TABLE_8 = {"max": Errors(0.34, 1.72), "mean": Errors(0.61, 6.79), "adaptive": Errors(0.21, 1.53)}


class Count(NamedTuple):
    """How many comparisons a table has, and in how many of them CALoss is strictly best, ties for it, or is not."""

    best: int
    tied: int
    not_best: int


def _count(cells: Sequence[tuple[float, Sequence[float]]], *, less: bool = True) -> Count:
    sign = 1 if less else -1
    gaps = [min(sign * value for value in others) - sign * ours for ours, others in cells]
    return Count(sum(g > 0 for g in gaps), sum(g == 0 for g in gaps), sum(g < 0 for g in gaps))


def best_of_table_1() -> Count:
    """In how many of the 16 columns of Table 1 CALoss is best.

    >>> best_of_table_1()
    Count(best=12, tied=1, not_best=3)
    """
    columns = []
    for key, ours in TABLE_1[OURS].items():
        others = [found for loss, row in TABLE_1.items() if loss != OURS and (found := row[key]) is not None]
        assert ours is not None
        columns += [(ours[k], [errors[k] for errors in others]) for k in range(2)]
    return _count(columns)


def against_cd_of_table_2() -> Count:
    """In how many of the 14 rows of Table 2 CALoss is above CD.

    >>> against_cd_of_table_2()
    Count(best=13, tied=0, not_best=1)
    """
    rows = [(row[OURS], row["CD"]) for row in TABLE_2.values()]
    return _count([(ours, [cd]) for ours, cd in rows if ours is not None and cd is not None], less=False)


def against_none_of_table_3() -> Count:
    """In how many of the 8 pairs of Table 3 CALoss is below the loss it replaces.

    >>> against_none_of_table_3()
    Count(best=5, tied=2, not_best=1)
    """
    pairs = [(with_it[k], [without[k]]) for without, with_it in TABLE_3.values() for k in range(2)]
    return _count(pairs)
