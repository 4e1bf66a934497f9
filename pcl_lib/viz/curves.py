"""Curves over steps: the mean of several seeds with a band."""

from collections.abc import Mapping
from itertools import cycle
from typing import Any, Literal

import numpy as np
from matplotlib.figure import Figure as MplFigure

from pcl_lib.viz import arrays
from pcl_lib.viz.colours import PALETTE
from pcl_lib.viz.figure import Figure
from pcl_lib.viz.show import show
from pcl_lib.viz.style import style

DASHES = ("-", (0, (5, 2)), (0, (1, 1.3)), (0, (6, 2, 1, 2)), (0, (3, 1)), (0, (8, 2, 1, 2, 1, 2)), "-")
MARKERS = "os^DvPX"


def curves(
    series: Mapping[str, Any],
    *,
    xlabel: str,
    ylabel: str,
    alt: str,
    x: Any = None,
    logx: bool = False,
    logy: bool = False,
    band: Literal["minmax", "std"] = "minmax",
    title: str | None = None,
    caption: str | None = None,
) -> Figure:
    """Draws for each label the mean over seeds and a band; an array is (steps,) or (seeds, steps)."""
    alt = arrays.check_alt(alt)
    if not series:
        raise ValueError("series is empty; pass at least one label with an array (steps,) or (seeds, steps)")
    with style():
        fig = MplFigure()
        ax = fig.add_subplot()
        shared = None if x is None or isinstance(x, Mapping) else arrays.as_array(x)
        for (label, runs), colour, dash in zip(series.items(), cycle(PALETTE), cycle(DASHES)):
            y = np.atleast_2d(arrays.as_array(runs))
            here = arrays.as_array(x[label]) if isinstance(x, Mapping) else shared
            here = np.arange(y.shape[1], dtype=float) if here is None else here
            if y.ndim != 2 or here.shape != (y.shape[1],):
                raise ValueError(
                    f"series[{label!r}] must have shape (steps,) or (seeds, steps), received {arrays.as_array(runs).shape}, with x of shape {here.shape}"
                )
            mean = y.mean(axis=0)
            ax.plot(here, mean, color=colour, linestyle=dash, label=label)
            if len(y) > 1:
                low, high = (
                    (y.min(axis=0), y.max(axis=0))
                    if band == "minmax"
                    else (mean - y.std(axis=0, ddof=1), mean + y.std(axis=0, ddof=1))
                )
                ax.fill_between(here, low, high, color=colour, alpha=0.18, linewidth=0)
        ax.set(
            xlabel=xlabel,
            ylabel=ylabel,
            xscale="log" if logx else "linear",
            yscale="log" if logy else "linear",
        )
        if title:
            ax.set_title(title)
        ax.legend()
        return show(fig, alt=alt, caption=caption)
