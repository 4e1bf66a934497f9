"""Tables, curves, pictures and sentences of a result, live or recorded, beside what the paper reports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import kendalltau

from pcl_lib import viz
from pcl_lib.experiments.completion.published import (
    LANDAU_TABLE_2,
    LANDAU_TABLE_3,
    THREE,
    WEIGHTED,
    ByRun,
)
from pcl_lib.experiments.record import Record
from pcl_lib.experiments.runner.paired_difference import Difference, paired_difference
from pcl_lib.experiments.runner.result import Result

ONE_NETWORK = "PCN"
SHOWN = ("CD", "HyperCD", "Landau CD", "CD sums", "released Landau CD")
# Losses that are CD up to a constant where the distances of a completion lie.
ALIKE = ("HyperCD", *WEIGHTED.values())
LEVELS = ("simple", "moderate", "hard")


def values(result: Result, network: str, loss: str, metric: str) -> list[float]:
    """A metric of the runs of a network with a loss, in the order of the seeds."""
    return list(result.values(metric, network, loss).values())


def change(
    result: Result, loss: str, than: str, *, network: str = ONE_NETWORK, metric: str | Sequence[str] = "CD-L2"
) -> Difference:
    """Paired differences in per cent of the loss that is compared with; of several metrics, their average."""
    metrics = (metric,) if isinstance(metric, str) else metric
    each = [
        paired_difference(result, name, (network, loss), than=(network, than), relative=True).values
        for name in metrics
    ]
    return Difference(tuple(np.mean(each, axis=0).tolist()))


def paper_change(loss: str, than: str, paper: Mapping[str, float] = LANDAU_TABLE_2) -> float | None:
    """The paper's difference in per cent, or None where it has not both."""
    return 100 * (paper[loss] / paper[than] - 1) if {loss, than} <= paper.keys() else None


def so(found: Difference) -> str:
    """The sign of an interval in a word, for a measure of which less is better."""
    return ("better", "cannot tell", "worse")[found.sign + 1]


def same_order(result: Result, loss: str, than: str) -> str | None:
    """Whether the order of two losses that the paper reports is also ours; None where it reports none."""
    theirs, ours = paper_change(loss, than), change(result, loss, than).sign
    if theirs is None or theirs == 0:
        return None
    return ("yes" if ours * theirs > 0 else "reversed") if ours else "cannot tell"


def losses_table(result: Result, caption: str, **facts: Any) -> viz.Figure:
    """Table II: each loss with its CD-L2, and its differences from CD and from HyperCD."""
    rows = []
    for _, loss in result.configurations:
        row: list[Any] = [loss, LANDAU_TABLE_2.get(loss), values(result, ONE_NETWORK, loss, "CD-L2")]
        for than in ("CD", "HyperCD"):
            if loss == than:
                row += [None] * 3
                continue
            theirs = paper_change(loss, than)
            row += [
                None if theirs is None else f"{theirs:+.1f}",
                str(change(result, loss, than)),
                same_order(result, loss, than),
            ]
        rows.append(row)
    return viz.table(
        rows,
        columns={
            "loss": "",
            "CD-L2 × 1000": "paper",
            "CD-L2 × 1000 ": "ours",
            "against CD, %": "paper",
            "against CD, % ": "ours",
            "same order?": "ours",
            "against HyperCD, %": "paper",
            "against HyperCD, % ": "ours",
            "same order? ": "ours",
        },
        caption=f"{caption} Smaller is better. CD-L2: mean ± standard deviation over seeds; differences: mean ± half "
        "of the 95 % interval.",
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


def orders(result: Result) -> str:
    """How many of the paper's orders survive, by loss that is compared with, in a sentence each."""
    said = []
    for than in ("CD", "HyperCD"):
        answers = {loss: same_order(result, loss, than) for loss in LANDAU_TABLE_2 if loss != than}
        count = {
            word: [loss for loss, answer in answers.items() if answer == word]
            for word in ("yes", "reversed", "cannot tell")
        }
        named = {word: f"{len(of)}" + f" ({', '.join(of)})" * bool(of) for word, of in count.items()}
        said.append(
            f"Against **{than}**, {named['yes']} of the paper's {sum(map(len, count.values()))} orders survive, "
            f"{named['reversed']} are reversed, and {len(count['cannot tell'])} we cannot tell."
        )
    return " ".join(said)


def agreement(result: Result, losses: Sequence[str]) -> str:
    """Kendall's rank correlation of our means with the paper's."""
    ours = [np.mean(values(result, ONE_NETWORK, loss, "CD-L2")) for loss in losses]
    found = kendalltau([LANDAU_TABLE_2[loss] for loss in losses], ours)
    return f"τ = {found.statistic:.2f} (p = {found.pvalue:.2g})"


def resolution(result: Result) -> float:
    """The median half width of the intervals of the losses that are alike, in per cent."""
    return float(np.median([change(result, loss, "CD").half_width for loss in ALIKE]))


def below(result: Result, than: str = "HyperCD") -> float:
    """How often a weighted loss is below another of the same seed in the first half of the looks, in per cent."""
    early = slice(0, len(result.logged_steps) // 2)
    other = result.curves[ONE_NETWORK, than][:, early]
    lower = [result.curves[ONE_NETWORK, loss][:, early] < other for loss in WEIGHTED.values()]
    return 100 * float(np.mean(lower))


def in_layout(record: Record, columns: Mapping[str, ByRun | Sequence[str]], caption: str) -> viz.Figure:
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
        caption=f"Recorded result in the layout of {caption} {record.caption}",
    )


def over_levels(metric: str) -> list[str]:
    """The names of a metric on crops of each difficulty."""
    return [f"{metric} {level}" for level in LEVELS]


def network_changes(record: Record) -> Iterator[tuple[str, str, float | None, Difference]]:
    """For each network, loss and loss that is compared with: the paper's change of CD-L1 and ours."""
    compared = (
        ("HyperCD", "CD"),
        ("Landau CD", "CD"),
        ("Landau CD", "HyperCD"),
        ("CD sums", "CD"),
    )
    for network in record.settings["networks"]:
        paper = {loss: LANDAU_TABLE_3[network, loss] for loss in THREE if (network, loss) in LANDAU_TABLE_3}
        for loss, than in compared:
            found = change(record.result, loss, than, network=network, metric="CD-L1")
            yield network, f"{loss} − {than}", paper_change(loss, than, paper), found


def inside(theirs: float | None, found: Difference) -> bool | None:
    """Whether the paper's change lies in our interval."""
    return None if theirs is None else found.low <= theirs <= found.high


def preview_of(result: Result, name: str, k: int = 0) -> np.ndarray:
    """One cloud (N, 3) of the previews, in single precision."""
    return result.previews[name][k].astype(np.float32)


def completions(record: Record, *, scans: bool, k: int, alt: str, caption: str) -> viz.Figure:
    """The input and, for each network, its completion under each loss; pale, the truth if there is one."""
    before = "lidar/" if scans else ""
    inputs = preview_of(record.result, f"{before}partial", k)
    truth = None if scans else preview_of(record.result, "truth", k)
    clouds, titles = [], []
    for network in record.settings["networks"]:
        clouds += [
            inputs,
            *(preview_of(record.result, f"{before}{network}/{loss}", k) for loss in THREE),
        ]
        titles += ["input", *(f"{network}, {loss}" for loss in THREE)]
    return viz.clouds(
        clouds,
        titles=titles,
        faint=[truth] * len(clouds),
        columns=4,
        colours=[viz.PALETTE[-1 if title == "input" else 0] for title in titles],
        alt=alt,
        caption=f"{caption} {record.caption}",
    )
