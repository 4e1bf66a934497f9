"""Curves over steps: the mean of several seeds with a band."""

import math
from collections.abc import Mapping
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.figure import Figure as MplFigure
from matplotlib.ticker import MaxNLocator

from pcl_lib.viz import _as_numpy as arrays
from pcl_lib.viz._colours import PALETTE
from pcl_lib.viz._figure import Figure
from pcl_lib.viz._show import show
from pcl_lib.viz._style import style
from pcl_lib.viz._ticks import plain_log_ticks

DASHES = (
    "-",
    (0, (5, 1.6)),
    (0, (1.2, 1.2)),
    (0, (6, 1.5, 1.2, 1.5)),
    (0, (9, 2)),
    (0, (3, 1.2)),
    (0, (6, 1, 1, 1, 1, 1)),
)
MARKERS = "os^DvPX"
FEW_STEPS = 12  # up to here each step gets a marker
MANY_STEPS = 500  # more points than this across a picture cannot be told apart
LEGEND_LINE = 0.23  # inches
LEGEND_LETTERS = 54  # what fits beside each other above the axes
SIZE = (5.0, 3.2)  # inches: on a phone its letters are still more than half as large as those of the text


def curves(
    series: Mapping[str, Any],
    *,
    xlabel: str,
    ylabel: str,
    alt: str,
    x: Any = None,
    logx: bool = False,
    logy: bool = False,
    band: str = "minmax",
    title: str | None = None,
    caption: str | None = None,
) -> Figure:
    """Draws one curve per label: the mean over seeds and a band around it.

    - `series`: label -> array (steps,) or (seeds, steps).
    - `x`: what the steps stand for, (steps,), or one array per label where they differ; default 0, 1, 2, ...
    - `band`: "minmax" from the smallest to the largest seed, "std" one standard deviation (n - 1) to each side.
      The caption says which, and how many seeds.
    - More than 500 steps are thinned to every second, third, ... step, which halves, thirds, ... the bytes.
    - `alt`: what the figure shows, for readers who cannot see it. Required.

    Colours are Okabe and Ito's, and each curve has its own dashes, so it can be told without colour.
    Errors: `ValueError` for shapes that do not fit, non-positive numbers on a logarithmic axis, an empty `alt`.

    >>> curves({"a": [3, 2, 1]}, xlabel="step", ylabel="loss", alt="The loss falls from 3 to 1")
    The loss falls from 3 to 1
    """
    alt = arrays.check_alt(alt)
    if not series:
        raise ValueError("series is empty; pass at least one label with an array (steps,) or (seeds, steps)")
    if band not in ("minmax", "std"):
        raise ValueError(f"band must be 'minmax' or 'std', received {band!r}")
    data = {label: as_curve(label, runs, x) for label, runs in series.items()}
    for label, (steps, runs) in data.items():
        if (logx and (steps <= 0).any()) or (logy and (runs <= 0).any()):
            raise ValueError(
                f"series[{label!r}] has numbers that are not positive; a logarithmic axis cannot show them"
            )
    with style():
        fig = MplFigure(figsize=SIZE)
        ax = fig.add_subplot()
        for (label, (steps, runs)), colour, dash, marker in zip(
            data.items(), cycle(PALETTE), cycle(DASHES), cycle(MARKERS), strict=False
        ):
            mean = runs.mean(axis=0)
            few = len(steps) <= FEW_STEPS
            ax.plot(steps, mean, color=colour, linestyle=dash, label=label, marker=marker if few else None)
            if len(runs) > 1:
                low, high = edges(runs, band)
                ax.fill_between(steps, low, high, color=colour, alpha=0.18, linewidth=0)
        ax.set(
            xlabel=xlabel,
            xscale="log" if logx else "linear",
            yscale="log" if logy else "linear",
        )
        for axis, log in ((ax.xaxis, logx), (ax.yaxis, logy)):
            if log:
                plain_log_ticks(axis)
        # Level and above the axis: nobody tilts their head, and a long label fits.
        ax.set_ylabel(ylabel, rotation=0, ha="left", va="bottom")
        ax.yaxis.set_label_coords(0.0, 1.03)
        if not logx and all((steps == np.rint(steps)).all() for steps, _ in data.values()):
            ax.xaxis.set_major_locator(MaxNLocator(7, integer=True, steps=[1, 2, 5, 10]))
        if len(data) > 1:
            # Above the axes no curve can hide behind the legend.
            fit = max(1, LEGEND_LETTERS // (max(len(label) for label in data) + 6))
            lines = math.ceil(len(data) / fit)
            fig.set_figheight(fig.get_figheight() + LEGEND_LINE * lines)
            fig.legend(loc="outside upper left", ncols=math.ceil(len(data) / lines), handlelength=3.2)
        return show(fig, alt=alt, title=title, caption=with_band_note(caption, data, band))


def as_curve(label: str, runs: Any, x: Any) -> tuple[np.ndarray, np.ndarray]:
    """Steps (S,) and runs (seeds, S) of one label."""
    array = arrays.as_array(runs)
    table = np.atleast_2d(array)
    given = x.get(label) if isinstance(x, Mapping) else x
    steps = np.arange(table.shape[-1], dtype=float) if given is None else arrays.as_array(given)
    if array.ndim not in (1, 2) or array.size == 0 or steps.shape != (table.shape[1],):
        raise ValueError(
            f"series[{label!r}] must have shape (steps,) or (seeds, steps), received {array.shape}"
            + ("" if given is None else f" with x of shape {steps.shape}")
        )
    every = math.ceil(len(steps) / MANY_STEPS)
    return steps[::every], table[:, ::every]


def edges(runs: np.ndarray, band: str) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper edge of the band, (S,) each."""
    if band == "minmax":
        return runs.min(axis=0), runs.max(axis=0)
    mean, std = runs.mean(axis=0), runs.std(axis=0, ddof=1)
    return mean - std, mean + std


def with_band_note(
    caption: str | None, data: Mapping[str, tuple[np.ndarray, np.ndarray]], band: str
) -> str | None:
    """The caption, with a sentence on what line and band are where there are several seeds."""
    counts = sorted({len(runs) for _, runs in data.values() if len(runs) > 1})
    if not counts:
        return caption
    seeds = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    what = "from the smallest to the largest" if band == "minmax" else "one standard deviation to each side"
    note = f"Line: mean of {seeds} seeds; band: {what}."
    return f"{caption} {note}" if caption else note
