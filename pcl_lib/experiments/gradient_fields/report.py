"""Tables, curves and pictures of auto-encoding by fields, live or recorded, beside what the paper reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pcl_lib import viz
from pcl_lib.experiments.gradient_fields import compare, published
from pcl_lib.experiments.gradient_fields.compare import shown
from pcl_lib.experiments.gradient_fields.levels import ANNEALED, FIELDS, INSIDE, SINGLE, Quality
from pcl_lib.experiments.gradient_fields.settings import (
    BASELINES,
    EXACT,
    MODELS,
    OURS,
    UNTRAINED,
    VARIANTS,
    cell,
)
from pcl_lib.experiments.gradient_fields.surfaces import SurfaceScores, summary
from pcl_lib.experiments.record import Record
from pcl_lib.experiments.report import as_printed
from pcl_lib.experiments.runner.result import Result

CD, EMD = 1e4, 1e2  # the paper's units


def facts(record: Record) -> dict[str, Any]:
    """What stands under a table of a record."""
    return {"device": record.device, "date": record.date[:10]}


def table_1(result: Result, caption: str, *, paper: str, **facts: Any) -> viz.Figure:
    """Table 1: CD and EMD by model beside the paper's of its set `paper`, and what ours changes.

    The difference in EMD is ours against the row, with the interval over the seeds.
    """
    rows = []
    for model in (*BASELINES, OURS, EXACT, "oracle"):
        if (model,) not in result.configurations:
            continue
        printed = [published.TABLE_1[paper, metric].get(model) for metric in published.METRICS]
        change = None if model == OURS else shown(compare.change(result, "EMD", OURS, model))
        rows.append(
            [
                model,
                *printed,
                *_scaled(result, model),
                change,
                None if model in UNTRAINED else round(compare.updates(result, model)),
            ]
        )
    columns = {
        "model": "",
        "CD × 10⁴": "paper",
        "EMD × 10²": "paper",
        "CD × 10⁴ ": "ours",
        "EMD × 10² ": "ours",
        "printed kind of EMD × 10²": "ours",
        "EMD of ShapeGF against it": "ours",
        "steps": "ours",
    }
    return viz.table(rows, columns=columns, caption=caption, **facts)


def paper_table_1(caption: str) -> viz.Figure:
    """The whole of Table 1, as printed, with the margin of ours over the best other model."""
    rows = []
    printed = as_printed([list(row.values()) for row in published.TABLE_1.values()])
    for (data, metric), row in zip(published.TABLE_1, printed, strict=True):
        margin = published.margins(metric)[data]
        rows.append([f"{data}, {metric}", *row, f"{margin:+.1f} %"])
    columns = {"set": ""} | dict.fromkeys((*published.MODELS, "below the best other"), "paper")
    return viz.table(rows, columns=columns, caption=caption)


def curves(result: Result, note: str, *, models: Sequence[str] | None = None) -> viz.Figure:
    """Fig. 7: the EMD on unseen shapes over the seconds of training, a band for each model."""
    names = [OURS, *compare.baselines(result)] if models is None else list(models)
    x: Any = {model: compare.seconds(result, model) for model in names}
    return viz.curves(
        {model: EMD * result.curves[(model,)] for model in names},
        x=x,
        xlabel="seconds of training",
        ylabel="EMD × 10² on unseen shapes",
        logy=True,
        alt=f"EMD on unseen shapes over the seconds of training, one curve for each of {len(names)} models.",
        caption=f"EMD over seconds of training. {note}",
    )


def table_2(result: Result, caption: str, *, metric: str = "EMD", **facts: Any) -> viz.Figure:
    """Table 2: a metric by M and N, the paper's beside ours, and the column without a network."""
    unit = CD if metric == "CD" else EMD
    printed, stored = published.TABLE_2[metric], list(dict.fromkeys(n for n, _ in published.CELLS))
    rows: list[list[Any]] = []
    for m in published.GIVEN:
        cells = [(n, m) for n in stored]
        paper = [printed.get(each) for each in cells]
        ours = [_mean(result, metric, cell(*each), unit) if each in printed else None for each in cells]
        rows.append([f"M = {m:,}", *paper, *ours, _mean(result, metric, compare.alone(m), unit)])
    columns = {f"{metric} × {unit:,.0f}": ""} | {f"N = {n:,}": "paper" for n in stored}
    columns |= {f"N = {n:,} ": "ours" for n in stored} | {EXACT: "ours"}
    return viz.table(rows, columns=columns, caption=caption, **facts)


def sparse_curves(result: Result, note: str, *, metric: str = "EMD") -> viz.Figure:
    """Table 2 over M: ours and the paper's by N, and the row without a network."""
    unit, printed = CD if metric == "CD" else EMD, published.TABLE_2[metric]
    rows = {
        f"N = {n:,}": {m: cell(n, m) for m in published.GIVEN if (n, m) in printed}
        for n in dict.fromkeys(n for n, _ in published.CELLS)
    } | {EXACT: {m: compare.alone(m) for m in published.GIVEN}}
    series = {
        name: unit * np.stack([compare.values(result, metric, row) for row in of.values()], 1)
        for name, of in rows.items()
    }
    x = {name: np.array(list(of)) for name, of in rows.items()}
    paper, most = "paper, N = 10,000", compare.DENSE[0]
    series[paper], x[paper] = np.array([printed[most, m] for m in published.GIVEN]), np.array(published.GIVEN)
    return viz.curves(
        series,
        x=x,
        xlabel="M, points given",
        ylabel=f"{metric} × {unit:,.0f} of unseen airplanes",
        logx=True,
        logy=True,
        alt=f"{metric} over the points that are given, one curve for each number of stored points, one without a "
        "network, and the paper's.",
        caption=f"{metric} by points given. {note}",
    )


def table_8(result: Result, caption: str, **facts: Any) -> viz.Figure:
    """Table 8: the paper's CD and EMD by variant over runs of one network, ours over trainings, and the excess loss."""
    rows = []
    for variant in VARIANTS:
        if (variant,) not in result.configurations:
            continue
        printed = [published.TABLE_8[metric].get(variant) for metric in published.METRICS]
        paper = [None if each is None else f"{each.mean:.3f} ± {each.std:.3f}" for each in printed]
        excess = compare.values(result, compare.EXCESS, variant)
        full = variant == published.FULL
        change = None if full else shown(compare.change(result, compare.EXCESS, published.FULL, variant))
        rows.append([_named(variant), *paper, *_scaled(result, variant)[:2], excess.tolist(), change])
    columns = {
        "decoder": "",
        "CD × 10⁴": "paper",
        "EMD × 10²": "paper",
        "CD × 10⁴ ": "ours",
        "EMD × 10² ": "ours",
        "excess loss": "ours",
        "excess loss of (abcd) against it": "ours",
    }
    return viz.table(rows, columns=columns, caption=caption, **facts)


def excess_curves(result: Result, note: str, *, variants: Sequence[str] = VARIANTS) -> viz.Figure:
    """The excess loss by noise level, a band for each variant."""
    names = [variant for variant in variants if (variant,) in result.configurations]
    by_level = {variant: compare.excess_levels(result, variant) for variant in names}
    sigmas = np.array(list(by_level[names[0]]))
    return viz.curves(
        {_named(variant): np.stack(list(levels.values()), 1) for variant, levels in by_level.items()},
        x=sigmas,
        xlabel="σ",
        ylabel="excess loss",
        logx=True,
        logy=True,
        alt=f"The excess loss over the noise level, one curve for each of {len(names)} decoders.",
        caption=f"Excess loss by noise level. {note}",
    )


def table_4_levels(
    found: Mapping[tuple[str, str], Sequence[Quality]], caption: str, **facts: Any
) -> viz.Figure:
    """Table 4, left: by field and level, all with 100 steps; the paper's is a network trained on the level alone."""
    rows = []
    for field in FIELDS:
        for level in (ANNEALED, *(f"{each:g}" for each in SINGLE)):
            if (field, level) not in found:
                continue
            of = found[field, level]
            own = field == FIELDS[-1]
            paper = [
                published.TABLE_4_LEVELS[metric][float(level)] if own else None
                for metric in published.METRICS
            ]
            rows.append([f"{field}, {level}", *paper, *_qualities(of)])
    return viz.table(rows, columns=_TABLE_4, caption=caption, **facts)


def table_4_starts(found: Mapping[str, Sequence[Quality]], caption: str, **facts: Any) -> viz.Figure:
    """Table 4, right: by where the points start, inside of the box and outside, with the same noise."""
    rows = []
    for start, of in found.items():
        paper = [
            published.TABLE_4_PRIORS[metric][start] if start in INSIDE else None
            for metric in published.METRICS
        ]
        rows.append([start, *paper, *_qualities(of)])
    return viz.table(rows, columns=_TABLE_4, caption=caption, **facts)


_TABLE_4 = {
    "sampled with": "",
    "CD × 10⁴": "paper",
    "EMD × 10²": "paper",
    "CD × 10⁴ ": "ours",
    "to the truth": "ours",
    "coverage": "ours",
    "EMD × 10² ": "ours",
}


def table_7(
    scores: Mapping[str, Sequence[SurfaceScores]], printed: Mapping[str, str], caption: str
) -> viz.Figure:
    """Table 7: surfaces by name against the true meshes, means over the shapes.

    - `printed`: the names of the surfaces that the paper has, and what it calls them.
    """
    units = {"CD": CD, "EMD": EMD, "mesh accuracy": 1}
    rows: list[list[Any]] = []
    for name, of in scores.items():
        found = summary(of)
        paper = [published.TABLE_7[metric].get(printed.get(name, "")) for metric in units]
        rows.append([name, *paper, *(unit * found[metric] for metric, unit in units.items())])
    columns = {"surface": ""} | dict.fromkeys(units, "paper")
    columns |= {"CD × 10⁴": "ours", "EMD × 10²": "ours", "mesh accuracy ": "ours"}
    return viz.table(rows, columns=columns, caption=caption)


def repeats_table(caption: str) -> viz.Figure:
    """One model, one data set, and four tables (E21)."""
    found = published.repeats()
    printed = as_printed([list(values.values()) for values in found.values()])
    rows = [
        [metric, *row, f"{published.spread_of_repeats(metric):.1f} %"]
        for metric, row in zip(found, printed, strict=True)
    ]
    columns = {"metric": ""} | dict.fromkeys((*found["CD"], "apart"), "paper")
    return viz.table(rows, columns=columns, caption=caption)


def reconstructions(result: Result, *, shape: int = 0, models: Sequence[str] = MODELS) -> viz.Figure:
    """Figs. 12 and 13: a test shape as it is given, other points of it, and what each row makes of it."""
    names = [model for model in models if (model,) in result.configurations and model != "oracle"]
    panels = ["given", "reference", *names]
    what = result.data["name"].partition(",")[0]
    return viz.clouds(
        [cloud(result, name, shape) for name in panels],
        titles=panels,
        columns=3,
        colours=[viz.PALETTE[-1]] * 2 + [viz.PALETTE[0]] * len(names),
        alt=f"An unseen shape, other points of it, and what each of {len(names)} models makes of it.",
        caption=f"One unseen shape of the {what}: the points that are given, those that answers are held against, and "
        "the answers.",
    )


def between(result: Result) -> viz.Figure:
    """Fig. 15: the field decoded along the line between the codes of the first two test shapes."""
    clouds = [each.astype(np.float32) for each in result.previews["between"]]
    shares = np.linspace(0, 100, len(clouds))
    return viz.clouds(
        clouds,
        titles=[f"{share:.0f} %" for share in shares],
        columns=len(clouds),
        alt="Clouds that turn from one unseen shape into another.",
        caption="The field decoded from codes on the line between those of two unseen shapes.",
    )


def cloud(result: Result, name: str, k: int) -> np.ndarray:
    """One cloud (N, D) of the previews, in single precision."""
    return result.previews[name][k].astype(np.float32)


def _scaled(result: Result, row: str) -> list[list[float]]:
    """CD, exact EMD and the printed kind of EMD in the paper's units, a number for each seed."""
    units = {"CD": CD, "EMD": EMD, "approximate EMD": EMD}
    return [(unit * compare.values(result, metric, row)).tolist() for metric, unit in units.items()]


def _mean(result: Result, metric: str, row: str, unit: float) -> float | None:
    if (row,) not in result.configurations:
        return None
    return float(unit * compare.values(result, metric, row).mean())


def _qualities(of: Sequence[Quality]) -> list[list[float]]:
    return [[scale * each[k] for each in of] for k, scale in enumerate((CD, CD, CD, EMD))]


def _named(variant: str) -> str:
    return f"({variant})" if variant in published.TABLE_8["CD"] else variant
