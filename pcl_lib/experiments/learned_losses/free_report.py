"""Tables and curves of free clouds, live or recorded, beside the paper's tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pcl_lib import viz
from pcl_lib.experiments.learned_losses.free_compare import FREE_TABLES, OURS, curve, over_seeds, over_shapes
from pcl_lib.experiments.learned_losses.free_settings import BASELINE, CLOSED_FORMS, FULL
from pcl_lib.experiments.runner.paired_difference import Difference
from pcl_lib.experiments.runner.result import Result

# The paper shows its tables x 100.
UNITS = {"MCD": 1e2, "HD": 1e2, "CD": 1e2, "EMD": 1e2, "uniformity": 1.0, "thin parts": 1e2}
TINY = 1e-4  # in those units
MEASURES = ("MCD", "HD", "EMD")
INTERVALS = "Differences: mean and 95 % interval, over the seeds and over the shapes."


def losses_table(result: Result, caption: str, **facts: Any) -> viz.Figure:
    """Every loss that is not an ablation: its measures, mean and standard deviation over the seeds, and its cost."""
    rows = [
        [loss, *(_scaled(result, metric, loss) for metric in UNITS), *_cost(result, loss)]
        for loss in (*CLOSED_FORMS, "PCLoss", FULL)
        if (loss,) in result.configurations
    ]
    return viz.table(
        rows,
        columns=[
            "loss",
            *(f"{name} × {scale:.0f}" if scale > 1 else name for name, scale in UNITS.items()),
            "step / step of CD",
        ],
        caption=caption,
        **facts,
    )


def differences_table(
    result: Result, losses: Sequence[str], caption: str, *, than: str = BASELINE, **facts: Any
) -> viz.Figure:
    """MCD, HD and EMD of losses against another, in per cent of it, with both intervals."""
    rows = [
        [
            loss,
            *(
                cell
                for m in MEASURES
                for cell in (_over_seeds(result, m, loss, than), interval(over_shapes(result, m, loss, than)))
            ),
        ]
        for loss in losses
    ]
    columns = [f"{m}, %, over {unit}" for m in MEASURES for unit in ("seeds", "shapes")]
    return viz.table(rows, columns=[f"against {than}", *columns], caption=f"{caption} {INTERVALS}", **facts)


def paper_table(result: Result, name: str, caption: str, **facts: Any) -> viz.Figure:
    """One of the paper's Tables 5 to 8 beside ours: MCD and HD, and the differences from the full loss."""
    printed = FREE_TABLES[name]
    wanted = {*printed, *OURS.get(name, ())}
    rows = []
    for loss in (*(loss for (loss,) in result.configurations if loss in wanted and loss != FULL), FULL):
        theirs = printed.get(loss, (None, None))
        apart = [None if loss == FULL else _over_seeds(result, m, loss, FULL) for m in ("MCD", "HD")]
        rows.append(
            [
                loss,
                *theirs,
                *(_scaled(result, metric, loss) for metric in ("MCD", "HD")),
                *apart,
            ]
        )
    return viz.table(
        rows,
        columns={
            "row": "",
            "MCD × 100": "paper",
            "HD × 100": "paper",
            "MCD × 100 ": "ours",
            "HD × 100 ": "ours",
            "MCD, % from the full loss": "ours",
            "HD, % from the full loss": "ours",
        },
        caption=f"{caption} Differences: mean and 95 % interval over the seeds.",
        **facts,
    )


def curves(result: Result, losses: Sequence[str], metric: str, *, alt: str, caption: str) -> viz.Figure:
    """MCD or EMD over the steps, one curve and band for each loss."""
    return viz.curves(
        {loss: curve(result, loss, metric) for loss in losses},
        x=np.array(result.logged_steps),
        xlabel="step",
        ylabel=metric,
        logy=True,
        alt=alt,
        caption=caption,
    )


def at_rest(result: Result, losses: Sequence[str], *, shapes: int = 3) -> viz.Figure:
    """Fig. 6: where the points of the first shapes come to rest under some losses, a row for each shape."""
    truths = result.previews["truth"][:shapes].astype(np.float32)
    ends = {loss: result.previews[f"{loss}/final"].astype(np.float32) for loss in losses}
    return viz.clouds(
        [cloud for k, truth in enumerate(truths) for cloud in (truth, *(end[k] for end in ends.values()))],
        titles=["truth", *losses] * len(truths),
        columns=len(losses) + 1,
        colours=[viz.PALETTE[-1], *[viz.PALETTE[0]] * len(losses)] * len(truths),
        alt=f"{len(truths)} shapes: the truth, and free points at rest under {len(losses)} losses.",
        caption="Counterpart of the paper's Fig. 6 without a network: where the points come to rest under a CALoss "
        "that was trained before and stands still, and under losses beside it.",
    )


def path(result: Result, loss: str) -> list[np.ndarray]:
    """The first shape from its start on, a cloud (N, 3) for each look, in single precision."""
    begin = result.previews["start"][:1]
    return [*np.concatenate([begin, result.previews[f"{loss}/path"]]).astype(np.float32)]


def interval(found: Difference) -> str:
    """A difference with its interval, as a table sets it.

    >>> interval(Difference((-3.0, -1.0)))
    '-2.0 (-14.7 to +10.7)'
    """
    return f"{found.mean:+z.1f} ({found.low:+z.1f} to {found.high:+z.1f})"


def _over_seeds(result: Result, metric: str, loss: str, than: str) -> str | None:
    """The interval over the seeds; nothing where there is one seed alone."""
    if len(result.values(metric, loss)) == 1:
        return None
    return interval(over_seeds(result, metric, loss, than))


def _scaled(result: Result, metric: str, loss: str) -> list[float] | str:
    """In the unit of the tables, one for each seed, or in words what is zero but for the optimiser's last steps."""
    values = [UNITS[metric] * value for value in result.values(metric, loss).values()]
    return values if max(values) >= TINY else f"< {TINY:.4f}"


def _cost(result: Result, loss: str) -> list[float | None]:
    """The median over the seeds of the time of a step over that of the baseline, where it was taken."""
    costs = [row.relative_cost for row in result.rows if row.configuration == (loss,)]
    return [None if None in costs else float(np.median(np.array(costs, dtype=float)))]
