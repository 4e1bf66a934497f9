"""Rules, thresholds and places that the ledgers of NeuralQAAD share. All were written before a number was seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pcl_lib.experiments.claims import HOLDS, NO_RECORD, NOT, PART, UNKNOWN, UNTESTED, Claim, tallied
from pcl_lib.experiments.neuralqaad import published
from pcl_lib.experiments.record import Record
from pcl_lib.experiments.runner.paired_difference import Difference

# Sections of the chapters that the links go to.
CLAIM, TABLE, DESIGN, POINTS, INPUT, LARGE = (
    "the-claim",
    "training-table",
    "network-design",
    "points-a-step",
    "input-cloud",
    "large-clouds",
)
FOLDING = "folding"
# In the chapter on assignments.
SAMPLES, QUADRATIC_COST, GREEDY_START, SWAPS, BOUNDS = (
    "samples-mislead",
    "six-points",
    "greedy-start",
    "swaps",
    "bounds-in-training",
)
PAPER_EPOCHS = published.EPOCHS_CHAMFER + published.EPOCHS_QAAD
# "Does not decrease the performance": an EM-kD that is at most so many per cent higher. Two layers of weights more or
# less change that of Table 1's methods by more.
MARGIN = 10.0
# "Little overhead": at most so many per cent of a step, and a part of it up to the second.
LITTLE, SOME = 20.0, 60.0
# Half of a drop: what makes more of it dominates.
HALF = 50.0
# "Reasonably reflects": a rank correlation, and a part of it.
REFLECTS, PARTLY = 0.9, 0.6


def longest(*records: Record | None) -> Record | None:
    """Of records that all have what a claim needs, the one of most steps: a claim is on where training ends.

    Steps and not passes: of two trainings that see each cloud as often, that of the larger set moves the weights more.
    """
    return max(
        (record for record in records if record is not None),
        key=lambda record: int(record.settings["steps"]),
        default=None,
    )


def lasting(verdict: str, record: Record) -> str:
    """A verdict on where training ends: one that is shorter than the paper's may confirm a claim, and refute none."""
    return UNKNOWN if verdict == NOT and record.epochs < PAPER_EPOCHS else verdict


def missing(name: str, page: str, words: Mapping[str, str]) -> list[Claim]:
    """Claims by their sections that a record is still to judge."""
    return [Claim(each, where, NO_RECORD.format(name), UNTESTED, page) for each, where in words.items()]


def no_worse(differences: Sequence[Difference], margin: float) -> str:
    """Whether none is above a margin; a margin inside of an interval tells nothing.

    >>> near, far = Difference((-9.0, -8.9)), Difference((20.0, 20.1))
    >>> [no_worse(found, 10.0) for found in ([near], [far], [near, far], [Difference((0.0, 20.0))])]
    ['holds', 'does not hold', 'holds in part', 'cannot tell']
    """
    within = sum(found.high <= margin for found in differences)
    above = sum(found.low > margin for found in differences)
    if within == len(differences):
        return HOLDS
    return NOT if above == len(differences) else PART if above else UNKNOWN


def at_least(differences: Sequence[Difference], size: float) -> str:
    """Whether each change is a drop of at least a size, by the interval of what it is beyond.

    >>> at_least([Difference((-30.0, -30.1))], 21.0), at_least([Difference((-9.0, -9.1))], 21.0)
    ('holds', 'does not hold')
    """
    beyond = [Difference(tuple(value + size for value in found.values)) for found in differences]
    return tallied([found.sign for found in beyond])


def lower(found: Mapping[str, Difference]) -> str:
    """Whether all are drops."""
    return tallied([each.sign for each in found.values()])


def in_order(found: Mapping[str, Difference]) -> tuple[int, int, int]:
    """How many of the steps of an order are surely drops, not sure, and surely rises."""
    signs = [each.sign for each in found.values()]
    return signs.count(-1), signs.count(0), signs.count(1)


def survives(before: Mapping[str, Difference], after: Mapping[str, Difference]) -> str:
    """Whether the drops that one record shows are drops in another too; of what the first leaves open nothing is asked.

    >>> drop, open_, rise = (Difference((k - 0.1, k + 0.1)) for k in (-9.0, 0.0, 9.0))
    >>> [survives({"a": drop, "b": open_}, {"a": each, "b": rise}) for each in (drop, open_, rise)]
    ['holds', 'cannot tell', 'does not hold']
    >>> survives({"a": open_}, {"a": drop})
    'cannot tell'
    """
    signs = [after[name].sign for name, found in before.items() if found.sign < 0]
    return tallied(signs) if signs else UNKNOWN


def length(record: Record) -> str:
    """How long a record is beside the paper's training, to end a number with."""
    return f"; {record.settings['steps']:,} steps, {record.epochs:.0f} of the paper's {PAPER_EPOCHS}"
