"""Tables and curves of the experiments of NeuralQAAD, live or recorded, beside what the paper reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from pcl_lib import viz
from pcl_lib.experiments.neuralqaad import compare, published
from pcl_lib.experiments.neuralqaad.compare import shown
from pcl_lib.experiments.neuralqaad.published import ATLAS, OURS
from pcl_lib.experiments.neuralqaad.settings import (
    AWAY,
    EM_KD,
    PER_CENT,
    PLACE,
    QUADRATIC,
    UNTRAINED,
    USUAL,
)
from pcl_lib.experiments.record import Record
from pcl_lib.experiments.report import as_printed
from pcl_lib.experiments.runner.experiment import Configuration
from pcl_lib.experiments.runner.result import Result


def facts(record: Record) -> dict[str, Any]:
    """What stands under a table of a record."""
    return {"device": record.device, "date": record.date[:10]}


def paper_table_1(caption: str) -> viz.Figure:
    """Table 1 as printed, and what each row changes of AtlasNetV2, from its printed values."""
    rows = []
    every = as_printed(
        [[published.TABLE_1[data][method] for data in published.SETS] for method in published.METHODS]
    )
    for method, printed in zip(published.METHODS, every, strict=True):
        changes = [
            None if method == ATLAS else f"{-published.drop(data, method):+,.1f} %" for data in published.SETS
        ]
        rows.append([method, *printed, *changes])
    names = [*published.SETS, *(f"{data}, change" for data in published.SETS)]
    return viz.table(rows, columns={"method": ""} | dict.fromkeys(names, "paper"), caption=caption)


def table_1(result: Result, data: str, caption: str, **facts: Any) -> viz.Figure:
    """Table 1 on one set: the paper's change of EM-kD on each of its sets, and ours with its interval.

    Errors in per cent of the mean distance to the mean shape. The last row of the paper is not a row of ours.
    """
    rows = []
    for row in compare.rows_of(result, data):
        printed = [
            None
            if row in (ATLAS,) or row not in published.METHODS
            else f"{-published.drop(name, row):+,.0f} %"
            for name in published.SETS
        ]
        against = None if row == ATLAS else shown(compare.change(result, (data, row), (data, ATLAS)))
        rows.append(
            [
                row,
                *printed,
                _values(result, EM_KD, data, row),
                _values(result, EM_KD + PER_CENT, data, row),
                _values(result, PLACE + PER_CENT, data, row),
                against,
            ]
        )
    columns = {
        "row": "",
        **{f"{name}, change of EM-kD": "paper" for name in published.SETS},
        "EM-kD": "ours",
        "EM-kD, %": "ours",
        "to the true place, %": "ours",
        "change of EM-kD": "ours",
    }
    return viz.table(rows, columns=columns, caption=caption, **facts)


def order_table(
    result: Result,
    caption: str,
    *,
    rows: Sequence[str] = published.METHODS[:-1],
    whole: bool = False,
    **facts: Any,
) -> viz.Figure:
    """Each row against the one before it, with the paper's changes: the order of Table 1, step by step.

    `whole`: the last row against the first too.
    """
    found = []
    for before, after in (*pairwise(rows), *([(rows[0], rows[-1])] if whole else [])):
        printed = [
            100 * (published.TABLE_1[name][after] / published.TABLE_1[name][before] - 1)
            for name in published.SETS
        ]
        ours = [shown(compare.change(result, (data, after), (data, before))) for data in compare.sets(result)]
        found.append([f"{after} against {before}", *(f"{each:+,.0f} %" for each in printed), *ours])
    columns = {
        "step": "",
        **dict.fromkeys(published.SETS, "paper"),
        **dict.fromkeys(compare.sets(result), "ours"),
    }
    return viz.table(found, columns=columns, caption=caption, **facts)


def both_sets(result: Result, caption: str, **facts: Any) -> viz.Figure:
    """Table 1 on all sets at once, without the paper's numbers: errors in per cent, and changes with intervals."""
    rows: dict[str, list[Any]] = {}
    columns = {"row": ""}
    for data in compare.sets(result):
        for row in compare.rows_of(result, data):
            cells = [_values(result, metric + PER_CENT, data, row) for metric in (EM_KD, PLACE)]
            against = None if row == ATLAS else shown(compare.change(result, (data, row), (data, ATLAS)))
            rows.setdefault(row, [row]).extend([cells[0], against, cells[1]])
        measures = ("EM-kD, %", "change of EM-kD", "to the true place, %")
        columns |= {f"{data}, {measure}": "ours" for measure in measures}
    return viz.table([*rows.values()], columns=columns, caption=caption, **facts)


def modes_table(results: Mapping[str, Result], caption: str, **facts: Any) -> viz.Figure:
    """The steps of the order, its whole and what swaps do, in records by name that differ in how points are drawn."""
    pairs = (*compare.ORDER, (OURS, ATLAS), compare.SWAPS[1])
    first = next(iter(results.values()))
    rows = [
        [
            f"{row} against {than}",
            *(
                shown(compare.change(result, (data, row), (data, than)))
                for data in compare.sets(first)
                for result in results.values()
            ),
        ]
        for row, than in pairs
    ]
    names = [f"{data}, {name}" for data in compare.sets(first) for name in results]
    return viz.table(rows, columns={"step": ""} | dict.fromkeys(names, "ours"), caption=caption, **facts)


def details_table(result: Result, data: str, caption: str, **facts: Any) -> viz.Figure:
    """What the EM-kD does not say: seams, cost of the assignment, way of the input cloud, time of a step."""
    rows = []
    for row in compare.rows_of(result, data):
        if row in UNTRAINED:
            continue
        rows.append(
            [
                row,
                compare.seam_ratio(result, data, row).tolist(),
                _values(result, QUADRATIC, data, row),
                _values(result, AWAY + PER_CENT, data, row),
                _values(result, "ms_per_step", data, row),
            ]
        )
    columns = {
        "row": "",
        "error at seams over inside": "ours",
        "E(A) for each pair": "ours",
        "input cloud to the nearest cloud, %": "ours",
        "ms a step": "ours",
    }
    return viz.table(rows, columns=columns, caption=caption, **facts)


def curves(result: Result, data: str, note: str, *, rows: Sequence[str] | None = None) -> viz.Figure:
    """The EM-kD over the steps of a training, a band for each row."""
    names = [row for row in (rows or compare.rows_of(result, data)) if row not in UNTRAINED]
    return viz.curves(
        {row: result.curves[data, row] for row in names},
        x=result.logged_steps,
        xlabel="steps",
        ylabel="EM-kD, % of the distance to the mean shape",
        logy=True,
        alt=f"EM-kD of {data} over the steps of training, one curve for each of {len(names)} rows.",
        caption=f"EM-kD of {data} over the steps of training. {note}",
    )


def change_over_steps(result: Result, row: str, than: str, note: str) -> viz.Figure:
    """How far the EM-kD of a row lies above that of another while both train, a band for each set."""
    series = {}
    for data in compare.sets(result):
        ours, theirs = result.curves[data, row], result.curves[data, than]
        series[data] = 100 * (ours - theirs) / theirs.mean(0)
    return viz.curves(
        series,
        x=result.logged_steps,
        xlabel="steps",
        ylabel=f"EM-kD against {than}, %",
        alt=f"By how many per cent the EM-kD of {row} is above that of {than}, over the steps of training.",
        caption=f"EM-kD of {row} against that of {than}, in per cent of the latter, over the steps of training. {note}",
    )


def figure_5(result: Result, note: str) -> viz.Figure:
    """Fig. 5: the EM-kD by the points of a step, a band for each method."""
    (data,) = compare.sets(result)
    counts = compare.counts(result)
    series = {
        row: np.stack([compare.values(result, EM_KD + PER_CENT, data, row, str(n)) for n in counts], 1)
        for row in compare.rows_of(result, data)
    }
    return viz.curves(
        series,
        x=counts,
        xlabel="points of a cloud in a step",
        ylabel="EM-kD, % of the distance to the mean shape",
        logx=True,
        logy=True,
        alt=f"EM-kD over the number of sampled points, one curve for each of {len(series)} methods.",
        caption=f"EM-kD by the number of points that a step samples of each cloud. {note}",
    )


def sampling_table(result: Result, caption: str, **facts: Any) -> viz.Figure:
    """What fewer points cost each method: the rise from the most to the fewest, and the slope."""
    (data,) = compare.sets(result)
    few, many = compare.counts(result)[0], compare.counts(result)[-1]
    rise = {row: compare.loss_by_fewer(result, data, row) for row in compare.rows_of(result, data)}
    rows = [
        [
            row,
            rise[row].tolist(),
            compare.slope(result, data, row).tolist(),
            None if row == ATLAS else shown(compare.paired(rise[row], rise[ATLAS]), " points"),
        ]
        for row in rise
    ]
    columns = {
        "method": "",
        f"EM-kD from {many} to {few} points, %": "ours",
        "slope of the logarithms": "ours",
        "rise against AtlasNetV2": "ours",
    }
    return viz.table(rows, columns=columns, caption=caption, **facts)


def design_table(result: Result, caption: str, **facts: Any) -> viz.Figure:
    """Patches, shared layers and starts at equal weights, each against the usual network."""
    rows = [
        [
            design,
            _values(result, EM_KD + PER_CENT, data, design),
            _values(result, PLACE + PER_CENT, data, design),
            None if design == USUAL else shown(compare.change(result, (data, design), (data, USUAL))),
        ]
        for data in compare.sets(result)
        for design in compare.rows_of(result, data)
    ]
    columns = {
        "design": "",
        "EM-kD, %": "ours",
        "to the true place, %": "ours",
        f"change of EM-kD against {USUAL}": "ours",
    }
    return viz.table(rows, columns=columns, caption=caption, **facts)


def _values(result: Result, metric: str, *configuration: str) -> list[float] | None:
    """A metric by seed, None where the row has none."""
    return (
        compare.values(result, metric, *configuration).tolist()
        if _has(result, metric, configuration)
        else None
    )


def _has(result: Result, metric: str, configuration: Configuration) -> bool:
    row = next(row for row in result.rows if row.configuration == configuration)
    return metric in ("ms_per_step", *row.metrics)
