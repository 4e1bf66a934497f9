"""What ShapeGF prints of auto-encoding, and where its numbers contradict each other. Reference: cai2020shapegf.

Tables 1, 2, 4, 7 and 8. Squared Chamfer distance times 10^4; EMD, the approximate one of Fan's kernel, times 10^2.
None stands for a cell that the paper leaves empty. Sets and models have our names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

METRICS = ("CD", "EMD")
OURS = "ShapeGF"
ORACLE = "oracle"
MODELS = ("l-GAN CD", "l-GAN EMD", "AtlasNet sphere", "AtlasNet patches", "PointFlow", OURS, ORACLE)
SETS = ("MNIST-CP", "Airplane", "Chair", "Car", "ShapeNet")


def _row(*numbers: float | None) -> dict[str, float | None]:
    return dict(zip(MODELS, numbers, strict=True))


# Table 1: auto-encoding, by (set, metric) and model.
TABLE_1: dict[tuple[str, str], dict[str, float | None]] = {
    ("MNIST-CP", "CD"): _row(8.204, None, 7.274, 4.926, 17.894, 2.669, 1.012),
    ("MNIST-CP", "EMD"): _row(40.610, None, 19.920, 15.970, 8.705, 7.341, 4.875),
    ("Airplane", "CD"): _row(1.020, 1.196, 1.002, 0.969, 1.208, 0.96, 0.837),
    ("Airplane", "EMD"): _row(4.089, 2.577, 2.672, 2.612, 2.757, 2.562, 2.062),
    ("Chair", "CD"): _row(9.279, 11.21, 6.564, 6.693, 10.120, 5.599, 3.201),
    ("Chair", "EMD"): _row(8.235, 6.053, 5.790, 5.509, 6.434, 4.917, 3.297),
    ("Car", "CD"): _row(5.802, 6.486, 5.392, 5.441, 6.531, 5.328, 3.904),
    ("Car", "EMD"): _row(5.790, 4.780, 4.587, 4.570, 5.138, 4.409, 3.251),
    ("ShapeNet", "CD"): _row(7.120, 8.850, 5.301, 5.121, 7.551, 5.154, 3.031),
    ("ShapeNet", "EMD"): _row(7.950, 5.260, 5.553, 5.493, 5.176, 4.603, 3.103),
}

# Table 2: airplanes from N points, M of which are given in a step; by metric and (N, M), the 13 cells that are printed.
GIVEN = (2048, 1024, 512, 256, 128)
_TABLE_2 = {
    "CD": {
        10_000: (0.993, 1.057, 0.999, 1.136, 1.688),
        3000: (1.080, 1.059, 1.003, 1.142, 1.753),
        1000: (None, None, 1.021, 1.149, 1.691),
    },
    "EMD": {
        10_000: (2.463, 2.608, 2.589, 3.042, 3.715),
        3000: (2.533, 2.586, 2.557, 2.997, 3.878),
        1000: (None, None, 2.565, 2.943, 3.633),
    },
}
TABLE_2: dict[str, dict[tuple[int, int], float]] = {
    metric: {
        (n, m): value
        for n, row in rows.items()
        for m, value in zip(GIVEN, row, strict=True)
        if value is not None
    }
    for metric, rows in _TABLE_2.items()
}
CELLS = tuple(TABLE_2["CD"])

# Table 4: airplanes; a network trained on one noise level, by that level, and the full one, by where points start.
TABLE_4_LEVELS = {
    "CD": {0.1: 2.545, 0.05: 1.573, 0.01: 1009.357},
    "EMD": {0.1: 4.400, 0.05: 8.455, 0.01: 36.715},
}
TABLE_4_PRIORS = {
    "CD": {"uniform": 0.993, "one point": 0.993, "Gaussian": 0.996},
    "EMD": {"uniform": 2.463, "one point": 2.476, "Gaussian": 2.475},
}

# Table 7: surfaces of airplanes, by metric; the mesh accuracy is a length.
TABLE_7 = {
    "CD": {"AtlasNet sphere": 1.88, "AtlasNet patches": 2.16, "DeepSDF": 1.43, OURS: 1.022},
    "CD (median)": {"AtlasNet sphere": 0.79, "AtlasNet patches": 0.65, "DeepSDF": 0.36, OURS: 0.442},
    "EMD": {"AtlasNet sphere": 3.8, "AtlasNet patches": 4.1, "DeepSDF": 3.3, OURS: 5.545},
    "mesh accuracy": {"AtlasNet sphere": 0.013, "AtlasNet patches": 0.013, "DeepSDF": 0.004, OURS: 0.008},
}


class Spread(NamedTuple):
    """Mean and standard deviation, in the paper over three runs of one trained network."""

    mean: float
    std: float


# Table 8: parts of the decoder: (a) conditional batch norm, (b) shortcuts, (c) its condition holds x and sigma too,
# (d) code and sigma joined to x at the input. The last is the full model.
FULL = "abcd"
TABLE_8 = {
    "CD": {
        "a": Spread(1.234, 0.007),
        "ab": Spread(0.992, 0.002),
        "abc": Spread(0.998, 0.003),
        "bd": Spread(1.011, 0.008),
        FULL: Spread(0.987, 0.001),
    },
    "EMD": {
        "a": Spread(2.718, 0.039),
        "ab": Spread(2.513, 0.019),
        "abc": Spread(2.493, 0.010),
        "bd": Spread(2.462, 0.042),
        FULL: Spread(2.524, 0.001),
    },
}


class Count(NamedTuple):
    """In how many of the comparisons of a table the first is strictly better, equal, or worse."""

    better: int
    equal: int
    worse: int


def compared(pairs: list[tuple[float, float]]) -> Count:
    """How often the first of two errors is lower.

    >>> compared([(1.0, 2.0), (1.0, 1.0), (3.0, 2.0)])
    Count(better=1, equal=1, worse=1)
    """
    return Count(
        sum(one < other for one, other in pairs),
        sum(one == other for one, other in pairs),
        sum(one > other for one, other in pairs),
    )


def against(model: str, *, metrics: tuple[str, ...] = METRICS) -> Count:
    """ShapeGF against one model in the cells of Table 1 that have both (claim E2).

    >>> against("PointFlow")
    Count(better=10, equal=0, worse=0)
    """
    rows = [row for (_, metric), row in TABLE_1.items() if metric in metrics]
    return compared([(ours, other) for row in rows if (ours := row[OURS]) and (other := row[model])])


def best_other(row: Mapping[str, float | None]) -> tuple[str, float]:
    """The lowest number of a row of Table 1 beside ours and the oracle's, and whose it is.

    >>> best_other(TABLE_1["Airplane", "EMD"])
    ('l-GAN EMD', 2.577)
    """
    others = {
        model: value for model, value in row.items() if value is not None and model not in (OURS, ORACLE)
    }
    best = min(others, key=lambda model: others[model])
    return best, others[best]


def margins(metric: str = "EMD") -> dict[str, float]:
    """How far ShapeGF is below the best other model of Table 1, in per cent, by set.

    >>> {name: round(value, 1) for name, value in margins().items()}
    {'MNIST-CP': 15.7, 'Airplane': 0.6, 'Chair': 10.7, 'Car': 3.5, 'ShapeNet': 11.1}
    """
    found = {}
    for data in SETS:
        row = TABLE_1[data, metric]
        ours = row[OURS]
        assert ours is not None
        found[data] = 100 * (1 - ours / best_other(row)[1])
    return found


def repeats() -> dict[str, dict[str, float]]:
    """The full model on airplanes as Tables 1, 2, 4 and 8 print it, by metric: one experiment, one number (claim E21).

    >>> repeats()["CD"]
    {'Table 1': 0.96, 'Table 2': 0.993, 'Table 4': 0.993, 'Table 8': 0.987}
    """
    found = {}
    for metric in METRICS:
        first = TABLE_1["Airplane", metric][OURS]
        assert first is not None
        found[metric] = {
            "Table 1": first,
            "Table 2": TABLE_2[metric][10_000, 2048],
            "Table 4": TABLE_4_PRIORS[metric]["uniform"],
            "Table 8": TABLE_8[metric][FULL].mean,
        }
    return found


def spread_of_repeats(metric: str) -> float:
    """How far apart these values are, in per cent of the lowest.

    >>> round(spread_of_repeats("CD"), 1), round(spread_of_repeats("EMD"), 1)
    (3.4, 4.0)
    """
    values = repeats()[metric].values()
    return 100 * (max(values) / min(values) - 1)


def rank_of_full(metric: str) -> int:
    """The place of the full model among the five of Table 8, 1 for the lowest error (claim E17).

    >>> rank_of_full("CD"), rank_of_full("EMD")
    (1, 4)
    """
    table = TABLE_8[metric]
    return 1 + sum(each.mean < table[FULL].mean for each in table.values())


def rank_of_spread(metric: str) -> int:
    """The place of the full model's deviation among the five of Table 8, 1 for the smallest.

    >>> rank_of_spread("CD"), rank_of_spread("EMD")
    (1, 1)
    """
    table = TABLE_8[metric]
    return 1 + sum(each.std < table[FULL].std for each in table.values())


def sparser(metric: str, m: int) -> float:
    """By how many per cent a number of Table 2 rises from M = 2,048 to so few points, at N = 10,000.

    >>> round(sparser("CD", 256)), round(sparser("CD", 128))
    (14, 70)
    """
    row = TABLE_2[metric]
    return 100 * (row[10_000, m] / row[10_000, 2048] - 1)
