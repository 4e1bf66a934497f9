"""What records say of the claims on D-PCC, each by a rule that was written before a number was seen.

- A larger weight of the rate: every step of the ladder, on every set, has fewer bytes and a lower D2, by intervals of
  differences that are paired by seed.
- Ahead below 4 bits a point: D2 in files of equal size, octree and grid, on every set, by intervals over its clouds.
- Counts and mean distances matter: without either, the density metric is surely worse.
- The count loss checks: without it, the number of points is surely farther from the truth.

A training that is shorter than the released one may confirm a claim on where it ends, and refutes none. `page` is the
address of the ledger, such as "ledger-dpcc.html".
"""

from __future__ import annotations

from collections.abc import Sequence

from pcl_lib.experiments.claims import NO_RECORD, NOT, UNKNOWN, UNTESTED, Claim, tallied
from pcl_lib.experiments.compression import compare
from pcl_lib.experiments.compression.compare import shown
from pcl_lib.experiments.compression.published import AHEAD, BOTH, COUNTS, EPOCHS, LADDER, SECTIONS
from pcl_lib.experiments.compression.settings import BPP, COUNT_ERROR, D2, DENSITY, GRID, OCTREE
from pcl_lib.experiments.record import Record
from pcl_lib.experiments.runner.paired_difference import Difference
from pcl_lib.experiments.runner.result import Result

# Sections of the ledger.
CURVES, TERMS = "recorded-curves", "recorded-terms"
# The variants that leave out one half of the density loss, and the count loss.
NO_DISTANCES, NO_COUNTS, NO_COUNT_LOSS = "counts only", "distances only", "no count loss"


def claims(rates: Record | None, ablation: Record | None, page: str) -> list[Claim]:
    """The claims that the two records judge. What has no record is not tested."""
    return [*on_rates(rates, page), *on_terms(ablation, page)]


def on_rates(record: Record | None, page: str) -> list[Claim]:
    """Of the record of rate and distortion."""
    where = f"{page}#{CURVES}"
    if record is None:
        return _missing("dpcc-rate-distortion", (LADDER, AHEAD), where)
    result, signs = record.result, ladder_signs(record.result)
    of_ends = "; ".join(
        f"{data} bytes {shown(compare.ends(result, BPP, data, relative=True))}, "
        f"D2 {shown(compare.ends(result, D2, data), ' dB')}"
        for data in compare.sets(result)
    )
    gaps = {
        (rival, data): compare.gap(result, rival, data=data)
        for rival in (OCTREE, GRID)
        for data in compare.sets(result)
    }
    return [
        Claim(
            LADDER,
            SECTIONS[LADDER],
            f"{signs.count(-1)} of {len(signs)} steps surely down, {signs.count(1)} surely up; from end to end: "
            f"{of_ends}{_length(record)}",
            lasting(tallied(signs), record),
            where,
        ),
        Claim(
            AHEAD,
            SECTIONS[AHEAD],
            "; ".join(
                f"{rival}, {data}: {shown(found.difference, ' dB') if found.difference else 'no equal sizes'}"
                for (rival, data), found in gaps.items()
            )
            + _length(record),
            lasting(tallied([found.sign for found in gaps.values()], wanted=1), record),
            where,
        ),
    ]


def ladder_signs(result: Result) -> list[int]:
    """The signs of all steps of the ladder, of bytes and of D2, on each set."""
    return [
        found.sign
        for data in compare.sets(result)
        for measure in (BPP, D2)
        for found in compare.steps(result, measure, data).values()
    ]


def on_terms(record: Record | None, page: str) -> list[Claim]:
    """Of the record of the ablation."""
    where = f"{page}#{TERMS}"
    if record is None:
        return _missing("dpcc-ablation", (BOTH, COUNTS), where)
    density, error = (compare.left_out(record.result, measure) for measure in (DENSITY, COUNT_ERROR))
    halves = {"distances": density[NO_DISTANCES], "counts": density[NO_COUNTS]}
    of_halves = ", ".join(f"without {name} {shown(found)}" for name, found in halves.items())
    return [
        Claim(
            BOTH,
            SECTIONS[BOTH],
            f"density metric {of_halves}{_length(record)}",
            worse([*halves.values()], record),
            where,
        ),
        Claim(
            COUNTS,
            SECTIONS[COUNTS],
            f"error of the number of points without it {shown(error[NO_COUNT_LOSS])}{_length(record)}",
            worse([error[NO_COUNT_LOSS]], record),
            where,
        ),
    ]


def worse(found: Sequence[Difference], record: Record) -> str:
    """Whether all of what was left out is missed: its measure is surely larger."""
    return lasting(tallied([each.sign for each in found], wanted=1), record)


def lasting(verdict: str, record: Record) -> str:
    """A verdict on where training ends: one that is shorter than the release's confirms or is silent."""
    return UNKNOWN if verdict == NOT and record.epochs < EPOCHS else verdict


def _length(record: Record) -> str:
    return f"; {record.epochs:.1f} passes over the patches, {EPOCHS} in the release"


def _missing(name: str, words: Sequence[str], page: str) -> list[Claim]:
    return [Claim(each, SECTIONS[each], NO_RECORD.format(name), UNTESTED, page) for each in words]
