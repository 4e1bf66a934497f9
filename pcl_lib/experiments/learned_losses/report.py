"""Tables, curves and pictures of the trained networks, live or recorded, beside what the paper reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pcl_lib import viz
from pcl_lib.experiments.learned_losses import compare
from pcl_lib.experiments.learned_losses.codes_settings import UNTRAINED
from pcl_lib.experiments.learned_losses.compare import shown
from pcl_lib.experiments.learned_losses.published import (
    SETS,
    TABLE_1,
    TABLE_2,
    TABLE_3,
    TABLE_4,
    Count,
    Errors,
    against_cd_of_table_2,
    against_none_of_table_3,
    best_of_table_1,
)
from pcl_lib.experiments.learned_losses.settings import BASELINE
from pcl_lib.experiments.record import Record
from pcl_lib.experiments.runner.result import Result

UNITS = {"MCD": 1e2, "HD": 1e2, "CD lengths": 1e2, "CD": 1e3, "EMD": 1e2, "uniformity": 1e2}
SHORT = {"ShapeNet": "SP", "ModelNet40": "MN40"}
WORDS = ("lower", "cannot tell", "higher")  # by the sign of an interval, plus one


def facts(record: Record) -> dict[str, Any]:
    """What stands under a table of a record."""
    return {"device": record.device, "date": record.date[:10]}


def counts_table(caption: str) -> viz.Figure:
    """What the paper says of its Tables 1 to 3, counted in them."""
    counted: dict[str, Count] = {
        "Table 1: lowest of all losses": best_of_table_1(),
        "Table 2: accuracy above CD": against_cd_of_table_2(),
        "Table 3: below the loss it replaces": against_none_of_table_3(),
    }
    return viz.table(
        [[name, *found] for name, found in counted.items()],
        columns={"comparison": "", "better": "paper", "equal": "paper", "not better": "paper"},
        caption=caption,
    )


def quality_table(
    result: Result,
    caption: str,
    *,
    network: str = "AE",
    sets: Sequence[str] = SETS,
    measures: Sequence[str] = tuple(UNITS),
    **facts: Any,
) -> viz.Figure:
    """Table 1: the paper's MCD and HD on its sets, and our metrics, mean and deviation over the seeds."""
    rows = []
    for loss in compare.losses_of(result, network):
        paper = [TABLE_1.get(loss, {}).get((data, network)) for data in sets]
        rows.append(
            [
                loss,
                *(cell for errors in paper for cell in (errors or (None, None))),
                *((UNITS[name] * compare.values(result, name, loss, network)).tolist() for name in measures),
            ]
        )
    paper_columns = {f"{name}, {SHORT[data]}": "paper" for data in sets for name in ("MCD", "HD")}
    ours = {f"{name} × {UNITS[name]:.0f}": "ours" for name in measures}
    return viz.table(rows, columns={"loss": "", **paper_columns, **ours}, caption=caption, **facts)


def difference_table(
    result: Result,
    caption: str,
    *,
    pairs: Sequence[tuple[str, str]] = (("CALoss", "CD lengths"), ("CALoss", "CD"), ("CALoss", "PCLoss")),
    measures: Sequence[str] = ("MCD", "HD"),
    network: str = "AE",
    **facts: Any,
) -> viz.Figure:
    """Paired differences in per cent with their intervals, beside the paper's."""
    known = compare.losses_of(result, network)
    rows = []
    for loss, than in pairs:
        if loss not in known or than not in known:
            continue
        for metric in measures:
            found = compare.change(result, metric, loss, than, network=network)
            rows.append(
                [
                    f"{loss} against {than}, {metric}",
                    *(paper_change(metric, loss, than, data, network) for data in ("ShapeNet", "ModelNet40")),
                    shown(found),
                    WORDS[found.sign + 1],
                ]
            )
    return viz.table(
        rows,
        columns={
            "comparison": "",
            "SP, %": "paper",
            "MN40, %": "paper",
            "95 % interval": "ours",
            "so": "ours",
        },
        caption=caption,
        **facts,
    )


def paper_change(metric: str, loss: str, than: str, data: str, network: str = "AE") -> float | None:
    """The paper's difference of MCD or HD in per cent, None where it has not both. "CD" is its one row of CD.

    >>> round(paper_change("MCD", "CALoss", "CD", "ShapeNet"))
    -34
    """
    cells = [
        TABLE_1.get(BASELINE if name == "CD" else name, {}).get((data, network)) for name in (loss, than)
    ]
    if metric not in ("MCD", "HD") or cells[0] is None or cells[1] is None:
        return None
    one, other = (getattr(cell, metric.lower()) for cell in cells)
    return 100 * (one / other - 1)


def training_curves(
    result: Result,
    note: str,
    *,
    over: str = "steps",
    losses: Sequence[str] | None = None,
    network: str = "AE",
) -> viz.Figure:
    """Fig. 5: the measure of the curves on unseen shapes, over "steps" or "seconds", a band for each of the losses, or
    of a choice of them.

    The axis is logarithmic, so that the beginning shows.
    """
    if over not in ("steps", "seconds"):
        raise ValueError(f'over must be "steps" or "seconds", received {over!r}')
    losses = compare.losses_of(result, network) if losses is None else losses
    steps = np.array(result.logged_steps)
    x: Any = steps
    if over == "seconds":
        x = {loss: steps * compare.seconds_per_step(result, loss, network) for loss in losses}
    return viz.curves(
        {loss: result.curves[network, loss] for loss in losses},
        x=x,
        xlabel="training step" if over == "steps" else "seconds of training",
        ylabel=f"{result.curve_measure} on unseen shapes",
        logx=True,
        logy=True,
        alt=f"{result.curve_measure} on unseen shapes over the {over} of training of {network}, one curve for each of "
        f"{len(losses)} losses.",
        caption=f"{network} under {len(losses)} losses over {over}. {note}",
    )


def reconstructions(result: Result, *, shape: int = 0, network: str = "AE") -> viz.Figure:
    """Fig. 3: one held-out shape, and what the same network makes of it after training with each loss."""
    losses = compare.losses_of(result, network)
    truth = cloud(result, "truth", shape)
    return viz.clouds(
        [truth, *(cloud(result, f"{network}/{loss}", shape) for loss in losses)],
        titles=["truth", *losses],
        columns=2 if len(losses) == 3 else 3,
        view=(50, -60),
        colours=[viz.PALETTE[-1]] + [viz.PALETTE[0]] * len(losses),
        alt=f"An unseen shape, and its reconstruction by {network} trained with each of {len(losses)} losses.",
        caption=f"One unseen shape from {network} after the same training under {len(losses)} losses.",
    )


def training_slider(
    result: Result, losses: Sequence[str], *, looks: int = 5, network: str = "AE"
) -> viz.Frames:
    """A slider over training: the same unseen shape under some losses."""
    steps, truth = result.logged_steps, cloud(result, "truth", 0)
    few = np.unique(np.linspace(0, len(steps) - 1, looks).round().astype(int)).tolist()
    return viz.frames(
        [
            viz.clouds(
                [cloud(result, f"{network}/{loss}/steps", k) for loss in losses],
                titles=list(losses),
                faint=[truth] * len(losses),
                limits=truth,
                alt=f"One shape from {network} after {steps[k]} steps under {len(losses)} losses.",
            )
            for k in few
        ],
        labels=[f"step {steps[k]:,}" for k in few],
        start=len(few) - 1,
        caption=f"One unseen shape (pale) from {network} under {len(losses)} losses, on the way.",
        alt=f"An unseen shape in pale ink and its reconstruction by {network} over the steps of training.",
    )


def cloud(result: Result, name: str, k: int) -> np.ndarray:
    """One cloud (N, D) of the previews, in single precision."""
    return result.previews[name][k].astype(np.float32)


def cost_table(result: Result, caption: str, *, network: str = "AE", **facts: Any) -> viz.Figure:
    """Table 4: the time of a training step relative to CD, beside the paper's."""
    paper = compare.ratios(TABLE_4)
    rows = [
        [loss, TABLE_4.get(loss), paper.get(loss), cost]
        for loss, cost in compare.relative_costs(result, network).items()
    ]
    columns = {"loss": "", "ms": "paper", "relative to CD": "paper", "relative to CD lengths": "ours"}
    return viz.table(rows, columns=columns, caption=caption, **facts)


def rates_table(result: Result, caption: str, **facts: Any) -> viz.Figure:
    """The search for rates: MCD x100 on shapes held back from the training split; the lowest was taken."""
    table = result.table("MCD")
    rates = list(dict.fromkeys(rate for *_, rate in table))
    rows = [
        [f"{network}, {loss}", *(100 * table[network, loss, rate][0] for rate in rates), f"{rate_taken:g}"]
        for (network, loss), rate_taken in compare.chosen_rates(result).items()
    ]
    columns = ["network, loss", *(f"rate {rate}" for rate in rates), "taken"]
    return viz.table(rows, columns=columns, caption=caption, **facts)


def codes_table(result: Result, caption: str, **facts: Any) -> viz.Figure:
    """Table 2: accuracy in per cent, its difference from CD, and what a C chosen on the test part would have added."""
    rows = []
    for network, loss in result.configurations:
        accuracy = 100 * compare.values(result, "accuracy", loss, network)
        best = 100 * compare.values(result, "accuracy at the best C", loss, network)
        difference = (
            None
            if loss == BASELINE
            else str(compare.points_of_accuracy(result, loss, BASELINE, network=network))
        )
        paper = TABLE_2.get((network, "MN10"), {}).get("CD" if loss == BASELINE else loss)
        name = f"{network}, not trained" if loss == UNTRAINED else f"{network}, {loss}"
        rows.append([name, paper, accuracy.tolist(), difference, float((best - accuracy).mean())])
    columns = {
        "network, loss": "",
        "accuracy, MN10": "paper",
        "accuracy": "ours",
        "points above CD": "ours",
        "added by the best C of the test": "ours",
    }
    return viz.table(rows, columns=columns, caption=caption, **facts)


def completion_table(result: Result, caption: str, **facts: Any) -> viz.Figure:
    """Table 3: MCD and HD x100 with CD and with CALoss on the last stage, and the paired difference."""
    rows = []
    for network in dict.fromkeys(network for network, _ in result.configurations):
        for metric in ("MCD", "HD"):
            paper = _paper_completion(network, metric)
            ours = [
                (100 * compare.values(result, metric, loss, network)).tolist()
                for loss in (BASELINE, compare.OURS)
            ]
            rows.append(
                [
                    f"{network}, {metric}",
                    *paper,
                    *ours,
                    shown(compare.change(result, metric, network=network)),
                ]
            )
    columns = {
        "network, × 100": "",
        "without": "paper",
        "with CALoss": "paper",
        "CD lengths": "ours",
        "CALoss": "ours",
        "difference": "ours",
    }
    return viz.table(rows, columns=columns, caption=caption, **facts)


def completions(result: Result, *, shape: int = 0) -> viz.Figure:
    """One held-out view, its truth, and what each network makes of it with CD and with CALoss on the last stage."""
    made = ["/".join(of) for of in result.configurations]
    seen, truth, *others = (cloud(result, name, shape) for name in ("partial", "truth", *made))
    return viz.clouds(
        [seen, truth, *others],
        titles=["seen", "truth", *(name.replace("/", ", ") for name in made)],
        columns=2,
        view=(50, -60),
        limits=truth,
        colours=[viz.PALETTE[-1]] * 2 + [viz.PALETTE[0]] * len(made),
        alt=f"A partial view of an unseen shape, the whole shape, and {len(made)} completions of it.",
        caption="Counterpart of the paper's Table 3 in a picture: one unseen shape, completed by networks whose last "
        "stage was trained with CD of lengths and with CALoss.",
    )


def _paper_completion(network: str, metric: str) -> tuple[float | None, float | None]:
    pair: Mapping[str, tuple[Errors, Errors]] = TABLE_3
    if network not in pair:
        return None, None
    without, with_it = (getattr(errors, metric.lower()) for errors in pair[network])
    return without, with_it
