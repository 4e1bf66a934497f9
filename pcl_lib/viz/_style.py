"""One matplotlib style for every figure of the book."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from cycler import cycler

from pcl_lib.viz._colours import GRID, INK, PALETTE

RC: dict[Any, Any] = {
    # 580 pixels of a page: a phone shows them at two thirds, and 11 points stay readable.
    "figure.figsize": (5.8, 3.4),
    "figure.dpi": 100,
    "figure.facecolor": "none",
    "figure.constrained_layout.use": True,
    "figure.constrained_layout.h_pad": 0.08,
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlelocation": "center",
    "axes.titlepad": 8,
    "axes.labelsize": 11,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "legend.fontsize": 10,
    "legend.frameon": False,
    "legend.borderpad": 0.7,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.titlecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.linewidth": 0.9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "lines.linewidth": 2.0,
    "lines.markersize": 5,
    "axes.prop_cycle": cycler(color=list(PALETTE)),
    "image.cmap": "viridis",
    # Text as outlines looks the same on every machine; a fixed salt gives the same bytes at every build.
    "svg.fonttype": "path",
    "svg.hashsalt": "pcl_lib",
}


@contextmanager
def style() -> Iterator[None]:
    """The book's matplotlib style, inside the `with` block only.

    Transparent background, dark ink, Okabe-Ito colours, no top and right spine.

    >>> import matplotlib as mpl
    >>> before = mpl.rcParams["font.size"]
    >>> with style():
    ...     print(mpl.rcParams["font.size"])
    11.0
    >>> mpl.rcParams["font.size"] == before
    True
    """
    with mpl.rc_context(RC):
        yield
