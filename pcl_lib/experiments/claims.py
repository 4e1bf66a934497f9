"""The rules that turn numbers into verdicts on a paper's claims. A page states numbers; no verdict is typed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scipy.stats import binom, kendalltau

from pcl_lib.experiments.runner.paired_difference import CONFIDENCE, Difference

HOLDS = "holds"
PART = "holds in part"
NOT = "does not hold"
UNKNOWN = "cannot tell"
UNTESTED = "not tested"
# A number from one seed has no spread: whatever it is, it cannot tell.
ONE_SEED = UNKNOWN
# The number of a claim that the record of an experiment, by its name, is still to judge.
NO_RECORD = "no record yet: the experiment is there, `python -m pcl_lib.experiments run {}`"
VERDICTS = (HOLDS, PART, NOT, UNKNOWN, UNTESTED)


@dataclass(frozen=True)
class Claim:
    """One claim of a paper and what became of it.

    - `words`: the paper's, or its table in ours. `where`: section or table of the paper.
    - `number`: what was measured, in words with numbers. `verdict`: what one of these rules made of it.
    - `chapter`: page and section of this book that measures it, such as `../losses/completion.html#crops`.
    """

    words: str
    where: str
    number: str
    verdict: str
    chapter: str

    def __post_init__(self) -> None:
        if self.verdict not in VERDICTS:
            raise ValueError(f"verdict must be one of {', '.join(VERDICTS)}, received {self.verdict!r}")


def graded(good: int, of: int) -> str:
    """All, some or none of the cases that a claim names.

    >>> graded(3, 3), graded(1, 3), graded(0, 3)
    ('holds', 'holds in part', 'does not hold')
    """
    if not 0 <= good <= of or not of:
        raise ValueError(f"good must be from 0 to the number of cases, at least one, received {good} of {of}")
    return HOLDS if good == of else PART if good else NOT


def beyond_chance(count: int, of: int) -> bool:
    """Whether so many 95 % intervals would lie on one side of zero by chance in fewer than one case in twenty.

    >>> beyond_chance(1, 1), beyond_chance(1, 8), beyond_chance(2, 8)
    (True, False, True)
    """
    return bool(binom.sf(count - 1, of, (1 - CONFIDENCE) / 2) < 1 - CONFIDENCE)


def tallied(signs: Sequence[int], *, wanted: int = -1, needed: int | None = None) -> str:
    """The signs of intervals against a claimed sign: as many as claimed, more than chance gives, or the other way.

    `signs`: -1, 0 (the interval holds zero) or 1 for each comparison. `needed`: how many the claim speaks of, all by
    default. Too few for either is "cannot tell": intervals that hold zero contradict nothing.

    >>> tallied([-1, -1]), tallied([-1, 0]), tallied([0, 0]), tallied([1, 1])
    ('holds', 'holds in part', 'cannot tell', 'does not hold')
    """
    right, wrong = signs.count(wanted), signs.count(-wanted)
    if right >= (needed or len(signs)):
        return HOLDS
    if beyond_chance(right, len(signs)):
        return PART
    return NOT if beyond_chance(wrong, len(signs)) else UNKNOWN


def alike(differences: Sequence[Difference], margin: float) -> str:
    """Whether all differences are within a margin that was written down before; one that is merely wide shows nothing.

    All intervals within hold the claim, all surely outside refute it, some surely outside leave a part of it.

    >>> near, wide, far = Difference((0.0, 0.1)), Difference((-5.0, 5.0)), Difference((9.0, 9.1))
    >>> alike([near], 2.0), alike([wide], 2.0), alike([far], 2.0), alike([near, far], 2.0)
    ('holds', 'cannot tell', 'does not hold', 'holds in part')
    """
    within, outside = _beside(differences, margin)
    if within == len(differences):
        return HOLDS
    return NOT if outside == len(differences) else PART if outside else UNKNOWN


def some_alike(differences: Sequence[Difference], margin: float, *, needed: int) -> str:
    """Whether at least so many of the differences are within a margin, as a claim says that names their number.

    With fewer it holds in part. With none it does not hold where so many are surely outside that the others cannot
    make up for it.

    >>> near, wide, far = Difference((0.0, 0.1)), Difference((-5.0, 5.0)), Difference((9.0, 9.1))
    >>> [some_alike(found, 2.0, needed=2) for found in ([near, near, far], [near, wide], [far, far], [far, wide, wide])]
    ['holds', 'holds in part', 'does not hold', 'cannot tell']
    """
    within, outside = _beside(differences, margin)
    if within >= needed:
        return HOLDS
    return PART if within else NOT if outside > len(differences) - needed else UNKNOWN


def _beside(differences: Sequence[Difference], margin: float) -> tuple[int, int]:
    """How many intervals lie within the margin, and how many surely outside."""
    within = sum(max(abs(found.low), abs(found.high)) <= margin for found in differences)
    return within, sum(found.low > margin or found.high < -margin for found in differences)


def share(value: float, *, holds: float, part: float) -> str:
    """A share of the cases against the shares that a word such as "consistently" or "mostly" asks for.

    It holds above `holds`, holds in part above `part`, and else does not.

    >>> share(0.97, holds=0.95, part=0.6), share(0.7, holds=0.95, part=0.6), share(0.5, holds=0.95, part=0.6)
    ('holds', 'holds in part', 'does not hold')
    """
    return HOLDS if value > holds else PART if value > part else NOT


def unrelated(first: Sequence[float | int], second: Sequence[float | int]) -> str:
    """Whether two rankings of the same things disagree, by Kendall's τ at 5 %: too few to tell is no disagreement.

    >>> unrelated(range(9), range(9)), unrelated(range(9), range(9)[::-1]), unrelated([1, 2, 3], [1, 3, 2])
    ('does not hold', 'holds', 'cannot tell')
    """
    found = kendalltau(first, second)
    if not found.pvalue <= 0.05:  # nan: one of them does not rank at all
        return UNKNOWN
    return HOLDS if found.statistic < 0 else NOT
