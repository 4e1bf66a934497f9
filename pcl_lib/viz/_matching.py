"""Who is matched with whom: two clouds and a line from each point to its partner."""

from typing import Any

import matplotlib.axes
import numpy as np
from matplotlib.collections import LineCollection

from pcl_lib.viz import _as_numpy as arrays
from pcl_lib.viz._colours import BLUE, LINE, VERMILLION
from pcl_lib.viz._encode import png
from pcl_lib.viz._figure import Figure, figure_html, words
from pcl_lib.viz._points import ink, lighter, scatter, set_paper, sheet
from pcl_lib.viz._project import Up, View, scene_of

LARGEST_SQUARE = 6  # matches at which a square stops growing


def draw_matching(
    ax: matplotlib.axes.Axes,
    x: Any,
    y: Any,
    index: Any,
    *,
    limits: Any = None,
    view: View = (20.0, -60.0),
    up: Up = "z",
) -> None:
    """Draws x, y and a line from each x_i to y_index[i] into matplotlib axes; see `matching`."""
    a, b = arrays.as_clouds([x, y], "x, y")
    chosen = arrays.as_index(index, len(a), len(b))
    scene = scene_of([a, b] if limits is None else arrays.as_one_or_more(limits, "limits"), view=view, up=up)
    set_paper(ax, scene)
    from_a, to_b = scene.project(a), scene.project(b)
    ax.add_collection(
        LineCollection(
            list(np.stack([from_a.xy, to_b.xy[chosen]], axis=1)), colors=LINE, linewidths=1.0, zorder=1
        )
    )
    count = np.bincount(chosen, minlength=len(b))
    hit = count > 0
    ax.scatter(
        to_b.xy[~hit, 0],
        to_b.xy[~hit, 1],
        s=20,
        marker="s",
        facecolors="white",
        edgecolors=VERMILLION,
        linewidths=1.1,
        zorder=2,
    )
    area = 26 * np.minimum(count[hit], LARGEST_SQUARE)
    ax.scatter(
        to_b.xy[hit, 0],
        to_b.xy[hit, 1],
        s=area,
        marker="s",
        facecolors=VERMILLION,
        edgecolors="white",
        linewidths=0.7,
        zorder=3,
    )
    depth = np.full(len(a), 0.5) if a.shape[1] == 2 else from_a.depth
    rgb = ink(BLUE, depth)
    scatter(ax, from_a, rgb, rim=lighter(rgb), diameter=7.5, zorder=4.0)


def matching(
    x: Any,
    y: Any,
    index: Any,
    *,
    alt: str,
    names: tuple[str, str] = ("x", "y"),
    limits: Any = None,
    view: View = (20.0, -60.0),
    up: Up = "z",
    caption: str | None = None,
) -> Figure:
    """Draws x, y and a line from each x_i to y_index[i].

    x is blue discs, y squares. A square's area is proportional to the number of points matched to it (up to six),
    and a point of y that nobody chose is hollow.

    - `x` (N, D), `y` (M, D): clouds, D is 2 or 3; `index` (N,): whole numbers from 0 to M - 1, such as
      `pcl_lib.neighbors.nearest(x, y).index`.
    - `names`: what x and y are called under the figure. `limits`, `view`, `up`: as in `draw_cloud`.

    Errors: `ValueError` for shapes that do not fit, an index outside y, an empty `alt`.

    >>> import numpy as np
    >>> matching(np.eye(2), np.zeros((1, 2)), [0, 0], alt="Two points matched to one")
    Two points matched to one
    """
    alt = arrays.check_alt(alt)
    a, b = arrays.as_clouds([x, y], "x, y")
    scene = scene_of([a, b] if limits is None else arrays.as_one_or_more(limits, "limits"), view=view, up=up)
    width, height = scene.high - scene.low
    scale = float(min(560 / width, 440 / height))
    fig, ax = sheet(float(width) * scale, float(height) * scale, margin=0.02)
    draw_matching(ax, a, b, index, limits=limits, view=view, up=up)
    key = (
        '<p class="pcl-key" style="margin:.4rem 0 0;text-align:center">'
        f'<span style="color:{BLUE}">●</span> {words(names[0])} &emsp; '
        f'<span style="color:{VERMILLION}">■</span> {words(names[1])}, larger with each match &emsp; '
        f'<span style="color:{VERMILLION}">□</span> never chosen</p>'
    )
    return Figure(figure_html(png(fig, box="all").tag(alt) + key, caption), alt)
