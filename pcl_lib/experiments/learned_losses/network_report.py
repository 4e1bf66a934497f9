"""Curves of the small trainings that show why the last stage's points stay together under CALoss."""

from __future__ import annotations

from collections.abc import Mapping

from pcl_lib import viz
from pcl_lib.experiments.learned_losses import last_stage


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
