"""Tables, curves and pictures of a result, live or recorded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pcl_lib import viz
from pcl_lib.experiments.autoencoder.published import CALOSS_MS
from pcl_lib.experiments.autoencoder.settings import BASELINE, LOSSES
from pcl_lib.experiments.runner.result import Result

UNITS = {"CD": 1e3, "CD lengths": 1e2, "MCD": 1e2, "HD": 1e2, "EMD": 1e2, "EM-kD": 1e2}
TRANSPORT = ("EMD", "Sinkhorn")
ALSO_MEASURES = ("CD", "CD lengths", "EMD")  # losses that are a column of the table too


def quality_table(result: Result, caption: str, **facts: Any) -> viz.Figure:
    """Rows: network and loss. Columns: measures, mean and standard deviation over the seeds."""
    return viz.table(
        [
            [
                ", ".join(configuration),
                *(
                    [scale * v for v in result.values(measure, *configuration).values()]
                    for measure, scale in UNITS.items()
                ),
            ]
            for configuration in result.configurations
        ],
        columns=["network, trained with", *(f"{name} × {scale:.0f}" for name, scale in UNITS.items())],
        caption=caption,
        **facts,
    )


def own_ranks(result: Result) -> dict[tuple[str, str], np.ndarray]:
    """The rank of each loss that is also a measure, under its own measure: by (network, measure), one per seed."""
    ranks = {}
    for network in dict.fromkeys(network for network, _ in result.configurations):
        losses = [loss for of, loss in result.configurations if of == network]
        for measure in ALSO_MEASURES:
            table = np.array([list(result.values(measure, network, loss).values()) for loss in losses])
            ranks[network, measure] = 1 + table.argsort(0).argsort(0)[losses.index(measure)]
    return ranks


def firsts(result: Result) -> tuple[int, int]:
    """How often a loss is first under its own measure, and of how many comparisons (a network, a measure, a seed)."""
    ranks = np.concatenate(list(own_ranks(result).values()))
    return int((ranks == 1).sum()), len(ranks)


def own_table(result: Result, caption: str, **facts: Any) -> viz.Figure:
    """Is each loss best under its own measure? The best loss, the ranks of its own, and a ratio of means."""
    rows = []
    for (network, measure), ranks in own_ranks(result).items():
        means = {loss: mean for (of, loss), (mean, _) in result.table(measure).items() if of == network}
        best = min(means, key=lambda loss: means[loss])
        rows.append([f"{network}, {measure}", best, ", ".join(map(str, ranks)), means[measure] / means[best]])
    return viz.table(
        rows,
        columns=[
            "network, measure",
            "best loss by this measure",
            "rank of its own loss, seed by seed",
            "its own loss / the best",
        ],
        caption=caption,
        **facts,
    )


def by_loss(result: Result, measure: str, network: str = "AE") -> dict[str, np.ndarray]:
    """A measure of one network after training with each loss: one value for each seed."""
    return {
        loss: np.array(list(result.values(measure, network, loss).values()))
        for of, loss in result.configurations
        if of == network
    }


def transport_gain(result: Result, network: str = "AE") -> float:
    """How much lower EMD is after training with transport (EMD, Sinkhorn; mean of both) than with CD, in per cent."""
    emd = by_loss(result, "EMD", network)
    return 100 * (1 - np.mean([emd[loss].mean() for loss in TRANSPORT]) / emd["CD"].mean()).item()


def relative_costs(result: Result, network: str = "AE") -> dict[str, float]:
    """Median over the seeds of the time of a step over that with CD, by loss."""
    return {
        loss: float(np.median(list(result.values("relative_cost", network, loss).values())))
        for of, loss in result.configurations
        if of == network
    }


def cost_table(result: Result, caption: str, **facts: Any) -> viz.Figure:
    """Time of a training step of AE relative to CD, beside that of CALoss's Table 4."""
    return viz.table(
        [
            [
                loss,
                CALOSS_MS.get(loss),
                CALOSS_MS[loss] / CALOSS_MS[BASELINE] if loss in CALOSS_MS else None,
                cost,
            ]
            for loss, cost in relative_costs(result).items()
        ],
        columns={
            "loss": "",
            "ms per batch": "paper",
            "relative to CD": "paper",
            "relative to CD, AE": "ours",
        },
        caption=caption,
        **facts,
    )


def training_curves(result: Result, network: str, note: str) -> viz.Figure:
    """The measure of the curves on unseen shapes over the steps, one curve and band for each loss."""
    of_network = {loss: curve for (of, loss), curve in result.curves.items() if of == network}
    return viz.curves(
        of_network,
        x=np.array(result.logged_steps),
        xlabel="training step",
        ylabel=f"{result.curve_measure} on unseen shapes",
        logy=True,
        alt=f"{result.curve_measure} on unseen shapes over the training of {network}, one curve for each of "
        f"{len(of_network)} losses.",
        caption=f"{network} under {len(of_network)} losses, all seen by one measure. {note}",
    )


def reconstructions(previews: Mapping[str, np.ndarray], network: str) -> viz.Figure:
    """One held-out shape, and what the same network makes of it after training with each loss."""
    losses = [loss for loss in LOSSES if f"{network}/{loss}" in previews]
    truth = previews["truth"][0].astype(np.float32)
    return viz.clouds(
        [truth, *(previews[f"{network}/{loss}"][0].astype(np.float32) for loss in losses)],
        titles=["truth", *losses],
        columns=3,
        view=(50, -60),
        colours=[viz.PALETTE[-1]] + [viz.PALETTE[0]] * len(losses),
        alt=f"An unseen shape, and its reconstruction by {network} trained with each of {len(losses)} losses.",
        caption=f"One unseen shape from {network} after the same training under {len(losses)} losses.",
    )


def training_slider(result: Result, *, looks: int = 4) -> viz.Frames:
    """A slider over training: the same unseen shape from each network, trained with CD."""
    previews, steps = result.previews, result.logged_steps
    networks = list(dict.fromkeys(network for network, _ in result.configurations))
    few = np.unique(np.linspace(0, len(steps) - 1, looks).round().astype(int)).tolist()
    truth = previews["truth"][0].astype(np.float32)
    return viz.frames(
        [
            viz.clouds(
                [previews[f"{network}/steps"][k].astype(np.float32) for network in networks],
                titles=networks,
                faint=[truth] * len(networks),
                limits=truth,
                alt=f"One shape from {' and '.join(networks)} after {steps[k]} steps.",
            )
            for k in few
        ],
        labels=[f"step {steps[k]:,}" for k in few],
        start=len(few) - 1,
        caption=f"One unseen shape (pale) from {' and '.join(networks)}, trained with CD, on the way.",
        alt=f"An unseen shape in pale ink and its reconstruction by {' and '.join(networks)}, trained with CD, over "
        "the steps of training.",
    )
