"""What records of trained networks say of the claims of CALoss (Abstract, Section 4), each by a rule of `claims`."""

from __future__ import annotations

import numpy as np

from pcl_lib.experiments.claims import NOT, UNKNOWN, UNTESTED, Claim, tallied
from pcl_lib.experiments.learned_losses import compare
from pcl_lib.experiments.learned_losses.compare import shown
from pcl_lib.experiments.learned_losses.published import TABLE_4
from pcl_lib.experiments.learned_losses.settings import BASELINE
from pcl_lib.experiments.record import Record
from pcl_lib.experiments.runner.paired_difference import Difference

PAPER_EPOCHS = 1000
NO_RECORD = "no record yet: the experiment is there, `python -m pcl_lib.experiments run {}`"


def claims(table1: Record, codes: Record | None, chapter: str) -> list[Claim]:
    """The claims that trained networks judge; `chapter` is the address of the chapter.

    - `table1`: of `caloss-table1`, `codes`: of `caloss-codes`, where there is one.
    """
    return [*_on_table_1(table1, chapter), *_on_costs(table1, chapter), *_others(codes, chapter)]


def lasting(verdict: str, record: Record) -> str:
    """A verdict on where training ends: one that is shorter than the paper's may confirm a claim, and refute none."""
    return UNKNOWN if verdict == NOT and record.epochs < PAPER_EPOCHS - 1 else verdict


def _on_table_1(record: Record, chapter: str) -> list[Claim]:
    result, where = record.result, f"{chapter}#with-a-network"
    better = {metric: compare.better_cd(result, metric) for metric in ("MCD", "HD")}
    found = {metric: compare.change(result, metric) for metric in better}
    uniform = compare.change(result, "uniformity")
    crossing = compare.crossing(result)
    early = compare.change_at(result, 0)
    crossed = [step for step in crossing if step is not None]
    return [
        Claim(
            '"CALoss can help task networks improve reconstruction performances"',
            "Abstract, Table 1",
            "; ".join(f"{m} against {better[m]} {shown(found[m])}" for m in found)
            + f"; {record.epochs:.0f} epochs of the paper's {PAPER_EPOCHS:,}",
            lasting(tallied([difference.sign for difference in found.values()]), record),
            where,
        ),
        Claim(
            'CD "may create quite non-uniform results"',
            "IV-B, Fig. 3",
            f"uniformity of CALoss against {compare.better_cd(result, 'uniformity')} {shown(uniform)}, lower is more "
            "uniform",
            tallied([uniform.sign]),
            where,
        ),
        Claim(
            'CALoss has "relatively inferior performances at the beginning"',
            "IV-E, Fig. 5",
            f"MCD at step {result.logged_steps[0]}: {shown(early)}",
            tallied([early.sign], wanted=1),
            where,
        ),
        Claim(
            '"it will converge steadily to low errors after enough iterations"',
            "IV-E, Fig. 5",
            f"its MCD ends below the better Chamfer distance's in {len(crossed)} of {len(crossing)} runs of "
            f"{result.logged_steps[-1]:,} steps",
            lasting(tallied([-1 if step is not None else 1 for step in crossing]), record),
            where,
        ),
    ]


def _on_costs(record: Record, chapter: str) -> list[Claim]:
    ours, paper = compare.relative_costs(record.result), compare.ratios(TABLE_4)
    learned = [loss for loss in ours if loss in ("PUD", "PFD", "CRND", "PCLoss")]
    number = f"{ours['CALoss']:.2f} steps of {BASELINE}, the paper has {paper['CALoss']:.2f}"
    words = '"the highest training efficiency in learning-based losses"'
    if not learned:
        number += "; the others were not trained in this record"
        return [Claim(words, "IV-F, Table 4", number, UNTESTED, f"{chapter}#costs")]
    signs = [int(np.sign(ours["CALoss"] - ours[loss])) for loss in learned]
    return [Claim(words, "IV-F, Table 4", number, tallied(signs), f"{chapter}#costs")]


def _others(codes: Record | None, chapter: str) -> list[Claim]:
    words = 'CALoss can help to "learn more representative representations"'
    if codes is None:
        of_codes = Claim(
            words, "Abstract, Table 2", NO_RECORD.format("caloss-codes"), UNTESTED, f"{chapter}#codes"
        )
    else:
        found = compare.points_of_accuracy(codes.result, "CALoss", BASELINE)
        above = Difference(tuple(-value for value in found.values))
        of_codes = Claim(
            words,
            "Abstract, Table 2",
            f"accuracy of a linear classifier of digits: {shown(found, ' points')} against {BASELINE}, after "
            f"{codes.epochs:.0f} epochs",
            lasting(tallied([above.sign]), codes),
            f"{chapter}#codes",
        )
    missing = {
        'PUD, CRND and PFD "still produce similar shapes as CD"': (
            "IV-B, Fig. 3",
            "caloss-every-loss",
            "with-a-network",
        ),
        'completion "performances have improvements in most conditions"': (
            "IV-D, Table 3",
            "caloss-completion",
            "codes",
        ),
    }
    return [
        of_codes,
        *(
            Claim(words, where, NO_RECORD.format(name), UNTESTED, f"{chapter}#{anchor}")
            for words, (where, name, anchor) in missing.items()
        ),
    ]
