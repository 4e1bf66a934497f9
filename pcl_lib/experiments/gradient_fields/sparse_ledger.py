"""What a record of Table 2 says of ShapeGF's claims on fewer points, by rules that were written before it was made."""

from __future__ import annotations

from pcl_lib.experiments.claims import HOLDS, ONE_SEED, PART, UNKNOWN, Claim, alike
from pcl_lib.experiments.gradient_fields import compare, published
from pcl_lib.experiments.gradient_fields.compare import all_shown
from pcl_lib.experiments.gradient_fields.settings import cell
from pcl_lib.experiments.gradient_fields.shortness import PAPER_EPOCHS, lasting, missing, passes
from pcl_lib.experiments.record import Record
from pcl_lib.experiments.runner.paired_difference import Difference

# "Comparable" errors differ by at most so many per cent: the paper's own repeats of one model differ by 4.
COMPARABLE = 10.0
# "Significantly sparser": an eighth of the 2,048 points of the regular configuration; at 128 the paper itself reports
# 70 % more. Stored points: 10,000, or as few as these.
SPARSE, STORED = 256, (3000, 1000)
MOST_POINTS, FEW_POINTS = cell(*compare.DENSE), cell(compare.DENSE[0], SPARSE)


def on_sparse(record: Record | None, chapter: str) -> list[Claim]:
    """The three claims on fewer points; without a record they are not tested."""
    where = f"{chapter}#table-2"
    same = 'it retains "the same performance when trained with much sparser point clouds"'
    near = '"comparable auto-encoding performance while training with significantly sparser shapes"'
    stored = '"the number of points available ... does not seem to affect performance"'
    if record is None:
        return [
            missing(words, section, "field-sparse", where)
            for words, section in ((same, "1"), (near, "4.1, Table 2"), (stored, "4.1, Table 2"))
        ]
    result, bare = record.result, [compare.alone(m) for m in (SPARSE, compare.DENSE[1])]
    given = f"{SPARSE} points against {compare.DENSE[1]:,}: " + "; ".join(
        f"{metric} {compare.risen(result, metric, FEW_POINTS, MOST_POINTS):+.0f} %, of the points without a network "
        f"{compare.risen(result, metric, *bare):+.0f} %, printed {published.sparser(metric, SPARSE):+.0f} %"
        for metric in published.METRICS
    )
    found = fewer_given(record)
    spread = f"over seeds {all_shown(found)}" if found else "one seed, so no spread"
    few = {f"N = {n:,}": compare.fewer_stored(result, "EMD", n) for n in STORED}
    dense, alone = levels(record)
    length = (
        f"margin {COMPARABLE:.0f} %; EMD × 10² from all points {dense:.1f}, of {SPARSE} without a network {alone:.1f}; "
        f"{passes(record):.0f} passes of the paper's {PAPER_EPOCHS:,}, in each the loss asks for {asked(record):,} "
        "points of a shape, whatever M is"
    )
    return [
        Claim(same, "1", f"{given}; {spread}, {length}", of_fewer_given(record), where),
        Claim(near, "4.1, Table 2", f"{given}; {spread}, {length}", of_fewer_given(record), where),
        Claim(
            stored,
            "4.1, Table 2",
            f"EMD against N = 10,000: {all_shown(few)} over pairs of cells, {length}",
            of_fewer_stored(record),
            where,
        ),
    ]


def levels(record: Record) -> tuple[float, float]:
    """EMD × 10² of the network that is given all points, and of so few points as the claim means, without a network."""
    rows = MOST_POINTS, compare.alone(SPARSE)
    dense, alone = (float(100 * compare.values(record.result, "EMD", row).mean()) for row in rows)
    return dense, alone


def asked(record: Record) -> int:
    """How many points of a shape the loss moves in a step at most, however many are given."""
    return int(record.settings["loss_points"]) or compare.DENSE[1]


def fewer_given(record: Record) -> dict[str, Difference]:
    """256 points against all, seed by seed; of one seed nothing."""
    if len(compare.values(record.result, "EMD", MOST_POINTS)) < 2:
        return {}
    return {
        metric: compare.change(record.result, metric, FEW_POINTS, MOST_POINTS) for metric in published.METRICS
    }


def of_fewer_given(record: Record) -> str:
    """Whether fewer points in a step cost little, over seeds; one seed cannot tell.

    Networks worse than the few points alone are alike because they have learnt too little. Where the loss asks for as
    many points in every cell, what fewer of them do to the encoder is a part of the claim.
    """
    found, (dense, alone) = fewer_given(record), levels(record)
    if not found:
        return ONE_SEED
    if dense > alone:
        return UNKNOWN
    verdict = lasting(alike([*found.values()], COMPARABLE), {"Table 2": record})
    return PART if verdict == HOLDS and asked(record) < compare.DENSE[1] else verdict


def of_fewer_stored(record: Record) -> str:
    """Whether fewer stored points cost little, over pairs of trainings that differ in nothing else.

    It cannot tell where the networks have learnt too little, or where the loss asked for fewer points of a shape in the
    whole training than are stored at least: whether there were more of them made no difference then.
    """
    dense, alone = levels(record)
    if dense > alone or passes(record) * asked(record) < min(STORED):
        return UNKNOWN
    few = [compare.fewer_stored(record.result, "EMD", n) for n in STORED]
    return lasting(alike(few, COMPARABLE), {"Table 2": record})


def numbers(record: Record) -> dict[str, float | int | str]:
    """What a page says of the record in words, by name: changes in per cent with 256 and 128 points, printed, of the
    points alone and ours, and which share of the second the first is; the error from all points by that of 256 alone;
    how long the training was; verdicts."""
    found: dict[str, float | int | str] = {}
    (most, m_most), printed = compare.DENSE, published.TABLE_2["EMD"]
    for metric in published.METRICS:
        for m in (256, 128):
            key = f"{metric.lower()}_{m}"
            found[f"{key}_printed"] = published.sparser(metric, m)
            pair = compare.alone(m), compare.alone(m_most)
            found[f"{key}_alone"] = compare.risen(record.result, metric, *pair)
            found[f"{key}_ours"] = compare.risen(record.result, metric, cell(most, m), MOST_POINTS)
        rise = compare.risen(record.result, metric, compare.alone(SPARSE), compare.alone(m_most))
        found[f"{metric.lower()}_share"] = published.sparser(metric, SPARSE) / rise
    dense, alone = levels(record)
    return found | {
        "stored_printed": max(100 * abs(value / printed[most, m] - 1) for (_, m), value in printed.items()),
        "bare": dense / alone,
        "passes": passes(record),
        "asked": asked(record),
        "places": passes(record) * asked(record),
        "shapes": int(record.settings["test_shapes"]),
        "verdict_given": of_fewer_given(record),
        "verdict_stored": of_fewer_stored(record),
    }
