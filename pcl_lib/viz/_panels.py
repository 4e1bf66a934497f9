"""Where a picture of several axes can be cut, so that a phone shows them one under the other."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

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
    """The parts of a picture of `box`, in inches, as one reads, what stands above all axes first.

    Several figures are the frames of one series, which are cut alike. None if there is nothing to cut: one column of
    axes, more than four, or something that belongs to more than one of them.
    """
    boxes: list[Bbox] = []
    above: list[Bbox] = []
    for figure in figures:
        if figure.texts or figure.lines or figure.patches or figure.artists or _shared(figure):
            return None
        above += [_inches(figure, legend.get_tightbbox()) for legend in figure.legends]
        axes = [ax for ax in figure.axes if ax.get_visible() and ax.get_label() != "<colorbar>"]
        if len(axes) < len([ax for ax in figure.axes if ax.get_visible()]):
            return None  # a colour bar may belong to all
        boxes += [_inches(figure, ax.get_tightbbox()) for ax in axes]
    columns = _apart([(part.x0, part.x1) for part in boxes])
    rows = _apart([(part.y0, part.y1) for part in boxes])
    if not 2 <= len(columns) <= MOST:
        return None
    top = rows[-1][1]  # of the highest axes
    if any(part.y0 < top - TOUCH for part in above):
        return None
    # A legend alone may be as large as it was drawn; beside it is nothing.
    cut = (min(part.y0 for part in above) + top) / 2 if above else box.y1
    legends = [(min(part.x0 for part in above), max(part.x1 for part in above))] if above else []
    if any(_bare(ax, "x") for figure in figures for ax in figure.axes):
        rows = [(rows[0][0], top)]  # the numbers are under the lowest: a column stays whole
    cells = [
        (left, right, bottom, high)
        for bottom, high in reversed(_between(rows, box.y0, cut))
        for left, right in _between(columns, box.x0, box.x1)
    ]
    return [_part(box, left, right, cut, box.y1) for left, right in legends] + [
        _part(box, *cell) for cell in cells if any(_holds(cell, part) for part in boxes)
    ]


def _apart(spans: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Spans from low to high, those that overlap made one."""
    merged: list[tuple[float, float]] = []
    for low, high in sorted(spans):
        if merged and low < merged[-1][1] - TOUCH:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return merged


def _between(spans: Sequence[tuple[float, float]], low: float, high: float) -> list[tuple[float, float]]:
    """What is from `low` to `high`, cut in the middle between the spans."""
    return list(pairwise([low, *((a[1] + b[0]) / 2 for a, b in pairwise(spans)), high]))


def _holds(cell: tuple[float, float, float, float], part: Bbox) -> bool:
    left, right, bottom, top = cell
    x, y = (part.x0 + part.x1) / 2, (part.y0 + part.y1) / 2
    return bool(left <= x <= right and bottom <= y <= top)


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
    return titled or any(_bare(ax, "y") for ax in figure.axes)


def _bare(ax: Axes, name: Literal["x", "y"]) -> bool:
    """Whether the numbers of this axis stand at another one only."""
    shared, axis, side = {
        "x": (ax.get_shared_x_axes(), ax.xaxis, "labelbottom"),
        "y": (ax.get_shared_y_axes(), ax.yaxis, "labelleft"),
    }[name]
    alone = len(shared.get_siblings(ax)) == 1
    return not alone and not (ax.axison and axis.get_tick_params().get(side, True))


def _inches(figure: matplotlib.figure.Figure, box: Bbox | None) -> Bbox:
    if box is None:
        return Bbox.null()
    return box.transformed(figure.dpi_scale_trans.inverted())
