"""What the results of D-PCC come to: steps of the ladder, gaps to codecs without training, terms left out; no drawing.

A ladder is the networks by the weight of their rate, from the cheapest bit to the dearest.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from pcl_lib.experiments.compression.settings import BPP, D2, DPCC, FULL
from pcl_lib.experiments.runner.paired_difference import Difference, paired_difference
from pcl_lib.experiments.runner.result import Result
from pcl_lib.metrics import BjontegaardRate, bjontegaard_rate

# Bits a point below which codecs are compared at equal size.
BELOW = 4.0


class Gap(NamedTuple):
    """A measure of the ladder minus that of another codec in a file of equal size.

    `clouds`: the mean of each cloud that has such files; `compared`, `of`: how many files of the ladder lie within the
    sizes of the other's, of all below the limit.
    """

    clouds: tuple[float, ...]
    compared: int
    of: int

    @property
    def difference(self) -> Difference | None:
        """Its mean and interval over the clouds; None for fewer than two."""
        return Difference(self.clouds) if len(self.clouds) > 1 else None

    @property
    def sign(self) -> int:
        return self.difference.sign if self.difference else 0


def sets(result: Result) -> list[str]:
    """The sets of a result, in the order of its clouds."""
    return list(dict.fromkeys(result.previews["sets"].tolist()))


def codecs(result: Result) -> list[str]:
    return list(dict.fromkeys(configuration[0] for configuration in result.configurations))


def ladder(result: Result, codec: str = DPCC) -> list[str]:
    """The settings of a codec, in their order."""
    return [setting for name, setting in result.configurations if name == codec]


def of_set(result: Result, measure: str, data: str, codec: str, setting: str) -> list[float]:
    """A measure, the mean over the clouds of a set, by seed."""
    return list(result.values(f"{measure}, {data}", codec, setting).values())


def steps(result: Result, measure: str, data: str, *, relative: bool = False) -> dict[str, Difference]:
    """What each step to a dearer bit changes, paired by seed; `relative`: in per cent."""
    return {
        f"{cheap} to {dear}": paired_difference(
            result, f"{measure}, {data}", (DPCC, dear), than=(DPCC, cheap), relative=relative
        )
        for cheap, dear in pairwise(ladder(result))
    }


def ends(result: Result, measure: str, data: str, *, relative: bool = False) -> Difference:
    """What the whole ladder changes, from the cheapest bit to the dearest."""
    first, *_, last = ladder(result)
    return paired_difference(
        result, f"{measure}, {data}", (DPCC, last), than=(DPCC, first), relative=relative
    )


def curve(result: Result, measure: str, codec: str) -> np.ndarray:
    """(settings, clouds) of a measure of whole clouds, the mean over the seeds."""
    found = [result.previews[f"{codec}/{setting}/{measure}"] for setting in ladder(result, codec)]
    means: np.ndarray = np.stack(found).astype(float).mean(1)
    return means


def clouds_of(result: Result, data: str | None) -> np.ndarray:
    """The rows of the clouds of a set, or of all."""
    of = result.previews["sets"]
    rows: np.ndarray = np.flatnonzero(of == data) if data else np.arange(len(of))
    return rows


def bjontegaard(result: Result, than: str, *, data: str | None = None) -> BjontegaardRate | None:
    """The rate of the ladder at the D2 of another codec, over the clouds of a set; None where no curves overlap."""
    rows = clouds_of(result, data)
    (rate, quality), (anchor_rate, anchor_quality) = (
        [curve(result, measure, codec)[:, rows].T for measure in (BPP, D2)] for codec in (DPCC, than)
    )
    both = np.minimum(quality.max(1), anchor_quality.max(1)) > np.maximum(
        quality.min(1), anchor_quality.min(1)
    )
    if not both.any():
        return None
    return bjontegaard_rate(rate.tolist(), quality.tolist(), anchor_rate.tolist(), anchor_quality.tolist())


def gap(
    result: Result, than: str, *, data: str | None = None, measure: str = D2, below: float = BELOW
) -> Gap:
    """How far the ladder is from another codec in files of equal size and fewer than so many bits a point.

    The other's measure is interpolated over the logarithm of its bits, for each cloud, and extrapolated nowhere: a file
    that is smaller than its smallest or larger than its largest is compared with nothing.
    """
    other_bits, other = curve(result, BPP, than), curve(result, measure, than)
    means, compared, of = [], 0, 0
    for row in clouds_of(result, data):
        order = np.argsort(other_bits[:, row])
        x, y = np.log(other_bits[order, row]), other[order, row]
        found = []
        for setting in ladder(result):
            for bits, value in zip(
                *(result.previews[f"{DPCC}/{setting}/{m}"][:, row].astype(float) for m in (BPP, measure)),
                strict=True,
            ):
                if bits >= below:
                    continue
                of += 1
                if x[0] <= np.log(bits) <= x[-1]:
                    found.append(value - np.interp(np.log(bits), x, y))
        compared += len(found)
        if found:
            means.append(float(np.mean(found)))
    return Gap(tuple(means), compared, of)


def nearest_in_size(result: Result, codec: str, bits: float, data: str) -> str:
    """The setting of a codec whose file of the first cloud of a set is nearest to so many bits a point."""
    row = clouds_of(result, data)[0]
    found = curve(result, BPP, codec)[:, row]
    return ladder(result, codec)[int(np.abs(np.log(found / bits)).argmin())]


def still_moving(result: Result, configuration: tuple[str, ...]) -> np.ndarray:
    """By how many per cent the measure of the curves changed after the last look but one, by seed."""
    before, after = result.curves[configuration][:, -2:].T
    found: np.ndarray = 100 * (after / before - 1)
    return found


def left_out(result: Result, measure: str, *, relative: bool = True) -> dict[str, Difference]:
    """What each variant of the ablation changes against the full loss, paired by seed; in per cent, or in itself."""
    return {
        variant: paired_difference(result, measure, (variant,), than=(FULL,), relative=relative)
        for (variant,) in result.configurations
        if variant != FULL
    }


def shown(found: Difference, unit: str = " %", digits: int = 1) -> str:
    """A difference with its interval.

    >>> shown(Difference((-3.0, -1.0)))
    '-2.0 % (-14.7 to +10.7)'
    """
    mean, low, high = (f"{value:+z.{digits}f}" for value in (found.mean, found.low, found.high))
    return f"{mean}{unit} ({low} to {high})"
