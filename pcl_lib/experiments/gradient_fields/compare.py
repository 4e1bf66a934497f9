"""What results, live or recorded, come to beside the paper's: paired differences, seconds to an error; no drawing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from pcl_lib.experiments.gradient_fields.published import CELLS, FULL
from pcl_lib.experiments.gradient_fields.settings import BASELINES, EXACT, OURS, cell
from pcl_lib.experiments.runner.paired_difference import Difference, paired_difference
from pcl_lib.experiments.runner.result import Result

DENSE = (10_000, 2048)  # the cell of Table 2 that the others are held against


def values(result: Result, metric: str, row: str) -> np.ndarray:
    """A metric of the runs of a row, in the order of the seeds."""
    return np.array(list(result.values(metric, row).values()))


def baselines(result: Result) -> list[str]:
    """The other models that were trained, in the order of the rows."""
    return [model for (model,) in result.configurations if model in BASELINES]


def best_baseline(result: Result, metric: str) -> str:
    """The other model with the lowest mean of a metric: the one to be beaten."""
    return min(baselines(result), key=lambda model: float(values(result, metric, model).mean()))


def change(result: Result, metric: str, of: str, than: str) -> Difference:
    """Paired differences over the seeds, in per cent of the row that is compared with."""
    return paired_difference(result, metric, (of,), than=(than,), relative=True)


def risen(result: Result, metric: str, of: str, than: str) -> float:
    """By how many per cent the mean of a row is above that of another."""
    ours, theirs = (float(values(result, metric, row).mean()) for row in (of, than))
    return 100 * (ours / theirs - 1)


def seconds(result: Result, row: str) -> np.ndarray:
    """(looks,): when the curve of a row was taken, in seconds of its training, the mean of its runs."""
    per_step = values(result, "ms_per_step", row).mean() / 1e3
    found: np.ndarray = np.array(result.logged_steps) * per_step
    return found


def seconds_to(result: Result, row: str, level: float) -> list[float | None]:
    """For each seed the seconds of training after which the curve is at a level or below; None where it never is."""
    at, below = seconds(result, row), result.curves[(row,)] <= level
    return [float(at[run.argmax()]) if run.any() else None for run in below]


def time_shares(result: Result) -> list[float | None]:
    """For each seed the share of its seconds after which ours has the EMD that the best other model ends with.

    Of the same seed, on the shapes of the curves. None where ours never has it.
    """
    ends = {model: result.curves[(model,)][:, -1] for model in baselines(result)}
    best = min(ends, key=lambda model: float(ends[model].mean()))
    whole = seconds(result, OURS)[-1]
    found: list[float | None] = []
    for seed, level in enumerate(ends[best]):
        reached = seconds_to(result, OURS, float(level))[seed]
        found.append(None if reached is None else reached / whole)
    return found


def updates(result: Result, row: str) -> float:
    """How many steps a row had in its seconds, the mean of its runs."""
    return float(values(result, "updates", row).mean())


def alone(m: int) -> str:
    """The row of so many points without a network.

    >>> alone(256)
    'no network x 256'
    """
    return f"{EXACT} x {m}"


def fewer_stored(result: Result, metric: str, n: int) -> Difference:
    """Table 2: so few stored points against 10,000, in per cent; for each M of both two runs that differ in N alone.

    The interval is over these pairs.
    """
    columns = [m for of, m in CELLS if of == n]
    return Difference(tuple(risen(result, metric, cell(n, m), cell(DENSE[0], m)) for m in columns))


def excess_levels(result: Result, variant: str) -> dict[float, np.ndarray]:
    """The excess loss of a variant by sigma, from wide to narrow; an array over the seeds each."""
    names = [name for name in result.rows[0].metrics if name.startswith(EXCESS_AT)]
    return {float(name.removeprefix(EXCESS_AT)): values(result, name, variant) for name in names}


EXCESS = "excess loss"
EXCESS_AT = "excess loss at "


def variants_beaten(result: Result, variants: Sequence[str], metric: str = EXCESS) -> dict[str, Difference]:
    """The full decoder against each of the others, in per cent of the other."""
    return {variant: change(result, metric, FULL, variant) for variant in variants if variant != FULL}


def rank_of_spread(result: Result, metric: str, variants: Sequence[str]) -> int:
    """The place of the full decoder's deviation over the seeds, 1 for the smallest."""
    spread = {variant: float(values(result, metric, variant).std(ddof=1)) for variant in variants}
    return 1 + sum(value < spread[FULL] for value in spread.values())


def same_class(codes: np.ndarray, labels: np.ndarray) -> float:
    """The share of codes (T, K) whose nearest other code is of the same class.

    >>> same_class(np.array([[0.0], [0.1], [5.0], [5.1]]), np.array(["a", "a", "b", "c"]))
    0.5
    """
    apart = np.square(codes[:, None].astype(float) - codes[None]).sum(-1)
    np.fill_diagonal(apart, np.inf)
    return float((labels[apart.argmin(1)] == labels).mean())


def shown(found: Difference, unit: str = " %") -> str:
    """A difference with its interval.

    >>> shown(Difference((-3.0, -1.0)))
    '-2.0 % (-14.7 to +10.7)'
    >>> shown(Difference((1000.0, 1000.0)))
    '+1,000.0 % (+1,000.0 to +1,000.0)'
    """
    return f"{found.mean:+z,.1f}{unit} ({found.low:+z,.1f} to {found.high:+z,.1f})"


def all_shown(found: Mapping[str, Difference]) -> str:
    """Differences by name with their intervals, one after the other."""
    return "; ".join(f"{name} {shown(difference)}" for name, difference in found.items())
