"""What an experiment gives back: a row per run, and small arrays to draw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Configuration = tuple[str, str]
Row = dict[str, Any]


@dataclass(frozen=True, eq=False)  # arrays do not compare to one truth
class Result:
    """The outcome of an experiment that trains networks with losses, each with several seeds.

    - `rows`: one dict per run: "network", "loss", "seed", "metrics" (means over the held-out shapes, by name),
      "ms_per_step" of its training, "relative_cost" of its loss.
    - `curves`: (network, loss) to an array (seeds, steps) of `curve_measure` on held-out shapes after each of
      `logged_steps`.
    - `previews`: small arrays by name, for figures.
    - `data`: "name" and "checksum" (SHA-256) of the clouds that were used. `device`: its name. `seconds`: of all runs.
    """

    rows: list[Row] = field(repr=False)
    curves: Mapping[Configuration, np.ndarray] = field(repr=False)
    logged_steps: list[int]
    curve_measure: str
    previews: Mapping[str, np.ndarray] = field(repr=False)
    data: Mapping[str, str]
    device: str
    seconds: float

    def table(self, metric: str) -> dict[Configuration, tuple[float, float]]:
        """Mean and sample standard deviation over seeds (nan for one seed), by (network, loss).

        `metric` is one of the metrics of the rows, or "ms_per_step", or "relative_cost".
        Errors: `ValueError` for another name.

        >>> rows = [
        ...     {"network": "AE", "loss": "CD", "seed": seed, "metrics": {"HD": hd}, "ms_per_step": 1.0}
        ...     for seed, hd in enumerate([1.0, 2.0, 6.0])
        ... ]
        >>> result = Result(rows, {}, [], "CD", {}, {}, "cpu", 1.0)
        >>> [round(value, 3) for value in result.table("HD")["AE", "CD"]]
        [3.0, 2.646]
        """
        values: dict[Configuration, list[float]] = {}
        for row in self.rows:
            known = row["metrics"] | {
                name: row[name] for name in ("ms_per_step", "relative_cost") if name in row
            }
            if metric not in known:
                raise ValueError(f"metric must be one of {', '.join(known)}, received {metric!r}")
            values.setdefault((row["network"], row["loss"]), []).append(known[metric])
        return {
            key: (float(np.mean(column)), float(np.std(column, ddof=1)) if len(column) > 1 else float("nan"))
            for key, column in values.items()
        }
