"""What results, live or recorded, come to beside the paper's: drops, shares of a drop, seams, slopes; no drawing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.stats import spearmanr

from pcl_lib.experiments.neuralqaad.published import ATLAS, CHAMFER, GREEDY, OURS, RANDOM
from pcl_lib.experiments.neuralqaad.settings import (
    ALONE,
    EM_KD,
    INSIDE,
    PER_CENT,
    SEAM,
    SETS,
    UNTRAINED,
)
from pcl_lib.experiments.runner.experiment import Configuration
from pcl_lib.experiments.runner.paired_difference import Difference, paired_difference
from pcl_lib.experiments.runner.result import Result

EM_KD_SHARE = EM_KD + PER_CENT
# The order of Table 1, each row against the one before it. The random assignment is there to fail, and is left out.
ORDER = ((CHAMFER, ATLAS), (GREEDY, CHAMFER), (OURS, GREEDY))
# What swaps make of an assignment that was greedy, and of one that was random.
SWAPS = ((OURS, GREEDY), (ALONE, RANDOM))


def sets(result: Result) -> list[str]:
    """The sets of a result, in the order of the settings."""
    found = dict.fromkeys(configuration[0] for configuration in result.configurations)
    return [name for name in SETS if name in found]


def rows_of(result: Result, data: str) -> list[str]:
    """The rows of a set, in their order."""
    return list(dict.fromkeys(row for name, row, *_ in result.configurations if name == data))


def values(result: Result, metric: str, *configuration: str) -> np.ndarray:
    """A metric of the runs of a configuration, in the order of the seeds."""
    return np.array(list(result.values(metric, *configuration).values()))


def change(
    result: Result, of: Configuration, than: Configuration, *, metric: str = EM_KD_SHARE
) -> Difference:
    """Paired differences over the seeds, in per cent of the configuration that is compared with."""
    return paired_difference(result, metric, of, than=than, relative=True)


def drops(result: Result, row: str, *, than: str = ATLAS) -> dict[str, Difference]:
    """The change of EM-kD of a row against another, by set."""
    return {data: change(result, (data, row), (data, than)) for data in sets(result)}


def steps(result: Result, pairs: Sequence[tuple[str, str]] = ORDER) -> dict[str, Difference]:
    """The change of EM-kD from the second of two rows to the first, by set and rows."""
    return {
        f"{data}, {row} against {than}": change(result, (data, row), (data, than))
        for data in sets(result)
        for row, than in pairs
    }


def log_ratio(result: Result, data: str, row: str, than: str) -> np.ndarray:
    """log(EM-kD of a row / that of another), by seed: parts of a drop that follow each other add up."""
    found: np.ndarray = np.log(
        values(result, EM_KD_SHARE, data, row) / values(result, EM_KD_SHARE, data, than)
    )
    return found


def share_of_architecture(result: Result, data: str) -> Difference:
    """Which part of the drop from AtlasNetV2 to the whole method the architecture makes, in per cent, by logarithms."""
    whole = log_ratio(result, data, OURS, ATLAS)
    return Difference(tuple((100 * log_ratio(result, data, CHAMFER, ATLAS) / whole).tolist()))


def seam_ratio(result: Result, data: str, row: str) -> np.ndarray:
    """The error where patches meet over that elsewhere, by seed; 1 where patches are glued without a trace."""
    found: np.ndarray = values(result, SEAM, data, row) / values(result, INSIDE, data, row)
    return found


def seams_against(result: Result, data: str, row: str, than: str) -> Difference:
    """The difference of two rows in `seam_ratio`, paired over the seeds."""
    pairs = zip(seam_ratio(result, data, row), seam_ratio(result, data, than), strict=True)
    return Difference(tuple(float(a - b) for a, b in pairs))


def rank_agreement(result: Result, data: str) -> float:
    """Spearman's correlation of the EM-kD of clouds with their error to the true place, over all clouds."""
    both = [
        result.previews[f"{data}/{row}/shapes"].astype(float)
        for row in rows_of(result, data)
        if row not in UNTRAINED
    ]
    first, second = np.concatenate([each.transpose(1, 0, 2).reshape(2, -1) for each in both], axis=1)
    return float(spearmanr(first, second).statistic)


def at_share(result: Result, data: str, row: str, share: float) -> np.ndarray:
    """The curve of a row after so much of its steps, by seed: what the paper's 150 of 600 epochs would be."""
    steps = np.array(result.logged_steps)
    found: np.ndarray = result.curves[data, row][:, int(np.abs(steps - share * steps[-1]).argmin())]
    return found


def gap_of_curves(result: Result, data: str, row: str, than: str) -> np.ndarray:
    """By how many per cent the curve of a row, a mean over the seeds, is above that of another, at each look."""
    ours, theirs = (result.curves[data, each].mean(0) for each in (row, than))
    found: np.ndarray = 100 * (ours / theirs - 1)
    return found


def counts(result: Result) -> list[int]:
    """The points of a step that were tried, from few to many."""
    return sorted({int(configuration[2]) for configuration in result.configurations})


def loss_by_fewer(result: Result, data: str, row: str) -> np.ndarray:
    """By how many per cent the fewest points of a step raise the EM-kD that the most give, by seed."""
    few, many = (
        values(result, EM_KD_SHARE, data, row, str(n)) for n in (counts(result)[0], counts(result)[-1])
    )
    found: np.ndarray = 100 * (few / many - 1)
    return found


def slope(result: Result, data: str, row: str) -> np.ndarray:
    """d log2(EM-kD) / d log2(points of a step), by seed; 0 where the number of points does not matter."""
    n = np.log2(counts(result))
    y = np.stack([np.log2(values(result, EM_KD_SHARE, data, row, str(k))) for k in counts(result)])
    found: np.ndarray = np.polyfit(n, y, 1)[0]
    return found


def paired(first: Sequence[float] | np.ndarray, second: Sequence[float] | np.ndarray) -> Difference:
    """Differences of numbers that are already by seed."""
    return Difference(tuple(float(a - b) for a, b in zip(first, second, strict=True)))


def shown(found: Difference, unit: str = " %") -> str:
    """A difference with its interval.

    >>> shown(Difference((-3.0, -1.0)))
    '-2.0 % (-14.7 to +10.7)'
    """
    return f"{found.mean:+z,.1f}{unit} ({found.low:+z,.1f} to {found.high:+z,.1f})"


def all_shown(found: Mapping[str, Difference], unit: str = " %") -> str:
    """Differences by name with their intervals, one after the other."""
    return "; ".join(f"{name} {shown(difference, unit)}" for name, difference in found.items())
