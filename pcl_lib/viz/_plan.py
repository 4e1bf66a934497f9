"""Who sends how much to whom: two clouds and a band from each point to each that it gives to."""

from typing import Any

import matplotlib.axes
import numpy as np
from matplotlib.collections import LineCollection

from pcl_lib.viz import _as_numpy as arrays
from pcl_lib.viz._colours import BLUE, LINE, VERMILLION
from pcl_lib.viz._points import set_paper
from pcl_lib.viz._project import Number, Up, View, scene_of

DISC = 7.0  # area of the heaviest point of x, in squares of the widest band


def draw_plan(
    ax: matplotlib.axes.Axes,
    x: Any,
    y: Any,
    plan: Any,
    *,
    width: Number = 4.0,
    limits: Any = None,
    view: View = (20.0, -60.0),
    up: Up = "z",
) -> None:
    """Draws x, y and, for each share of a transport plan, a band as wide as the mass it carries into matplotlib axes.

    x is blue discs, y squares; the area of a mark is the mass of its point, in one scale for both clouds.

    - `x` (N, D), `y` (M, D): clouds, D is 2 or 3; `plan` (N, M): masses from x_i to y_j, zero or more, such as
      `pcl_lib.distances.transport_plan(x, y).plan`.
    - `width`: of a band that carries all that the heaviest point of x has, in typographic points.
    - `limits`, `view`, `up`: as in `draw_cloud`.

    Errors: `ValueError` for shapes that do not fit, masses that are negative, NaN or infinite, or all zero.

    >>> from matplotlib.figure import Figure
    >>> ax = Figure().add_subplot()
    >>> draw_plan(ax, np.zeros((1, 2)), np.eye(2), [[0.75, 0.25]], width=4)
    >>> [round(float(band), 6) for band in ax.collections[0].get_linewidths()]
    [3.0, 1.0]
    """
    a, b = arrays.as_clouds([x, y], "x, y")
    mass = as_masses(plan, len(a), len(b))
    scene = scene_of([a, b] if limits is None else arrays.as_one_or_more(limits, "limits"), view=view, up=up)
    set_paper(ax, scene)
    from_a, to_b = scene.project(a).xy, scene.project(b).xy
    unit = mass.sum(axis=1).max()
    i, j = mass.nonzero()
    ax.add_collection(
        LineCollection(
            list(np.stack([from_a[i], to_b[j]], axis=1)),
            colors=LINE,
            linewidths=width * mass[i, j] / unit,
            zorder=1,
            clip_on=False,  # marks and bands have a width, which reaches beyond the outermost points
        )
    )
    area = DISC * float(width) ** 2 / unit
    for xy, of_y, colour in ((to_b, True, VERMILLION), (from_a, False, BLUE)):
        ax.scatter(
            xy[:, 0],
            xy[:, 1],
            s=area * mass.sum(axis=0 if of_y else 1),
            marker="s" if of_y else "o",
            facecolors=colour,
            edgecolors="white",
            linewidths=0.7,
            zorder=2 if of_y else 3,
            clip_on=False,
        )


def as_masses(plan: Any, n: int, m: int) -> np.ndarray:
    """A plan as an array (n, m) of masses."""
    mass = arrays.as_array(plan)
    if mass.shape != (n, m):
        raise ValueError(
            f"plan must have a row for each point of x and a column for each of y, shape {(n, m)}, "
            f"received {mass.shape}"
        )
    if not (np.isfinite(mass).all() and (mass >= 0).all() and mass.any()):
        raise ValueError(
            "plan must hold finite masses of zero or more, not all zero, "
            f"received numbers from {mass.min():g} to {mass.max():g}"
        )
    return mass
