"""What results, live or recorded, come to beside the paper's: paired differences, orders, shares. Nothing is drawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from scipy.stats import kendalltau
from torch import Tensor

from pcl_lib.experiments.completion.published import LANDAU_TABLE_2, LANDAU_TABLE_3, THREE, WEIGHTED
from pcl_lib.experiments.record import Record
from pcl_lib.experiments.runner.paired_difference import Difference, paired_difference
from pcl_lib.experiments.runner.result import Result
from pcl_lib.losses import Fit, gradient_matching

ONE_NETWORK = "PCN"
# Losses that are CD up to a constant where the distances of a completion lie.
ALIKE = ("HyperCD", *WEIGHTED.values())
LEVELS = ("simple", "moderate", "hard")
# What is compared with one network: the weight, the sum, and both.
QUESTIONS = {
    "the weight": ("Landau CD", "CD"),
    "the weight, to HyperCD": ("Landau CD", "HyperCD"),
    "the sum": ("CD sums", "CD"),
    "both, as released": ("released Landau CD", "CD"),
    "the weight, among sums": ("released Landau CD", "CD sums"),
}
# What is compared with each of several networks.
COMPARED = (("HyperCD", "CD"), ("Landau CD", "CD"), ("Landau CD", "HyperCD"), ("CD sums", "CD"))


def values(result: Result, network: str, loss: str, metric: str) -> list[float]:
    """A metric of the runs of a network with a loss, in the order of the seeds."""
    return list(result.values(metric, network, loss).values())


def change(
    result: Result, loss: str, than: str, *, network: str = ONE_NETWORK, metric: str | Sequence[str] = "CD-L2"
) -> Difference:
    """Paired differences in per cent of the loss that is compared with; of several metrics, their average."""
    metrics = (metric,) if isinstance(metric, str) else metric
    each = [
        paired_difference(result, name, (network, loss), than=(network, than), relative=True).values
        for name in metrics
    ]
    return Difference(tuple(np.mean(each, axis=0).tolist()))


def paper_change(loss: str, than: str, paper: Mapping[str, float] = LANDAU_TABLE_2) -> float | None:
    """The paper's difference in per cent, or None where it has not both."""
    return 100 * (paper[loss] / paper[than] - 1) if {loss, than} <= paper.keys() else None


def signed(per_cent: float) -> str:
    """A difference with its sign, as prose sets it.

    >>> signed(-3.85), signed(-0.01)
    ('−3.9', '+0.0')
    """
    return f"{per_cent:+z.1f}".replace("-", "\N{MINUS SIGN}")


def so(found: Difference) -> str:
    """The sign of an interval in a word, for a measure of which less is better."""
    return ("better", "cannot tell", "worse")[found.sign + 1]


def same_order(result: Result, loss: str, than: str) -> str | None:
    """Whether the order of two losses that the paper reports is also ours; None where it reports none."""
    theirs, ours = paper_change(loss, than), change(result, loss, than).sign
    if theirs is None or theirs == 0:
        return None
    return ("yes" if ours * theirs > 0 else "reversed") if ours else "cannot tell"


def inside(theirs: float | None, found: Difference) -> bool | None:
    """Whether the paper's change lies in our interval; None where it reports none."""
    return None if theirs is None else found.low <= theirs <= found.high


def agreement(result: Result, losses: Sequence[str]) -> str:
    """Kendall's rank correlation of our means with the paper's."""
    ours = [float(np.mean(values(result, ONE_NETWORK, loss, "CD-L2"))) for loss in losses]
    return rank_correlation([LANDAU_TABLE_2[loss] for loss in losses], ours)


def rank_correlation(first: Sequence[int | float], second: Sequence[int | float]) -> str:
    """Kendall's rank correlation of two columns, with its probability by chance.

    >>> rank_correlation([1, 2, 3, 4], [10, 20, 40, 30])
    'τ = 0.67 (p = 0.33)'
    """
    found = kendalltau(first, second)
    statistic = f"{found.statistic:.2f}".replace("-", "\N{MINUS SIGN}")
    return f"τ = {statistic} (p = {found.pvalue:.2g})"


def resolution(result: Result) -> float:
    """The median half width of the intervals of the losses that are alike, in per cent."""
    return float(np.median([change(result, loss, "CD").half_width for loss in ALIKE]))


def below(result: Result, than: str = "HyperCD") -> float:
    """How often a weighted loss is below another of the same seed in the first half of the looks, in per cent."""
    early = slice(0, len(result.logged_steps) // 2)
    other = result.curves[ONE_NETWORK, than][:, early]
    lower = [result.curves[ONE_NETWORK, loss][:, early] < other for loss in WEIGHTED.values()]
    return 100 * float(np.mean(lower))


def over_levels(metric: str) -> list[str]:
    """The names of a metric on crops of each difficulty."""
    return [f"{metric} {level}" for level in LEVELS]


def network_changes(record: Record) -> Iterator[tuple[str, tuple[str, str], float | None, Difference]]:
    """For each network, loss and loss that is compared with: the paper's change of CD-L1 and ours."""
    for network in record.settings["networks"]:
        paper = {loss: LANDAU_TABLE_3[network, loss] for loss in THREE if (network, loss) in LANDAU_TABLE_3}
        for loss, than in COMPARED:
            found = change(record.result, loss, than, network=network, metric="CD-L1")
            yield network, (loss, than), paper_change(loss, than, paper), found


def lengths_of(result: Result, loss: str = "HyperCD") -> Tensor:
    """Quantiles of the nearest distances (1001,) of the network that was trained with a loss, rising."""
    return torch.from_numpy(np.sort(result.previews[f"distances/{ONE_NETWORK}/{loss}"].astype(float)))


def refitted(result: Result) -> list[Fit]:
    """Gradient matching on the distances of the network trained with HyperCD, the best fit first.

    Cost: a second; each quantile stands for as many pairs.
    """
    distances = lengths_of(result)[::4]
    likely = torch.full_like(distances, 1 / len(distances))
    return gradient_matching(distances=distances, probabilities=likely, approximation="exact")


def preview_of(result: Result, name: str, k: int = 0) -> np.ndarray:
    """One cloud (N, 3) of the previews, in single precision."""
    return result.previews[name][k].astype(np.float32)
