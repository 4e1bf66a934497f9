"""What results, live or recorded, come to beside the paper's: paired differences, crossings, shares; no drawing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from pcl_lib.experiments.learned_losses.settings import BASELINE
from pcl_lib.experiments.runner.experiment import Configuration
from pcl_lib.experiments.runner.paired_difference import Difference, paired_difference
from pcl_lib.experiments.runner.result import Result
from pcl_lib.neighbors import nearest

CDS = ("CD lengths", "CD")
OURS = "CALoss"
STRAY = 0.5  # half the radius of a cloud


def values(result: Result, metric: str, loss: str, network: str = "AE") -> np.ndarray:
    """A metric of the runs of a network with a loss, in the order of the seeds."""
    return np.array(list(result.values(metric, network, loss).values()))


def losses_of(result: Result, network: str = "AE") -> list[str]:
    """The losses that a network was trained with, in the order of the rows."""
    return [loss for of, loss in result.configurations if of == network]


def better_cd(result: Result, metric: str, network: str = "AE") -> str:
    """The Chamfer distance, of lengths or of squares, whose mean of a metric is lower: the one to be beaten."""
    known = [loss for loss in CDS if loss in losses_of(result, network)]
    return min(known, key=lambda loss: float(values(result, metric, loss, network).mean()))


def lowest(result: Result, measures: Sequence[str], network: str = "AE") -> dict[str, str]:
    """For each measure the loss whose mean over the seeds is lowest."""
    losses = losses_of(result, network)
    return {
        of: min(losses, key=lambda loss: float(values(result, of, loss, network).mean())) for of in measures
    }


def change(
    result: Result, metric: str, loss: str = OURS, than: str | None = None, *, network: str = "AE"
) -> Difference:
    """Paired differences in per cent of the loss that is compared with, the better Chamfer distance by default."""
    other = better_cd(result, metric, network) if than is None else than
    return paired_difference(result, metric, (network, loss), than=(network, other), relative=True)


def points_of_accuracy(result: Result, loss: str, than: str, *, network: str = "AE") -> Difference:
    """Paired differences of accuracies, in points of a hundred."""
    found = paired_difference(result, "accuracy", (network, loss), than=(network, than))
    return Difference(tuple(100 * value for value in found.values))


def crossing(
    result: Result, loss: str = OURS, than: str | None = None, *, network: str = "AE"
) -> list[int | None]:
    """For each seed the first look from which on the curve of a loss stays below another's; None where it does not end
    below."""
    other = better_cd(result, result.curve_measure, network) if than is None else than
    below = result.curves[network, loss] < result.curves[network, other]
    found: list[int | None] = []
    for row in below:
        above = np.flatnonzero(~row)
        start = 0 if not len(above) else int(above[-1]) + 1
        found.append(result.logged_steps[start] if start < len(row) else None)
    return found


def common_level(result: Result, losses: Sequence[str], network: str = "AE") -> float:
    """The lowest value of the curves that every run of these losses reaches."""
    return max(float(result.curves[network, loss].min(1).max()) for loss in losses)


def steps_to(result: Result, loss: str, level: float, network: str = "AE") -> list[int]:
    """For each seed the first look at which the curve is at a level or below.

    Errors: `ValueError` for a level that a run does not reach.
    """
    reached = result.curves[network, loss] <= level
    if not reached.any(1).all():
        raise ValueError(f"level must be reached by every run of {loss}, received {level}")
    return [result.logged_steps[int(k)] for k in reached.argmax(1)]


def seconds_per_step(result: Result, loss: str, network: str = "AE") -> float:
    """Of a training step: what one with CD took on average in training, times the cost relative to it.

    Runs side by side slow each other down; costs are taken in turns, on the same batches.
    """
    cd = values(result, "ms_per_step", BASELINE, network).mean()
    return float(cd * np.median(values(result, "relative_cost", loss, network))) / 1e3


def outputs_apart(result: Result, one: Configuration, other: Configuration) -> np.ndarray:
    """How far apart the outputs of two configurations are (seeds, seeds): mean CD lengths, from the previews."""
    rows = [[k for k, row in enumerate(result.rows) if row.configuration == of] for of in (one, other)]
    table: np.ndarray = result.previews["apart"][np.ix_(*rows)]
    return table


def within_groups(result: Result, network: str, loss: str, size: int) -> float:
    """How far the last stage's points lie from the mean of their group, those of one point of the stage before.

    Root of the mean square over the completions that are shown, in the unit of the clouds. `size`: points of a group,
    which follow each other.
    """
    made = result.previews[f"{network}/{loss}"].astype(np.float64)
    groups = made.reshape(len(made), -1, size, made.shape[-1])
    away = groups - groups.mean(2, keepdims=True)
    return float(np.sqrt(np.square(away).sum(-1).mean()))


def strays(result: Result, loss: str, *, beyond: float = STRAY, network: str = "AE") -> np.ndarray:
    """Which points of the outputs that are shown (k, N) are further than a distance from every point of the truth."""
    made, truth = (
        torch.from_numpy(result.previews[name]).double() for name in (f"{network}/{loss}", "truth")
    )
    further: np.ndarray = (nearest(made, truth).sq_dist.sqrt() > beyond).numpy()
    return further


def likeness(result: Result, loss: str, than: str = BASELINE, *, network: str = "AE") -> Difference:
    """How far the outputs of a loss are from those of another with the same seed, over how far apart those of the
    other are between seeds, less 1, in per cent: below 0 they are more alike than two seeds are."""
    between = outputs_apart(result, (network, than), (network, than))
    seeds = len(between)
    if seeds < 2:
        raise ValueError("likeness needs at least two seeds, received one")
    usual = between.sum() / (seeds * (seeds - 1))
    apart = np.diagonal(outputs_apart(result, (network, loss), (network, than)))
    return Difference(tuple((100 * (apart / usual - 1)).tolist()))


def more_alike(result: Result, loss: str, than: str, *, network: str = "AE") -> Difference:
    """`likeness` of a loss minus that of another, seed by seed: below 0 its outputs are nearer to those of CD."""
    ours, theirs = (likeness(result, of, network=network).values for of in (loss, than))
    return Difference(tuple(one - other for one, other in zip(ours, theirs, strict=True)))


def chosen_rates(result: Result) -> dict[tuple[str, str], float]:
    """The rate with the lowest MCD on the shapes held back, by network and loss; the mean over the seeds counts."""
    found: dict[tuple[str, str], tuple[float, float]] = {}
    for (network, loss, rate), (mean, _) in result.table("MCD").items():
        key = network, loss
        found[key] = min(found.get(key, (np.inf, 0.0)), (mean, float(rate)))
    return {key: rate for key, (_, rate) in found.items()}


def excess_at_best(result: Result, network: str, metric: str = "MCD") -> float:
    """How much higher a metric is with CALoss than with CD of lengths, in per cent, each at its best rate."""
    lowest = {
        loss: min(mean for of, (mean, _) in result.table(metric).items() if of[:2] == (network, loss))
        for loss in (OURS, BASELINE)
    }
    return 100 * (lowest[OURS] / lowest[BASELINE] - 1)


def relative_costs(result: Result, network: str = "AE") -> dict[str, float]:
    """Median over the seeds of the time of a step over that with CD lengths, by loss."""
    return {
        loss: float(np.median(values(result, "relative_cost", loss, network)))
        for loss in losses_of(result, network)
    }


def ratios(published: Mapping[str, float | int], to: str = BASELINE) -> dict[str, float]:
    """Published numbers over that of one of them.

    >>> ratios({"CD lengths": 23, "CALoss": 39})["CALoss"]
    1.70
    """
    return {name: value / published[to] for name, value in published.items()}


def change_at(result: Result, look: int, loss: str = OURS, *, network: str = "AE") -> Difference:
    """Paired differences of the curves at a look, in per cent of the better Chamfer distance of the end."""
    other = better_cd(result, result.curve_measure, network)
    ours, theirs = (result.curves[network, name][:, look] for name in (loss, other))
    return Difference(tuple((100 * (ours / theirs - 1)).tolist()))


def shown(found: Difference, unit: str = " %") -> str:
    """A difference with its interval."""
    return f"{found.mean:+z.1f}{unit} ({found.low:+z.1f} to {found.high:+z.1f})"
