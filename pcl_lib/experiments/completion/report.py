"""Tables, curves and pictures of a result, live or recorded, beside what the paper reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from pcl_lib import viz
from pcl_lib.experiments.completion.compare import (
    COMPARED,
    ONE_NETWORK,
    QUESTIONS,
    change,
    inside,
    lengths_of,
    network_changes,
    paper_change,
    preview_of,
    refitted,
    same_order,
    signed,
    so,
    values,
)
from pcl_lib.experiments.completion.published import LANDAU_TABLE_2, THREE, WEIGHTED, ByRun
from pcl_lib.experiments.record import Record
from pcl_lib.experiments.runner.result import Result

SHOWN = ("CD", "HyperCD", "Landau CD", "CD sums", "released Landau CD")
HALF = "mean ± half of the 95 % interval"


def facts(record: Record) -> dict[str, Any]:
    """What stands under a table of a record; the rest is in `runs_table`."""
    return {"device": record.device, "date": record.date[:10]}


def runs_table(records: Mapping[str, Record], caption: str) -> viz.Figure:
    """Where the numbers of each record come from: a column for each."""
    rows: dict[str, list[Any]] = {
        "preset": [record.preset for record in records.values()],
        "data": [record.data["name"] for record in records.values()],
        "networks": [", ".join(record.settings["networks"]) for record in records.values()],
        "losses": [len(record.settings["losses"]) for record in records.values()],
        "seeds": [", ".join(map(str, record.seeds)) for record in records.values()],
        "steps of a training": [f"{record.settings['steps']:,}" for record in records.values()],
        "passes over the training data": [round(record.epochs) for record in records.values()],
        "minutes of training in all": [round(record.seconds / 60) for record in records.values()],
        "date": [record.date[:10] for record in records.values()],
        "device": [record.device for record in records.values()],
        "code": [record.commit[:10] for record in records.values()],
    }
    return viz.table(
        [[name, *cells] for name, cells in rows.items()], columns=["", *records], caption=caption
    )


def losses_table(result: Result, caption: str, **facts: Any) -> viz.Figure:
    """Table II: each loss with its CD-L2, and its difference from CD."""
    return viz.table(
        [
            [
                loss,
                LANDAU_TABLE_2.get(loss),
                values(result, ONE_NETWORK, loss, "CD-L2"),
                *against(result, loss, "CD"),
            ]
            for _, loss in result.configurations
        ],
        columns={
            "loss": "",
            "CD-L2 × 1000": "paper",
            "CD-L2 × 1000 ": "ours",
            "against CD, %": "paper",
            "against CD, % ": "ours",
            "same order?": "ours",
        },
        caption=f"{caption} Smaller is better. CD-L2: mean ± standard deviation over the seeds; against CD: {HALF}.",
        **facts,
    )


def hyper_table(result: Result, caption: str, **facts: Any) -> viz.Figure:
    """Each loss and its difference from HyperCD."""
    return viz.table(
        [[loss, *against(result, loss, "HyperCD")] for _, loss in result.configurations if loss != "HyperCD"],
        columns={
            "loss": "",
            "against HyperCD, %": "paper",
            "against HyperCD, % ": "ours",
            "same order?": "ours",
        },
        caption=f"{caption} {HALF.capitalize()}.",
        **facts,
    )


def against(result: Result, loss: str, than: str) -> list[str | None]:
    """The paper's difference, ours, and whether they have the same sign; nothing for a loss against itself."""
    if loss == than:
        return [None] * 3
    theirs = paper_change(loss, than)
    return [
        None if theirs is None else f"{theirs:+z.1f}",
        str(change(result, loss, than)),
        unbroken(same_order(result, loss, than)),
    ]


def unbroken(words: str | None) -> str | None:
    """Words that stay on one line of a narrow column: "cannot tell" would make each row two lines high."""
    return None if words is None else words.replace(" ", "\N{NO-BREAK SPACE}")


def questions_table(result: Result, caption: str, **facts: Any) -> viz.Figure:
    """What the weight, the sum and both do, seed by seed."""
    rows = []
    for question, pair in QUESTIONS.items():
        found = change(result, *pair)
        seeds = ", ".join(map(signed, found.values))
        rows.append([question, " − ".join(pair), seeds, str(found), unbroken(so(found))])
    return viz.table(
        rows,
        columns=["what changes", "difference", "seed by seed, %", "in all, %", "so"],
        caption=caption,
        **facts,
    )


def convergence(result: Result, losses: Sequence[str], caption: str) -> viz.Figure:
    """Fig. 5: the measure of the curves over the steps, for those of the losses that were run."""
    return viz.curves(
        {loss: result.curves[ONE_NETWORK, loss] for loss in losses if (ONE_NETWORK, loss) in result.curves},
        x=np.array(result.logged_steps),
        xlabel="training step",
        ylabel="CD-L1 × 1000 on unseen shapes",
        logy=True,
        alt="CD-L1 on unseen shapes over the steps of training, with a curve and a band for each loss. All fall "
        "steeply at first; the curves of the losses with means lie on each other.",
        caption=caption,
    )


def training_slider(result: Result, caption: str, *, looks: int = 6) -> viz.Frames:
    """A slider over training: the input, what the network makes of it, the truth."""
    few = np.unique(np.linspace(0, len(result.logged_steps) - 1, looks).round().astype(int)).tolist()
    given, truth = preview_of(result, "partial"), preview_of(result, "truth")
    return viz.frames(
        [
            viz.clouds(
                [given, preview_of(result, f"{ONE_NETWORK}/steps", k), truth],
                titles=["input", "completion", "truth"],
                limits=1.2 * truth,
                colours=[viz.PALETTE[-1], viz.PALETTE[0], viz.PALETTE[-1]],
                alt=f"An unseen shape after {result.logged_steps[k]} steps.",
            )
            for k in few
        ],
        labels=[f"step {result.logged_steps[k]:,}" for k in few],
        start=len(few) - 1,
        alt=f"A partial cloud, its completion by {ONE_NETWORK} and the truth. Over the slider a blob takes the shape "
        "of the object, roughly.",
        caption=caption,
    )


def lengths_figure(result: Result, caption: str) -> viz.Figure:
    """Fig. 2a: the share of pairs below each distance, under three losses."""
    with viz.style():
        figure, ax = plt.subplots(figsize=(6, 2.8))
        for loss, colour, dash in zip(
            ("HyperCD", "CD", "Landau CD"), viz.PALETTE, ("-", "--", ":"), strict=False
        ):
            lengths = lengths_of(result, loss)
            ax.plot(lengths, np.linspace(0, 100, len(lengths)), dash, color=colour, label=loss)
        ax.axvspan(0, 0.01, color=viz.PALETTE[-1], alpha=0.15, linewidth=0)
        ax.set(xlabel="distance to the nearest neighbour, both ways", xlim=(0, 0.25))
        ax.set_title("pairs below that distance, %", loc="left")
        ax.legend(loc="lower right")
    return viz.show(
        figure,
        alt="The share of pairs below a distance, under three losses. The three curves lie on each other; a small part "
        "of the pairs is within the paper's interval at the left edge.",
        caption=caption,
    )


def fits_table(result: Result, caption: str, **facts: Any) -> viz.Figure:
    """The families of weights in the order of their fit to our distances, with both results of Table II."""
    return viz.table(
        [
            [
                fit.name,
                f"{fit.error:.1e}",
                LANDAU_TABLE_2[WEIGHTED[fit.name]],
                values(result, ONE_NETWORK, WEIGHTED[fit.name], "CD-L2"),
            ]
            for fit in refitted(result)
        ],
        columns={
            "family": "",
            "error of the best fit": "ours",
            "CD-L2 × 1000": "paper",
            "CD-L2 × 1000 ": "ours",
        },
        caption=caption,
        **facts,
    )


def by_network(record: Record, columns: Mapping[str, ByRun | Sequence[str]], caption: str) -> viz.Figure:
    """A row for each network and loss. A column is the paper's values by run, or metrics of ours to be averaged."""

    def cell(content: ByRun | Sequence[str], network: str, loss: str) -> Any:
        if isinstance(content, dict):
            return content.get((network, loss))
        return list(np.mean([values(record.result, network, loss, metric) for metric in content], axis=0))

    kinds = {header: "paper" if isinstance(content, dict) else "ours" for header, content in columns.items()}
    return viz.table(
        [
            [f"{network}, {loss}", *(cell(content, network, loss) for content in columns.values())]
            for network, loss in record.result.configurations
        ],
        columns={"network, loss": ""} | kinds,
        caption=caption,
        **facts(record),
    )


def changes_table(record: Record, caption: str) -> viz.Figure:
    """The change of CD-L1 on each network: the paper's, ours, and whether the one lies in the other."""
    return viz.table(
        [
            [
                f"{network}: {' − '.join(pair)}",
                None if theirs is None else f"{theirs:+z.1f}",
                str(found),
                unbroken(so(found)),
                inside(theirs, found),
            ]
            for network, pair, theirs, found in network_changes(record)
        ],
        columns={
            "network: difference": "",
            "%": "paper",
            "% ": "ours",
            "so": "ours",
            "paper's inside?": "ours",
        },
        caption=caption,
        **facts(record),
    )


def changes_at_a_glance(record: Record, caption: str) -> viz.Figure:
    """Our changes of CD-L1 alone: a row for each network, a column for each comparison."""
    found = {(network, pair): str(change) for network, pair, _, change in network_changes(record)}
    return viz.table(
        [[network, *(found[network, pair] for pair in COMPARED)] for network in record.settings["networks"]],
        columns=["network", *(" − ".join(pair) for pair in COMPARED)],
        caption=caption,
        **facts(record),
    )


def completions(record: Record, *, scans: bool, k: int, alt: str, caption: str) -> viz.Figure:
    """What each network makes of one input under each loss, a row each; then the input and, for a view, the truth."""
    before = "lidar/" if scans else ""
    truth = None if scans else preview_of(record.result, "truth", k)
    runs = [(network, loss) for network in record.settings["networks"] for loss in THREE]
    clouds = [preview_of(record.result, f"{before}{network}/{loss}", k) for network, loss in runs]
    ends = {"input": preview_of(record.result, f"{before}partial", k)}
    if truth is not None:
        ends["truth"] = truth
    return viz.clouds(
        [*clouds, *ends.values()],
        titles=[*(f"{network}, {loss}" for network, loss in runs), *ends],
        faint=[truth] * (len(clouds) + 1) + [None] * (len(ends) - 1),
        columns=len(THREE),
        colours=[viz.PALETTE[0]] * len(clouds) + [viz.PALETTE[-1]] * len(ends),
        alt=alt,
        caption=caption,
    )
