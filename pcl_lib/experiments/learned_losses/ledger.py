"""What records of trained networks say of the claims of CALoss (Abstract, Section 4), each by a rule of `claims`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pcl_lib.experiments.claims import NO_RECORD, NOT, UNKNOWN, UNTESTED, Claim, tallied
from pcl_lib.experiments.learned_losses import compare
from pcl_lib.experiments.learned_losses.compare import shown
from pcl_lib.experiments.learned_losses.published import TABLE_4
from pcl_lib.experiments.learned_losses.settings import BASELINE
from pcl_lib.experiments.record import Record
from pcl_lib.experiments.runner.paired_difference import Difference

PAPER_EPOCHS = 1000
CRITICS = ("PUD", "CRND", "PFD")
LEARNED = ("PUD", "PFD", "CRND", "PCLoss")
WITHOUT_CD = ("PCLoss", "CALoss")  # learned losses that no Chamfer distance is part of
EVERY_LOSS = "ledger-caloss.html#ten-losses"


def claims(
    table1: Record,
    codes: Record | None,
    chapter: str,
    *,
    completion: Record | None = None,
    weighed: Record | None = None,
    every: Record | None = None,
    steps: Mapping[str, Sequence[float]] | None = None,
) -> list[Claim]:
    """The claims that trained networks judge; `chapter` is the address of the chapter.

    - `table1`, `codes`, `completion`: records of `caloss-table1`, and of `caloss-codes` and `caloss-completion` where
      there are such. `weighed`: a second one of `caloss-completion`, which judges the networks that it has. `every`:
      one of `caloss-every-loss`.
    - `steps`: time of a training step of the paper's auto-encoder by loss, relative to that with CD of lengths: lower
      quartile, median and upper quartile of the rounds of a race.
    """
    return [
        *_on_table_1(table1, chapter),
        _on_costs(table1, steps, chapter),
        _on_codes(codes, chapter),
        _on_critics(every, chapter),
        _on_completion(completion, weighed, chapter),
    ]


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
            "4.2, Fig. 3",
            f"uniformity of CALoss against {compare.better_cd(result, 'uniformity')} {shown(uniform)}, lower is more "
            "uniform",
            tallied([uniform.sign]),
            where,
        ),
        Claim(
            'CALoss has "relatively inferior performances at the beginning"',
            "4.5, Fig. 5",
            f"MCD at step {result.logged_steps[0]}: {shown(early)}",
            tallied([early.sign], wanted=1),
            where,
        ),
        Claim(
            '"it will converge steadily to low errors after enough iterations"',
            "4.5, Fig. 5",
            f"its MCD ends below the better Chamfer distance's in {len(crossed)} of {len(crossing)} runs of "
            f"{result.logged_steps[-1]:,} steps",
            lasting(tallied([-1 if step is not None else 1 for step in crossing]), record),
            where,
        ),
    ]


def _on_costs(record: Record, steps: Mapping[str, Sequence[float]] | None, chapter: str) -> Claim:
    """By the race of all losses at the paper's size; a record of Table 1 has not trained the others."""
    words, paper = '"the highest training efficiency in learning-based losses"', compare.ratios(TABLE_4)
    if steps is None:
        ours = compare.relative_costs(record.result)["CALoss"]
        number = f"{ours:.2f} steps of {BASELINE}, the paper has {paper['CALoss']:.2f}"
        return Claim(words, "4.6, Table 4", f"{number}; no race yet", UNTESTED, f"{chapter}#costs")
    low, median, high = steps["CALoss"]
    others = [steps[loss] for loss in LEARNED]
    number = (
        f"{median:.2f} steps of {BASELINE} at the paper's size, the paper has {paper['CALoss']:.2f}; the others "
        f"{min(other[1] for other in others):.2f} to {max(other[1] for other in others):.2f}"
    )
    # Cheaper or dearer where the quartiles do not overlap.
    signs = [int(low > above) - int(high < below) for below, _, above in others]
    return Claim(words, "4.6, Table 4", number, tallied(signs), f"{chapter}#costs")


def _on_completion(record: Record | None, weighed: Record | None, chapter: str) -> Claim:
    """Table 3: "most" are more than half of the networks and measures, and a short training refutes nothing."""
    words, where = 'completion "performances have improvements in most conditions"', "4.4, Table 3"
    page = f"{chapter}#last-stage"
    if record is None:
        return Claim(words, where, NO_RECORD.format("caloss-completion"), UNTESTED, page)
    found = _of_table_3(record)
    number = _listed(found, record)
    if weighed is not None:
        better = _of_table_3(weighed)
        number += f"; CALoss with the weight {weighed.settings['weight']:g}: {_listed(better, weighed)}"
        found |= better
    verdict = tallied([difference.sign for difference in found.values()], needed=len(found) // 2 + 1)
    return Claim(words, where, number, lasting(verdict, record), page)


def _of_table_3(record: Record) -> dict[str, Difference]:
    networks = dict.fromkeys(network for network, _ in record.result.configurations)
    return {
        f"{network} {metric}": compare.change(record.result, metric, than=BASELINE, network=network)
        for network in networks
        for metric in ("MCD", "HD")
    }


def _listed(found: Mapping[str, Difference], record: Record) -> str:
    numbers = "; ".join(f"{name} {shown(difference)}" for name, difference in found.items())
    return f"{numbers}; {record.epochs:.0f} epochs, {len(record.seeds)} seeds"


def _on_codes(codes: Record | None, chapter: str) -> Claim:
    words, where = 'CALoss can help to "learn more representative representations"', "Abstract, Table 2"
    if codes is None:
        return Claim(words, where, NO_RECORD.format("caloss-codes"), UNTESTED, f"{chapter}#codes")
    found = compare.points_of_accuracy(codes.result, "CALoss", BASELINE)
    above = Difference(tuple(-value for value in found.values))
    return Claim(
        words,
        where,
        f"accuracy of a linear classifier of digits: {shown(found, ' points')} against {BASELINE}, after "
        f"{codes.epochs:.0f} epochs",
        lasting(tallied([above.sign]), codes),
        f"{chapter}#codes",
    )


def _on_critics(record: Record | None, chapter: str) -> Claim:
    """ "Similar": nearer to the outputs of CD from the same weights than two seeds of CD are to each other, and nearer
    than the outputs of losses without CD. Where these too are nearer than two seeds, the training has not parted the
    losses, and whatever the critics are, it cannot tell."""
    words, where = 'PUD, CRND and PFD "still produce similar shapes as CD"', "4.2, Fig. 3"
    if record is None:
        return Claim(
            words, where, NO_RECORD.format("caloss-every-loss"), UNTESTED, f"{chapter}#with-a-network"
        )
    result = record.result
    found = {loss: compare.likeness(result, loss) for loss in (*CRITICS, *WITHOUT_CD)}
    nearer = [compare.more_alike(result, loss, other) for loss in CRITICS for other in WITHOUT_CD]
    signs = [found[loss].sign for loss in CRITICS] + [difference.sign for difference in nearer]
    parted = any(found[loss].sign >= 0 for loss in WITHOUT_CD)
    number = "; ".join(f"{loss} {shown(difference)}" for loss, difference in found.items())
    return Claim(
        words,
        where,
        f"distance to the outputs of {BASELINE}, over that between two of its seeds: {number}; nearer than "
        f"{' and '.join(WITHOUT_CD)} in {[of.sign for of in nearer].count(-1)} of {len(nearer)} pairs; "
        f"{record.epochs:.0f} epochs, {len(record.seeds)} seeds",
        lasting(tallied(signs), record) if parted else UNKNOWN,
        EVERY_LOSS,
    )
