"""Pictures of learned losses: what each family measures, how CALoss is built, whose outputs are alike, and curves of
the small trainings that show why the last stage's points stay together under CALoss."""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from pcl_lib import viz
from pcl_lib.experiments.learned_losses import compare, last_stage
from pcl_lib.experiments.learned_losses.compare import shown
from pcl_lib.experiments.learned_losses.settings import BASELINE
from pcl_lib.experiments.runner.result import Result
from pcl_lib.losses import CALoss, PCLoss
from pcl_lib.models import parameter_count
from pcl_lib.neighbors import farthest_points, knn

POINTS, ANCHORS, CHANNELS = 80, 6, 16  # as many as a drawing can show
VIEW = (15.0, -50.0)
NEARER = ("nearer", "cannot tell", "further")  # by the sign of an interval, plus one


def families(truth: Float[Tensor, "n 3"], made: Float[Tensor, "m 3"], *, seed: int = 0) -> viz.Figure:
    """Fig. 1: what a matching rule, PCLoss and CALoss measure between two clouds, with networks that are not trained.

    The same marks in all panels: squares are of the truth, discs of the output, and lines are what is measured.
    """
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        placing, coding = PCLoss(), CALoss()
        anchors, (of_truth, of_made) = _averages(placing, truth, made)
        features = coding.points(truth[None])
        codes = torch.cat([coding.represent(x[None], coding.delta(features)) for x in (truth, made)])
    codes = codes[:, (codes[0] - codes[1]).abs().topk(CHANNELS).indices]
    codes = codes[:, codes[0].argsort()]
    places = torch.arange(CHANNELS)
    held = torch.cat([truth, made, anchors])
    with viz.style():
        figure, axes = plt.subplots(1, 3, figsize=(8.4, 3.5))
        x, y = (cloud[farthest_points(cloud, POINTS)] for cloud in (made, truth))
        viz.draw_matching(axes[0], x, y, knn(x, y, 1).index[:, 0], limits=held, view=VIEW)
        viz.draw_cloud(
            axes[1], anchors, faint=truth, limits=held, view=VIEW, colour=viz.PALETTE[2], diameter=17
        )
        viz.draw_matching(axes[1], of_made, of_truth, torch.arange(ANCHORS), limits=held, view=VIEW)
        axes[2].vlines(places, *codes, color="0.55", linewidth=1.5, zorder=1)
        for code, mark, colour in zip(codes, "so", viz.PALETTE[1::-1], strict=True):
            axes[2].plot(places, code, mark, color=colour, markersize=7, markeredgecolor="white")
        axes[2].set(xticks=[], yticks=[], xlabel="number of the representation", ylabel="value")
        titles = ("CD: partners", "PCLoss: anchors", "CALoss: representations")
        for ax, title in zip(axes, titles, strict=True):
            ax.set_title(title)
    return viz.show(
        figure,
        vector=False,
        alt="Three panels. Lines join each point of a chair with the nearest one of another; the averages of both "
        "around a few anchors; and the numbers that a network makes of each.",
        caption="After the paper's Fig. 1: what three losses compare, orange squares of a truth with blue discs of an "
        "output; lines are what is measured, hollow squares are nobody's neighbour. Of PCLoss's 128 anchors (green) "
        f"{ANCHORS} are drawn, of CALoss's 128 numbers the {CHANNELS} that differ most. No network is trained yet.",
    )


def _averages(placing: PCLoss, truth: Tensor, made: Tensor) -> tuple[Tensor, list[Tensor]]:
    """A few anchors, among them the one that sees the clouds differ most, and what they average in both clouds."""
    anchors, radius = placing.place_anchors(made[None], truth[None])
    averages = [
        placing.describe(cloud[None], anchors, radius)[0] * placing.anchors / len(cloud) + anchors[0]
        for cloud in (truth, made)
    ]
    first = int((averages[0] - averages[1]).norm(dim=-1).argmax())
    few = farthest_points(anchors[0], ANCHORS, start=first)
    return anchors[0, few], [average[few] for average in averages]


def pipeline(loss: CALoss) -> viz.Figure:
    """Fig. 2: the networks of CALoss and what passes between them, with the number of their weights."""
    if loss.widths is None:
        raise ValueError(f"loss must have a network of widths, received pooling {loss.pooling!r} without")
    boxes = {
        "$S_g$\ntruth": (0, 4),
        "$S_o$\noutput": (1, 4),
        "$S_p$\ntruth + noise": (2, 4),
        f"$f$: 3-64-128\n{parameter_count(loss.points):,} weights": (1, 3),
        f"$h$: 256-128-128-128\n{parameter_count(loss.widths):,} weights": (0.1, 2),
        "adaptive\npooling": (1.5, 2),
        "$C_g, C_o, C_p$\n128 each": (1.5, 1),
        "$L_r$\ntask descends": (0.9, 0),
        "$L_C$\nloss descends": (2, 0),
    }
    arrows = [(0, 3), (1, 3), (2, 3), (3, 4), (3, 5), (4, 5), (5, 6), (6, 7), (6, 8)]
    look = {"boxstyle": "round,pad=0.4", "fc": "white", "ec": viz.PALETTE[0]}
    with viz.style():
        figure, ax = plt.subplots(figsize=(4.6, 4.4))
        ax.set(xlim=(-0.5, 2.5), ylim=(-0.4, 4.4))
        ax.axis("off")
        drawn = [
            ax.text(*place, text, ha="center", va="center", fontsize=9, bbox=look)
            for text, place in boxes.items()
        ]
        figure.draw_without_rendering()  # the boxes get their size
        for one, other in ((drawn[i], drawn[j]) for i, j in arrows):
            style = {"arrowstyle": "->", "shrinkA": 1, "shrinkB": 1, "color": "0.5"}
            style |= {"patchA": one.get_bbox_patch(), "patchB": other.get_bbox_patch()}
            ax.annotate("", other.get_position(), one.get_position(), arrowprops=style)
    return viz.show(
        figure,
        alt="A diagram. Truth, output and perturbed truth go through one network f. The network h makes widths of the "
        "truth's features, the pooling makes one vector of 128 numbers for each cloud, and two losses are made of "
        "these.",
        caption="Counterpart of the paper's Fig. 2, with the shapes and sizes of the released code.",
    )


def likeness_table(result: Result, caption: str, *, network: str = "AE", **facts: Any) -> viz.Figure:
    """How far the outputs of each loss are from those of CD with the same seed, and that over how far apart two seeds
    of CD are, the nearest first."""
    baseline = (network, BASELINE)
    rows = [
        [
            loss,
            (100 * compare.outputs_apart(result, (network, loss), baseline).diagonal()).tolist(),
            shown(found := compare.likeness(result, loss, network=network)),
            NEARER[found.sign + 1],
            found.mean,
        ]
        for loss in compare.losses_of(result, network)
        if loss != BASELINE
    ]
    between = 100 * compare.outputs_apart(result, baseline, baseline)
    usual = between[~np.eye(len(between), dtype=bool)].mean()
    return viz.table(
        [
            [f"{BASELINE}, another seed", float(usual), None, None],
            *(row[:-1] for row in sorted(rows, key=itemgetter(-1))),
        ],
        columns={
            "loss": "",
            f"from {BASELINE} × 100": "ours",
            "against another seed": "ours",
            "so": "ours",
        },
        caption=caption,
        **facts,
    )


def scale_curves(traced: last_stage.Traced) -> viz.Figure:
    """The gradients of both stages over the steps."""
    ratio = last_stage.at_the_end(traced.last / traced.early)
    return viz.curves(
        {"CD of the coarse stage": traced.early, "CALoss of the last stage": traced.last},
        logy=True,
        xlabel="training step",
        ylabel="norm of the gradient",
        alt="Two curves over the steps of training: the gradient of CALoss, and that of the coarse stage's distance.",
        caption=f"Gradients in the weights of a small PCN. At the end that of CALoss is {ratio:.0f} times the other.",
    )


def spread_curves(traced: Mapping[str, last_stage.Traced]) -> viz.Figure:
    """The spread of the points of one coarse point over the steps of some trainings."""
    ends = "; ".join(f"{name}: {last_stage.at_the_end(of.spread):.3f}" for name, of in traced.items())
    return viz.curves(
        {name: of.spread for name, of in traced.items()},
        logy=True,
        xlabel="training step",
        ylabel="spread of a group",
        alt=f"{len(traced)} curves over the steps of training; at the end they are at {ends}.",
        caption=f"Spread of the sixteen points of a coarse point in the small PCN. At the end, {ends}.",
    )
