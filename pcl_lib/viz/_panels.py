"""Where a picture of several axes can be cut, so that a phone shows them one under the other."""

from collections.abc import Sequence
from itertools import pairwise

import matplotlib.figure
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

from pcl_lib.viz._encode import MARGIN

Part = tuple[float, float, float, float]
"""Left, top, width and height in shares of the picture."""
MOST = 4  # pictures beside each other beyond this are small multiples, which belong side by side
TOUCH = 0.03  # inches that two neighbours may overlap and still be cut apart


def whole(figures: Sequence[matplotlib.figure.Figure]) -> Bbox:
    """A box in inches that holds all that any of the figures draws, and the margin of a saved picture."""
    for figure in figures:
        figure.draw_without_rendering()  # the layout is settled only then
    return Bbox.union([figure.get_tightbbox() for figure in figures]).padded(MARGIN)


def panels(figures: Sequence[matplotlib.figure.Figure], box: Bbox) -> list[Part] | None:
    """The parts of a picture of `box`, in inches, left to right, what stands above all axes first.

    Several figures are the frames of one series, which are cut alike. None if there is nothing to cut: one column of
    axes, more than four, or something that belongs to more than one of them.
    """
    columns: list[list[float]] = []
    top = box.y0  # of the highest axes
    above = []
    for figure in figures:
        if figure.texts or figure.lines or figure.patches or figure.artists or _shared(figure):
            return None
        above += [_inches(figure, legend.get_tightbbox()) for legend in figure.legends]
        axes = [ax for ax in figure.axes if ax.get_visible() and ax.get_label() != "<colorbar>"]
        if len(axes) < len([ax for ax in figure.axes if ax.get_visible()]):
            return None  # a colour bar may belong to all
        boxes = [_inches(figure, ax.get_tightbbox()) for ax in axes]
        top = max([top, *(part.y1 for part in boxes)])
        columns += [[part.x0, part.x1] for part in boxes]
    merged: list[list[float]] = []
    for left, right in sorted(columns):
        if merged and left < merged[-1][1] - TOUCH:
            merged[-1][1] = max(merged[-1][1], right)
        else:
            merged.append([left, right])
    if not 2 <= len(merged) <= MOST or any(part.y0 < top - TOUCH for part in above):
        return None
    edges = [box.x0, *((a[1] + b[0]) / 2 for a, b in pairwise(merged)), box.x1]
    # A legend alone may be as large as it was drawn; beside it is nothing.
    cut = (min(part.y0 for part in above) + top) / 2 if above else box.y1
    legends = [(min(part.x0 for part in above), max(part.x1 for part in above))] if above else []
    return [_part(box, left, right, cut, box.y1) for left, right in legends] + [
        _part(box, left, right, box.y0, cut) for left, right in pairwise(edges)
    ]


def _part(box: Bbox, left: float, right: float, bottom: float, top: float) -> Part:
    return (
        (left - box.x0) / box.width,
        (box.y1 - top) / box.height,
        (right - left) / box.width,
        (top - bottom) / box.height,
    )


def _shared(figure: matplotlib.figure.Figure) -> bool:
    """Whether axes say nothing without their neighbour, whose numbers they share, or have one title for all."""
    titled = any(
        getattr(figure, name, None) is not None for name in ("_suptitle", "_supxlabel", "_supylabel")
    )
    return titled or any(_bare(ax) for ax in figure.axes)


def _bare(ax: Axes) -> bool:
    siblings = len(ax.get_shared_y_axes().get_siblings(ax)) > 1
    return siblings and ax.axison and not ax.yaxis.get_tick_params().get("labelleft", True)


def _inches(figure: matplotlib.figure.Figure, box: Bbox | None) -> Bbox:
    if box is None:
        return Bbox.null()
    return box.transformed(figure.dpi_scale_trans.inverted())
