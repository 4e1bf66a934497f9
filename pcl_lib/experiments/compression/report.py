"""Tables, curves and pictures of the two experiments of D-PCC."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import LogLocator, NullLocator

from pcl_lib import viz
from pcl_lib.experiments.compression import compare
from pcl_lib.experiments.compression.compare import shown
from pcl_lib.experiments.compression.settings import (
    BPP,
    CD,
    COUNT_ERROR,
    D1,
    D2,
    DENSITY,
    DPCC,
    ESTIMATED,
    FULL,
    OCTREE,
    SMALL,
)
from pcl_lib.experiments.record import Record
from pcl_lib.experiments.runner.result import Result

_LABELS = {
    D2: "D2 (dB)",
    D1: "D1 (dB)",
    DENSITY: "density metric",
    COUNT_ERROR: "error of the number of points",
}
_MARKERS = "os^DvPX"  # one for each codec, so that they can be told without colour
_UP = {"faces": "y"}
_VIEW = {"faces": (10.0, 65.0), "streets": (50.0, -60.0)}


def facts(record: Record) -> dict[str, Any]:
    """What stands under a table of a record."""
    return {"device": record.device, "date": record.date[:10]}


def rate_curves(result: Result, measure: str, caption: str) -> viz.Figure:
    """A measure over the bits of files, a panel for each set and a curve for each codec.

    Means over the clouds of the set; bars of the ladder reach from the least to the most of its seeds, in bits and in
    the measure.
    """
    sets, codecs = compare.sets(result), compare.codecs(result)
    with viz.style():
        figure, axes = plt.subplots(1, len(sets), figsize=(8.4, 3.3), squeeze=False)
        for ax, data in zip(axes[0], sets, strict=True):
            for codec, colour, marker in zip(codecs, viz.PALETTE, _MARKERS, strict=False):
                bits, values = (
                    np.array(
                        [compare.of_set(result, m, data, codec, s) for s in compare.ladder(result, codec)]
                    )
                    for m in (BPP, measure)
                )
                own = codec == DPCC
                ax.errorbar(
                    bits.mean(1), values.mean(1), xerr=_reach(bits) if own else None,
                    yerr=_reach(values) if own else None, label=codec, color=colour,
                    marker=marker, markersize=5, linestyle="-" if own else "--", capsize=2,
                )  # fmt: skip
            ax.set(title=data, xlabel="bits a point", xscale="log")
            ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
            ax.xaxis.set_minor_locator(NullLocator())
        axes[0, 0].set_ylabel(_LABELS[measure])
        handles, names = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside upper left", ncols=len(names))
    return viz.show(
        figure,
        alt=f"{_LABELS[measure]} over bits a point for {len(sets)} sets, one curve for each of {len(codecs)} codecs.",
        caption=caption,
    )


def _reach(values: np.ndarray) -> np.ndarray:
    """How far the seeds reach below and above their mean."""
    mean = values.mean(1)
    found: np.ndarray = np.stack([mean - values.min(1), values.max(1) - mean])
    return found


def ladder_table(result: Result, caption: str, **facts: Any) -> viz.Figure:
    """The ladder on each set: bits of files and as estimated, distortion, density, points; by seed."""
    measures = (BPP, ESTIMATED, SMALL, D1, D2, DENSITY, COUNT_ERROR)
    rows = [
        [data, setting, *(compare.of_set(result, m, data, DPCC, setting) for m in measures)]
        for data in compare.sets(result)
        for setting in compare.ladder(result)
    ]
    names = (
        "bits a point, file",
        "latents alone, estimated",
        "points in small cubes",
        "D1, dB",
        "D2, dB",
        "density metric",
        "error of the number of points",
    )
    columns = {"set": "", "weight of the rate": "", **dict.fromkeys(names, "ours")}
    return viz.table(rows, columns=columns, caption=caption, **facts)


def steps_table(result: Result, caption: str, **facts: Any) -> viz.Figure:
    """What each step of the ladder changes, with intervals over the seeds: bytes and D2."""
    rows = []
    for data in compare.sets(result):
        bits = compare.steps(result, BPP, data, relative=True)
        d2 = compare.steps(result, D2, data)
        rows += [[data, step, shown(bits[step]), shown(d2[step], " dB", 2)] for step in bits]
        ends = (compare.ends(result, BPP, data, relative=True), compare.ends(result, D2, data))
        rows.append([data, "from end to end", shown(ends[0]), shown(ends[1], " dB", 2)])
    columns = {"set": "", "weight of the rate": "", "bytes": "ours", "D2": "ours"}
    return viz.table(rows, columns=columns, caption=caption, **facts)


def rivals_table(
    result: Result, rivals: Sequence[str], caption: str, *, below: float = compare.BELOW, **facts: Any
) -> viz.Figure:
    """D-PCC against codecs without training, over the clouds of each set and of all."""
    rows = []
    for rival in rivals:
        for data in (*compare.sets(result), None):
            rate, gap = (
                compare.bjontegaard(result, rival, data=data),
                compare.gap(result, rival, data=data, below=below),
            )
            rows.append(
                [
                    rival,
                    data or "all",
                    "no overlap" if rate is None else _with_interval(rate.mean, rate.half_width),
                    f"{0 if rate is None else rate.clouds} of {len(compare.clouds_of(result, data))}",
                    None if rate is None else f"{100 * float(rate.overlap.mean()):.1f} %",
                    "no equal sizes" if gap.difference is None else shown(gap.difference, " dB"),
                    f"{gap.compared} of {gap.of}",
                ]
            )
    columns = {
        "against": "",
        "set": "",
        "Bjontegaard rate": "ours",
        "clouds whose curves overlap": "ours",
        "overlap": "ours",
        f"D2 at equal size, below {below:g} bits": "ours",
        "files compared": "ours",
    }
    return viz.table(rows, columns=columns, caption=caption, **facts)


def _with_interval(mean: float, half: float) -> str:
    """A mean with its interval; from one cloud there is none."""
    return f"{mean:+z,.0f} %" + ("" if np.isnan(half) else f" ({mean - half:+z,.0f} to {mean + half:+z,.0f})")


def came_back(result: Result) -> viz.Frames:
    """A slider over the sets: a cloud, and what comes back at both ends of the ladder, and of octrees of their size."""
    sets, ladder = compare.sets(result), compare.ladder(result)
    pictures = []
    for data in sets:
        row = compare.clouds_of(result, data)[0]
        bits = compare.curve(result, BPP, DPCC)[:, row]
        titles, names = ["as it was"], [f"truth/shown {data}"]
        for k in (0, -1):
            titles.append(f"{DPCC}, {ladder[k]}: {bits[k]:.2f} bits")
            names.append(f"{DPCC}/{ladder[k]}/shown {data}")
        near = [compare.nearest_in_size(result, OCTREE, bits[k], data) for k in (0, -1)]
        for setting in dict.fromkeys(near):  # one file may be the nearest to both
            place = compare.ladder(result, OCTREE).index(setting)
            titles.append(f"{OCTREE}, {compare.curve(result, BPP, OCTREE)[place, row]:.2f} bits")
            names.append(f"{OCTREE}/{setting}/shown {data}")
        pictures.append(
            viz.clouds(
                [result.previews[name].astype(np.float32) for name in names],
                titles=titles,
                columns=2,
                limits=result.previews[names[0]].astype(np.float32),
                up=_UP.get(data, "z"),
                view=_VIEW.get(data, (20.0, -60.0)),
                alt=f"One of the {data}, and what {len(names) - 1} files gave back of it.",
            )
        )
    return viz.frames(
        pictures,
        labels=sets,
        alt="A cloud of each set, and what D-PCC and the octree give back of it.",
        caption="The first cloud of each set, and what came back of it: at both ends of the ladder, and of the "
        "octree's files that are nearest in size. At most 2,048 points of each are drawn.",
    )


def terms_table(result: Result, caption: str, **facts: Any) -> viz.Figure:
    """The ablation: density metric and error of the number of points of each variant, and the change of both."""
    changes = {m: compare.left_out(result, m) for m in (DENSITY, COUNT_ERROR, CD)}
    rows = []
    for (variant,) in result.configurations:
        row: list[Any] = [variant]
        for measure in (DENSITY, COUNT_ERROR):
            row.append(list(result.values(measure, variant).values()))
            row.append(None if variant == FULL else shown(changes[measure][variant]))
        row.append(None if variant == FULL else shown(changes[CD][variant]))
        row.append(list(result.values(BPP, variant).values()))
        rows.append(row)
    columns = {
        "variant": "",
        "density metric": "ours",
        "its change": "ours",
        "error of the number of points": "ours",
        "its change ": "ours",
        "change of the Chamfer distance": "ours",
        "bits a point, estimated": "ours",
    }
    return viz.table(rows, columns=columns, caption=caption, **facts)


def terms_figure(result: Result, caption: str) -> viz.Figure:
    """What is lost with each term: changes of density metric and error of the number of points, with intervals."""
    changes = {m: compare.left_out(result, m) for m in (DENSITY, COUNT_ERROR)}
    variants = list(changes[DENSITY])
    with viz.style():
        figure, axes = plt.subplots(1, 2, figsize=(8.4, 3.4))
        for ax, (measure, found) in zip(axes, changes.items(), strict=True):
            means, halves = (
                np.array([getattr(found[v], name) for v in variants]) for name in ("mean", "half_width")
            )
            ax.axvline(0, color=viz.PALETTE[-1], linewidth=1)
            ax.errorbar(means, range(len(variants)), xerr=halves, fmt="o", capsize=3)
            ax.set(xlabel=f"{_LABELS[measure]},\nchange in %")
            # Each has the names, so that a phone can set one panel under the other.
            ax.set_yticks(range(len(variants)), variants)
            ax.invert_yaxis()
    return viz.show(
        figure,
        alt=f"The change of two measures without each of {len(variants)} parts, with intervals; right of zero is "
        "worse.",
        caption=caption,
    )


def patch_without(result: Result, variants: Sequence[str]) -> viz.Figure:
    """A patch that was held out, and what networks without a part make of it."""
    clouds = [result.previews[f"{name}/shown"].astype(np.float32) for name in ("truth", *variants)]
    titles = [f"{name}: {len(points):,}" for name, points in zip(("truth", *variants), clouds, strict=True)]
    return viz.clouds(
        clouds,
        titles=titles,
        columns=3,
        alt=f"A patch of {len(clouds[0]):,} points, and what {len(variants)} networks made of it.",
        caption="A patch that no network was trained on, and what networks of the first seed made of its latent "
        "points, with the number of points.",
    )
