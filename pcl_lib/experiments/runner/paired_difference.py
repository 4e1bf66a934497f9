"""Two configurations, the same seeds: the differences of their runs, and how far they can be trusted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import t

from pcl_lib.experiments.runner.experiment import Configuration
from pcl_lib.experiments.runner.result import Result

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Difference:
    """Differences of pairs of runs: one per seed, their mean, its standard error, and its 95 % interval.

    The interval is Student's, for differences that are independent and normal; with few seeds it is wide, as it
    should be. Errors: `ValueError` for fewer than two.

    >>> found = Difference((1.0, 2.0, 6.0))
    >>> print(f"{found}, standard error {found.error:.2f}, from {found.low:.2f} to {found.high:.2f}")
    +3.0 ± 6.6, standard error 1.53, from -3.57 to 9.57
    """

    values: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.values) < 2:
            raise ValueError(f"a spread needs at least 2 seeds, received {len(self.values)}")

    def __str__(self) -> str:
        return f"{self.mean:+z.1f} ± {self.half_width:.1f}"  # z: no negative zero

    @property
    def mean(self) -> float:
        return float(np.mean(self.values))

    @property
    def error(self) -> float:
        """Standard error of the mean."""
        return float(np.std(self.values, ddof=1) / np.sqrt(len(self.values)))

    @property
    def half_width(self) -> float:
        """Half of the interval: Student's factor (4.30 for three seeds) times the standard error."""
        return float(t.ppf((1 + CONFIDENCE) / 2, len(self.values) - 1)) * self.error

    @property
    def low(self) -> float:
        return self.mean - self.half_width

    @property
    def high(self) -> float:
        return self.mean + self.half_width

    @property
    def sign(self) -> int:
        """-1 or 1 where the interval lies on one side of 0, else 0: these seeds cannot tell."""
        return int(self.low > 0) - int(self.high < 0)


def paired_difference(
    result: Result, metric: str, of: Configuration, *, than: Configuration, relative: bool = False
) -> Difference:
    """`metric` of one configuration minus that of another, seed by seed: equal weights and batches to begin with.

    `of`, `than`: values of the factors, such as ("PCN", "Landau CD"). `relative`: in per cent of the mean of `than`.
    Errors: `ValueError` for runs that are missing, or that do not have at least two seeds in common.

    >>> from pcl_lib.experiments.runner.result import Row
    >>> rows = [
    ...     Row({"network": "PCN", "loss": loss}, seed, {"CD-L2": 4.0 + seed + (loss == "CD")}, 1.0)
    ...     for loss in ("CD", "Landau CD") for seed in (0, 1)
    ... ]
    >>> result = Result(rows, {}, [], "CD-L2", {}, {}, "cpu", 1.0)
    >>> paired_difference(result, "CD-L2", ("PCN", "Landau CD"), than=("PCN", "CD"))
    Difference(values=(-1.0, -1.0))
    """
    ours, theirs = (result.values(metric, *configuration) for configuration in (of, than))
    seeds = sorted(ours.keys() & theirs.keys())
    scale = 100 / float(np.mean(list(theirs.values()))) if relative else 1.0
    return Difference(tuple(scale * (ours[seed] - theirs[seed]) for seed in seeds))
