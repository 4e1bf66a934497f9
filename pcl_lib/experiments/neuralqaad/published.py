"""What NeuralQAAD reports, by our names of its methods, and what follows from its numbers by arithmetic."""

from __future__ import annotations

from typing import NamedTuple

ATLAS, CHAMFER, RANDOM = "AtlasNetV2", "augmented Chamfer", "random assignment"
GREEDY, OURS, CONVERGED = "greedy", "greedy and reassignment", "converged"
# The methods of Table 1, in its order; the last is the one before it, trained on.
METHODS = (ATLAS, CHAMFER, RANDOM, GREEDY, OURS, CONVERGED)
SETS = ("Skulls", "D-Faust", "COMA")

# Table 1: EM-kD. The unit is not stated and differs: rows cannot be compared.
_TABLE_1 = {
    "Skulls": (30.681, 24.004, 419.230, 18.312, 10.481, 6.708),
    "D-Faust": (0.076, 0.023, 0.187, 0.015, 0.011, 0.010),
    "COMA": (200.083, 139.230, 2448.076, 74.893, 47.593, 18.554),
}
TABLE_1 = {data: dict(zip(METHODS, row, strict=True)) for data, row in _TABLE_1.items()}

# Section 4.3: by how many per cent the architecture alone, and all of it, lower the EM-kD of AtlasNetV2.
DROPS = {"Skulls": (21, 78), "D-Faust": (69, 86), "COMA": (30, 90)}


class Sizes(NamedTuple):
    """Section 4.2: of a data set and of what compresses it. `points`: as stated, a lower bound but for the skulls;
    `of_ratio`: the number of points with which the stated `ratio` comes out."""

    clouds: int
    points: int
    of_ratio: int
    code: int
    patches: int
    atlas_patches: int
    points_a_step: int
    ratio: int


SIZES = {
    "Skulls": Sizes(4096, 65_536, 65_536, 10, 16, 16, 2048, 3311),
    "D-Faust": Sizes(13_744, 130_000, 131_072, 256, 128, 28, 4096, 1144),
    "COMA": Sizes(6576, 110_000, 109_500, 256, 128, 28, 4096, 748),
}
EPOCHS_CHAMFER, EPOCHS_QAAD, BATCH, RATE = 150, 450, 16, 1e-3
# The first part of a training, by the augmented Chamfer distance: 150 of 600 epochs.
PRETRAINING = EPOCHS_CHAMFER / (EPOCHS_CHAMFER + EPOCHS_QAAD)
# Weights without biases of 256-128-128-128-64-3, four layers shared: the reading that gives the stated ratios.
WEIGHTS = {"Skulls": 203_008, "D-Faust": 1_204_992, "COMA": 1_204_992}
MNIST_PIXELS = 28 * 28


def drop(data: str, method: str) -> float:
    """By how many per cent a method lowers the printed EM-kD of AtlasNetV2.

    >>> [round(drop(data, method), 1) for data in SETS for method in (CHAMFER, CONVERGED)]
    [21.8, 78.1, 69.7, 86.8, 30.4, 90.7]
    """
    row = TABLE_1[data]
    return 100 * (1 - row[method] / row[ATLAS])


def cut_off(data: str) -> tuple[bool, bool]:
    """Whether the two percentages of the text are those of the table, cut off and not rounded.

    >>> [cut_off(data) for data in SETS]
    [(True, True), (True, True), (True, True)]
    """
    early, late = (int(drop(data, method)) for method in (CHAMFER, CONVERGED))
    return early == DROPS[data][0], late == DROPS[data][1]


def ratio(data: str, *, input_cloud: bool) -> float:
    """Floats of the data set over those of network and codes, with or without the input cloud, which is stored too.

    >>> [round(ratio("Skulls", input_cloud=counted)) for counted in (False, True)]
    [3301, 1828]
    >>> round(ratio("D-Faust", input_cloud=False)), round(ratio("COMA", input_cloud=False))
    (1144, 748)
    """
    of = SIZES[data]
    stored = WEIGHTS[data] + of.clouds * of.code + (3 * of.of_ratio if input_cloud else 0)
    return of.clouds * of.of_ratio * 3 / stored


def images(points: int = 65_000, clouds: int = 32, *, floats: bool = False) -> float:
    """How many MNIST images a batch of clouds is as large as, a point counted as a pixel or as three floats.

    >>> round(images()), round(images(floats=True))
    (2653, 7959)
    """
    return clouds * points * (3 if floats else 1) / MNIST_PIXELS
