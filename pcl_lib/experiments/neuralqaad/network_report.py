"""Drawings of the network, of assignments and of recorded clouds, and tables of the benchmarks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from jaxtyping import Float, Int64
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Chart
from torch import Tensor

from pcl_lib import viz
from pcl_lib.experiments.neuralqaad import published, speed
from pcl_lib.experiments.neuralqaad.published import ATLAS, CHAMFER, OURS
from pcl_lib.experiments.runner.result import Result
from pcl_lib.models import NEURALQAAD_SIZES, NeuralQAAD, compression_ratio, parameter_count

_FRONT = (5.0, -15.0)  # of a figure
_UP = {"faces": "y", "figures": "z"}
_VIEW = {"faces": (10.0, 65.0), "figures": (10.0, -60.0)}


def network_diagram(caption: str) -> viz.Figure:
    """Fig. 1: what goes where in a training step, with the shape of each tensor and the weights for the skulls."""
    skulls = NeuralQAAD(4, 256, 10, 16)  # weights do not depend on shapes and points
    assert skulls.trunk is not None, "the printed sizes have shared layers"
    shared, own = parameter_count(skulls.trunk), parameter_count(skulls.heads)
    boxes = {
        "input cloud $Q$\n$(N, 3)$,\nin $K$ patches": (0.0, 5.0),
        "table $L$ of codes\n$(S, l)$": (1.5, 5.0),
        "sample: $n / K$\npoints of each\npatch, $(B, n, 3)$": (0.0, 4.0),
        "codes of the batch\n$(B, l)$": (1.5, 4.0),
        f"shared layers\n256-128-128-128\n{shared:,} weights": (0.75, 3.0),
        "features by patch\n$(K, 128, B\\,n / K)$": (0.75, 2.0),
        f"$K$ networks 64-3,\none a patch\n{own:,} weights": (0.75, 1.0),
        "made points\n$(B, n, 3)$": (0.75, 0.0),
        "targets\n$(B, n, 3)$": (1.85, 0.0),
    }
    look = {"boxstyle": "round,pad=0.4", "fc": "white", "ec": viz.PALETTE[0]}
    with viz.style():
        chart, ax = plt.subplots(figsize=(3.7, 6.2))  # as narrow as a phone
        ax.set(xlim=(-0.7, 2.3), ylim=(-0.5, 5.5))
        ax.axis("off")
        drawn = [ax.text(*at, words, ha="center", va="center", bbox=look) for words, at in boxes.items()]
        chart.draw_without_rendering()  # the boxes get their size
        arrows = (0, 2), (1, 3), (2, 4), (3, 4), (4, 5), (5, 6), (6, 7), (8, 7)
        for one, other in ((drawn[i], drawn[j]) for i, j in arrows):
            style = {"arrowstyle": "->", "color": "0.3", "patchA": one.get_bbox_patch()}
            style["patchB"] = other.get_bbox_patch()
            ax.annotate("", other.get_position(), one.get_position(), arrowprops=style)
    return viz.show(
        chart,
        alt="A diagram. A sample of the input cloud and the codes of the batch go through shared layers; their "
        "features are sorted by patch, a small network for each patch makes points of them, and these are compared "
        "with their targets.",
        caption=caption,
    )


def draw_patches(
    ax: Axes, cloud: Float[np.ndarray, "n 3"], of_point: Int64[np.ndarray, "n"], limits: Any
) -> None:
    """A figure from the front, a hue for the patch `of_point`; hues repeat."""
    hues = len(viz.PALETTE)
    for hue in range(hues):
        some = of_point % hues == hue
        if some.any():
            viz.draw_cloud(ax, cloud[some], colour=viz.PALETTE[hue], limits=limits, view=_FRONT, diameter=4)


def draw_codes(codes: Mapping[int, Float[Tensor, "draws s l"]], points: int) -> Chart:
    """The codes of eight shapes from samples of so many points, those of one shape joined, in the plane in which codes
    of the most points vary most."""
    most = codes[max(codes)].flatten(0, 1)
    directions = torch.linalg.svd(most - most.mean(0), full_matrices=False).Vh[:2].T
    few, found = (((codes[n] - most.mean(0)) @ directions)[:, :8] for n in (min(codes), points))
    low, high = few.amin((0, 1)) - 0.1, few.amax((0, 1)) + 0.1
    chart, ax = plt.subplots(figsize=(4.6, 3.8))
    for i, xy in enumerate(found.unbind(1)):
        hue, marker = viz.PALETTE[i % len(viz.PALETTE)], "os^D"[i // 2]
        ax.plot(*xy.T, color=hue, linewidth=0.7, marker=marker, markersize=5)
    ax.set(xlabel="first direction of the codes", ylabel="second")
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    return chart


def draw_six(one: Float[Tensor, "6 2"], other: Float[Tensor, "6 2"], assignment: Int64[Tensor, "6"]) -> Chart:
    """A body of three points and an arm of three: left, who goes where; right, the links of the body after it."""
    chart, axes = plt.subplots(1, 2, figsize=(6.4, 3.4))
    viz.draw_matching(axes[0], one, other, assignment)
    axes[0].set_title("who goes where")
    sent = other[assignment]
    for i, j in ((0, 1), (1, 2), (0, 3), (3, 4), (4, 5)):
        axes[1].plot(*sent[[i, j]].T, color=viz.PALETTE[1 if i > 2 else 0])
    axes[1].scatter(*sent.T, color=[viz.PALETTE[i > 2] for i in range(6)], zorder=3)
    axes[1].set_aspect("equal")
    axes[1].set_axis_off()
    axes[1].set_title("neighbours in Q, as they are sent")
    return chart


def draw_lines(
    pairs: Mapping[str, tuple[Float[Tensor, "n 3"], Float[Tensor, "n 3"]]], limits: Any, *, every: int = 16
) -> Chart:
    """Side by side, by name: some of the points that a network makes of a figure, and lines to their targets."""
    chart, axes = plt.subplots(1, len(pairs), figsize=(3.3 * len(pairs), 4.2))
    for ax, (name, (made, targets)) in zip(axes, pairs.items(), strict=True):
        some = made[::every], targets[::every]
        viz.draw_matching(ax, *some, torch.arange(len(some[0])), limits=limits, view=_FRONT)
        ax.set_title(name)
    return chart


def reconstructions(
    result: Result, data: str, *, rows: Sequence[str] = (ATLAS, CHAMFER, OURS), shape: int = 0
) -> viz.Figure:
    """Figs. 2 and 3: one cloud as each row makes it, coloured by the error of each point, rotatable."""
    names = [row for row in rows if (data, row) in result.configurations]
    errors = [result.previews[f"{data}/{row}/errors"][shape].astype(np.float32) for row in names]
    return viz.rotatable(
        [cloud(result, data, row, shape=shape) for row in names],
        values=errors,
        value_label="distance to the place that a point follows",
        value_range=(0.0, float(np.quantile(np.concatenate(errors), 0.98))),
        titles=names,
        columns=min(3, len(names)),
        up=_UP[data],
        view=_VIEW[data],
        alt=f"One of the {data} as {len(names)} rows make it, each point coloured by its error.",
        caption=f"One of the {data} as {len(names)} of the rows make it. Colour: the distance from a point to the "
        "place of the surface that it follows from shape to shape, in the frame of the network.",
    )


def input_clouds(result: Result, data: str, *, row: str = OURS, patches: int) -> viz.Figure:
    """Fig. 4: the input cloud before training and after, coloured by patch."""
    before, after = result.previews[f"{data}/{row}/input"].astype(np.float32)
    patch = np.arange(len(before)) * patches // len(before)
    return viz.clouds(
        [before, after],
        titles=["before", "after"],
        values=[patch.astype(float)] * 2,
        value_label="patch",
        columns=2,
        up=_UP[data],
        view=_VIEW[data],
        alt=f"The input cloud for {data} before and after training, coloured by patch.",
        caption=f"The input cloud for {data}, which begins as one of them, before training and after. Colour: patch.",
    )


def over_training(result: Result, data: str, *, row: str = OURS) -> viz.Frames:
    """A slider: the input cloud, and one cloud that is made of it, after more and more steps."""
    steps = result.previews[f"{data}/{row}/steps"].astype(np.float32)
    limits = steps.reshape(-1, 3)
    pictures = [
        viz.clouds(
            [made, inputs],
            titles=["made", "input cloud"],
            columns=2,
            limits=limits,
            up=_UP[data],
            view=_VIEW[data],
            alt=f"One of the {data} and the input cloud after {step} steps.",
        )
        for (made, inputs), step in zip(steps, result.logged_steps, strict=True)
    ]
    return viz.frames(
        pictures,
        labels=[f"step {step}" for step in result.logged_steps],
        alt=f"One of the {data} and the input cloud, from which it is folded, over training.",
        caption=f"One of the {data} and the input cloud that it is folded from, over training.",
        start=len(pictures) - 1,
    )


def cloud(result: Result, *configuration: str, shape: int = 0) -> np.ndarray:
    """One cloud (n, 3) of the previews, in single precision; "truth" in place of a row for the cloud itself."""
    found: np.ndarray = result.previews["/".join(configuration)][shape].astype(np.float32)
    return found


def readings_table(caption: str) -> viz.Figure:
    """What each reading of the network's sizes weighs, and its ratio without the input cloud; the printed one last."""

    def size_of(sizes: Any, data: str, bias: bool = False, join_again: bool = False) -> int:
        of = published.SIZES[data]
        made = NeuralQAAD(
            1,
            of.patches,
            of.code,
            of.patches,
            trunk=sizes.trunk,
            heads=sizes.heads,
            bias=bias,
            join_again=join_again,
        )
        return made.network_weights

    def stated(network: int, data: str) -> str:
        of = published.SIZES[data]
        return f"{compression_ratio(of.clouds, of.of_ratio, of.code, network, input_cloud=False):,.0f}"

    usual = NEURALQAAD_SIZES["128 three times"]
    readings: list[tuple[Any, dict[str, bool]]] = [(sizes, {}) for sizes in NEURALQAAD_SIZES.values()]
    readings += [(usual, {"bias": True}), (usual, {"join_again": True})]
    rows = []
    for sizes, options in readings:
        small, large = (size_of(sizes, data, **options) for data in ("Skulls", "COMA"))
        layers = "-".join(map(str, (*sizes.trunk, *sizes.heads)))
        label = ", ".join([layers, f"{len(sizes.trunk)} shared", *options])
        ratios = [stated(small, "Skulls"), stated(large, "D-Faust"), stated(large, "COMA")]
        rows.append([label.replace("_", " "), f"{small:,}", f"{large:,}", *ratios])
    printed = [f"{published.SIZES[data].ratio:,}" for data in published.SETS]
    return viz.table(
        [*rows, ["as printed", None, None, *printed]],
        columns=["layers", "weights, K = 16", "weights, K = 128", *published.SETS],
        caption=caption,
    )


def speedup_table(record: Mapping[str, Any], caption: str) -> viz.Figure:
    """How many times as long as NeuralQAAD's patches at once the faster loop over them takes, by the size of a step."""
    cases = [case for case in record["cases"] if case["network"] == speed.OF_PATCH]
    rows: dict[int, list[Any]] = {}
    for case in cases:
        best = min(case["ratios"].values(), key=lambda ratio: ratio["median"])
        rows.setdefault(case["patches"], [case["patches"]]).append(_quartiles(best))
    columns = ["patches", *dict.fromkeys(_step_of(case) for case in cases)]
    return viz.table([*rows.values()], columns=columns, caption=caption, **speed.facts(record))


def swaps_table(record: Mapping[str, Any], caption: str) -> viz.Figure:
    """What swaps add to a training step, by its size."""
    rows = [
        [
            f"{case['name']}: {_step_of(case)} of {case['of']:,}",
            *(case["milliseconds"][name]["median"] for name in ("without", "with swaps")),
            _quartiles(case["more"], "{:+.0f}"),
        ]
        for case in record["steps"]
    ]
    columns = ["a step", "without, ms", "with swaps, ms", "more, %"]
    return viz.table(rows, columns=columns, caption=caption, **speed.facts(record))


def _step_of(case: Mapping[str, Any]) -> str:
    return f"{case.get('clouds', case.get('batch'))} x {case['points']:,} points"


def _quartiles(found: Mapping[str, float], form: str = "{:.1f}") -> str:
    """The median and, in brackets, the quartiles."""
    low, middle, high = (form.format(found[key]) for key in ("lower_quartile", "median", "upper_quartile"))
    return f"{middle} [{low}, {high}]"
