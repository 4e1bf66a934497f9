"""Tables and pictures of generated shapes, beside what the paper prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pcl_lib import viz
from pcl_lib.experiments.generation import compare, published
from pcl_lib.experiments.generation.published import MEASURES, TABLE_3, TABLE_6, TABLE_9
from pcl_lib.experiments.generation.settings import LEARNT, OURS, TRAIN, VAE
from pcl_lib.experiments.record import Record
from pcl_lib.experiments.report import as_printed
from pcl_lib.experiments.runner.result import Result

WORDS = ("better", "cannot tell", "worse")  # by the sign of how much worse, plus one
_PRINTED = {"MMD-CD": "MMD-CD × 1,000", "MMD-EMD": "MMD-EMD × 100"}


def header(measure: str) -> str:
    """A measure with its unit."""
    return _PRINTED.get(measure, f"{measure}, %")


def facts(record: Record) -> dict[str, Any]:
    """What stands under a table of a record."""
    return {"device": record.device, "date": record.date[:10]}


def scores_table(result: Result, caption: str, *, thinned: bool = False, **facts: Any) -> viz.Figure:
    """Table 3: each model's six scores, mean and deviation over the seeds.

    - `thinned`: of the sets without near-duplicates.
    """
    rows = [
        [model, *(compare.values(result, measure, model, thinned=thinned).tolist() for measure in MEASURES)]
        for model in compare.models_of(result)
    ]
    columns = {"model": "", **{header(measure): "ours" for measure in MEASURES}}
    return viz.table(rows, columns=columns, caption=caption, **facts)


def printed_table(caption: str, *, table: published.Table = TABLE_3) -> viz.Figure:
    """A table of the paper as it is printed."""
    named = {
        f"{category}, {model}": row for category, models in table.items() for model, row in models.items()
    }
    numbers = as_printed([[row[measure] for measure in MEASURES] for row in named.values()])
    rows = [[name, *row] for name, row in zip(named, numbers, strict=True)]
    columns = {"category, model": "", **{header(measure): "paper" for measure in MEASURES}}
    return viz.table(rows, columns=columns, caption=caption)


def contradictions_table(caption: str) -> viz.Figure:
    """Numbers of the tables that disagree with other numbers of the same tables."""
    rows: list[list[Any]] = [
        [f"{c.model}, {c.category.lower()}s, {c.measure}: Tables 3 and 9", str(c.here), str(c.there)]
        for c in published.changed()
    ]
    rows += [
        [f"{TRAIN} and {other}, cars, {measure}: Table 6", str(value), str(value)]
        for other, measure, value in published.repeated()
    ]
    rows += [
        [
            f"{c.model}, {c.category.lower()}s, {c.measure}: Table 5, and the least of all others",
            str(c.here),
            str(c.there),
        ]
        for c in published.out_of_scale()
    ]
    columns = {"where": "", "one number": "paper", "the other": "paper"}
    return viz.table(rows, columns=columns, caption=caption)


def difference_table(
    result: Result, caption: str, *, pairs: Sequence[tuple[str, str]] = ((OURS, VAE),), **facts: Any
) -> viz.Figure:
    """Table 9: paired differences of each measure with their intervals, beside the paper's.

    - `pairs`: the models that are compared, and with which.
    """
    rows = []
    for model, than in pairs:
        for measure in MEASURES:
            found = compare.difference(result, measure, model, than)
            rows.append(
                [
                    f"{model} against {than}, {header(measure)}",
                    *(_printed_difference(measure, model, than, category) for category in TABLE_9),
                    f"{found.mean:+z.2f} ({found.low:+z.2f} to {found.high:+z.2f})",
                    WORDS[compare.worse(result, measure, model, than).sign + 1],
                ]
            )
    columns = {
        "comparison": "",
        **{f"{category}s": "paper" for category in TABLE_9},
        "95 % interval": "ours",
        "so it is": "ours",
    }
    return viz.table(rows, columns=columns, caption=caption, **facts)


def _printed_difference(measure: str, model: str, than: str, category: str) -> float | None:
    """The paper's, from Table 9 or else Table 3; None where it has not both models."""
    for table in (TABLE_9, TABLE_3):
        rows = table[category]
        if model in rows and than in rows:
            return rows[model][measure] - rows[than][measure]
    return None


def twins_table(result: Result, caption: str, **facts: Any) -> viz.Figure:
    """What near-duplicates do: how many there are, and 1-NNA and COV with and without them."""
    rows = []
    for model in compare.models_of(result):
        share = 100 * np.array(list(result.values("near-duplicates", model).values()))
        cells = [
            compare.values(result, measure, model, thinned=thinned).tolist()
            for measure in ("1-NNA-CD", "1-NNA-EMD", "COV-CD")
            for thinned in (False, True)
        ]
        rows.append([model, share.tolist(), *cells])
    headers = [
        f"{measure}{suffix}, %"
        for measure in ("1-NNA-CD", "1-NNA-EMD", "COV-CD")
        for suffix in ("", " without")
    ]
    columns = {"model": "", "near-duplicates, %": "ours", **dict.fromkeys(headers, "ours")}
    return viz.table(rows, columns=columns, caption=caption, **facts)


def cars_table(caption: str) -> viz.Figure:
    """Table 6 as it is printed."""
    return printed_table(caption, table=TABLE_6)


def samples(result: Result, *, models: Sequence[str] | None = None, count: int = 4) -> viz.Figure:
    """Figs. 5 and 12 to 14: the first samples of each model, a row for each, under real shapes.

    - `models`: those with networks by default; `count`: samples of each.
    """
    names = [m for m in compare.models_of(result) if m in LEARNT] if models is None else list(models)
    rows = ["truth", *names]
    clouds = [cloud(result, name, k) for name in rows for k in range(count)]
    titles = [("real" if name == "truth" else name) if k == 0 else "" for name in rows for k in range(count)]
    return viz.clouds(
        clouds,
        titles=titles,
        columns=count,
        view=(50, -60),
        colours=[viz.PALETTE[-1]] * count + [viz.PALETTE[0]] * (count * len(names)),
        alt=f"{count} real shapes, and {count} new ones from each of {', '.join(names)}.",
        caption=f"{count} real shapes, then {count} samples of each of {', '.join(names)}, not chosen.",
    )


def training_curves(result: Result, note: str) -> viz.Figure:
    """MMD-CD of a few samples over training, a band for each model that is trained."""
    names = [m for m in compare.models_of(result) if m in LEARNT]
    return viz.curves(
        {name: compare.UNITS["MMD-CD"] * result.curves[(name,)] for name in names},
        x=np.array(result.logged_steps),
        xlabel="step",
        ylabel="MMD-CD × 1,000",
        logy=True,
        alt=f"MMD-CD of samples over training, a curve for each of {', '.join(names)}.",
        caption=f"MMD-CD of a few samples on the way. {note}",
    )


def cloud(result: Result, name: str, k: int) -> np.ndarray:
    """One cloud (N, D) of the previews, in single precision."""
    return result.previews[name][k].astype(np.float32)
