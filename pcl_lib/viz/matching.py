"""Who is matched with whom: two clouds and a line from each point to its partner."""

from typing import Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure as MplFigure

from pcl_lib.viz import arrays
from pcl_lib.viz.colours import BLUE, INK, VERMILLION
from pcl_lib.viz.encode import png
from pcl_lib.viz.figure import Figure, figure_html
from pcl_lib.viz.points import draw_points
from pcl_lib.viz.project import frame_of, project


def matching(
    x: Any,
    y: Any,
    index: Any,
    *,
    alt: str,
    names: tuple[str, str] = ("x", "y"),
    title: str | None = None,
    view: tuple[float, float] = (20.0, -60.0),
    caption: str | None = None,
) -> Figure:
    """Draws x, y and a line from each x_i to y_index[i].

    A point of y grows with the number of points matched to it, one that nobody chose is an empty ring.
    """
    alt = arrays.check_alt(alt)
    a, b = arrays.as_clouds([x, y], "x, y")
    chosen = arrays.as_array(index)
    if chosen.shape != (len(a),):
        raise ValueError(
            f"index must have one entry per point of x, shape ({len(a)},), received {chosen.shape}"
        )
    if (chosen != np.rint(chosen)).any() or chosen.min() < 0 or chosen.max() >= len(b):
        raise ValueError(
            f"index must hold whole numbers from 0 to {len(b) - 1} (y has {len(b)} points), received {chosen.min():g} to {chosen.max():g}"
        )
    chosen = chosen.astype(np.int64)
    count = np.bincount(chosen, minlength=len(b))
    centre, radius = frame_of([a, b])
    seen_a, seen_b = (project(c, view, centre=centre, radius=radius) for c in (a, b))
    fig = MplFigure(figsize=(5.6, 4.2))
    ax = fig.add_axes((0, 0, 1, 1))
    ax.set_aspect("equal")
    ax.axis("off")
    ax.add_collection(
        LineCollection(
            np.stack([seen_a.xy, seen_b.xy[chosen]], axis=1), colors=INK, alpha=0.45, linewidths=0.9, zorder=1
        )
    )
    draw_points(ax, seen_a, BLUE, diameter=6, zorder=3)
    hit = count > 0
    ax.scatter(*seen_b.xy[~hit].T, s=26, facecolors="white", edgecolors=VERMILLION, linewidths=1.3, zorder=2)
    ax.scatter(
        *seen_b.xy[hit].T,
        s=26 * count[hit],
        facecolors=VERMILLION,
        edgecolors="white",
        linewidths=0.6,
        zorder=2,
    )
    if title:
        ax.set_title(title)
    return Figure(figure_html(png(fig).tag(alt), caption), alt)
