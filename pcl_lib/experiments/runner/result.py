"""What an experiment gives back: a row per run, and small arrays to draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from pcl_lib.experiments.runner.experiment import Configuration

COSTS = ("ms_per_step", "relative_cost")


@dataclass(frozen=True)
class Row:
    """One run: the values of the `factors` by name, its `seed`, and what it came to.

    - `metrics`: by name, means over held-out shapes.
    - `ms_per_step`: of its training. `relative_cost`: the time of a step over that of the baseline, None without one.
    """

    factors: Mapping[str, str]
    seed: int
    metrics: Mapping[str, float]
    ms_per_step: float
    relative_cost: float | None = None

    @property
    def configuration(self) -> Configuration:
        """The values of the factors, in order."""
        return tuple(self.factors.values())

    def value(self, name: str) -> float:
        """A metric, "ms_per_step" or "relative_cost". Errors: `ValueError` for another name, or a cost that is not."""
        costs = {cost: getattr(self, cost) for cost in COSTS if getattr(self, cost) is not None}
        known = {**self.metrics, **costs}
        if name not in known:
            raise ValueError(f"metric must be one of {', '.join(known)}, received {name!r}")
        return float(known[name])


@dataclass(frozen=True, eq=False)  # arrays do not compare to one truth
class Result:
    """The outcome of an experiment that trains in several configurations, each with several seeds.

    - `rows`: one `Row` per run.
    - `curves`: configuration to an array (seeds, steps) of `curve_measure` on held-out shapes after each of
      `logged_steps`. A configuration is the values of the factors, such as ("PCN", "CD").
    - `previews`: small arrays by name, for figures.
    - `data`: "name" and "checksum" (SHA-256) of the clouds that were used. `device`: name of that which trained.
      `versions`: of Python and the packages that trained. `seconds`: of all runs.
    """

    rows: Sequence[Row] = field(repr=False)
    curves: Mapping[Configuration, np.ndarray] = field(repr=False)
    logged_steps: list[int]
    curve_measure: str
    previews: Mapping[str, np.ndarray] = field(repr=False)
    data: Mapping[str, str]
    device: str
    seconds: float
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def configurations(self) -> tuple[Configuration, ...]:
        """The configurations, each once, in the order of the rows."""
        return tuple(dict.fromkeys(row.configuration for row in self.rows))

    def values(self, name: str, *configuration: str) -> dict[int, float]:
        """A metric (or "ms_per_step", "relative_cost") of the runs of a configuration, by seed.

        Errors: `ValueError` if there is no such run or no such name.

        >>> rows = [Row({"network": "AE", "loss": "CD"}, seed, {"HD": hd}, 1.0) for seed, hd in enumerate((1.0, 2.0))]
        >>> Result(rows, {}, [], "CD", {}, {}, "cpu", 1.0).values("HD", "AE", "CD")
        {0: 1.0, 1: 2.0}
        """
        rows = [row for row in self.rows if row.configuration == configuration]
        if not rows:
            raise ValueError(f"there is no run of {configuration}; there are {list(self.configurations)}")
        return {row.seed: row.value(name) for row in rows}

    def table(self, name: str) -> dict[Configuration, tuple[float, float]]:
        """Mean and sample standard deviation over seeds (nan for one seed), by configuration.

        `name` is one of the metrics of the rows, or "ms_per_step", or "relative_cost". A configuration that lacks this
        metric, as some have metrics of their own, is left out. Errors: `ValueError` for another name.

        >>> rows = [
        ...     Row({"network": "AE", "loss": "CD"}, seed, {"HD": hd}, ms_per_step=1.0)
        ...     for seed, hd in enumerate([1.0, 2.0, 6.0])
        ... ]
        >>> result = Result(rows, {}, [], "CD", {}, {}, "cpu", 1.0)
        >>> [round(value, 3) for value in result.table("HD")["AE", "CD"]]
        [3.0, 2.646]
        """
        every = {name for row in self.rows for name in row.metrics}
        measured = {row.configuration for row in self.rows if name in row.metrics or name not in every}
        columns = {
            key: list(self.values(name, *key).values()) for key in self.configurations if key in measured
        }
        return {
            key: (float(np.mean(column)), float(np.std(column, ddof=1)) if len(column) > 1 else float("nan"))
            for key, column in columns.items()
        }
