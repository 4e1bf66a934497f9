"""One cloud or several side by side."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from pcl_lib.viz import _as_numpy as arrays
from pcl_lib.viz._colours import BLUE
from pcl_lib.viz._encode import png
from pcl_lib.viz._figure import Figure, alt_of, figure_html, row_html, title_html
from pcl_lib.viz._points import paint, sheet
from pcl_lib.viz._project import Range, Scene, Up, View, scene_of
from pcl_lib.viz._scale import scale_html, shared_values

PAGE_WIDTH = 700  # CSS pixels of a page's column
WIDEST = 420
# Palette sizes: more colours than these cannot be told from them, and each costs bytes.
ONE_HUE, MANY_HUES = 32, 64


def cloud(
    points: Any,
    *,
    alt: str,
    values: Any = None,
    value_label: str | None = None,
    value_range: Range | None = None,
    faint: Any = None,
    limits: Any = None,
    title: str | None = None,
    caption: str | None = None,
    view: View = (20.0, -60.0),
    up: Up = "z",
    colour: str = BLUE,
) -> Figure:
    """Draws one cloud. The arguments are those of `clouds`, for a single one.

    >>> import numpy as np
    >>> cloud(np.eye(3), alt="Three points on the axes")
    Three points on the axes
    """
    return clouds(
        [arrays.as_points(points)],
        alt=alt,
        values=None if values is None else [values],
        value_label=value_label,
        value_range=value_range,
        faint=None if faint is None else [faint],
        limits=limits,
        titles=None if title is None else [title],
        caption=caption,
        view=view,
        up=up,
        colours=colour,
    )


def clouds(
    clouds: Any,
    *,
    alt: str,
    titles: Sequence[str] | None = None,
    values: Sequence[Any] | None = None,
    value_label: str | None = None,
    value_range: Range | None = None,
    faint: Sequence[Any] | None = None,
    limits: Any = None,
    columns: int | None = None,
    view: View = (20.0, -60.0),
    up: Up = "z",
    colours: str | Sequence[str] = BLUE,
    same_scale: bool = True,
    caption: str | None = None,
) -> Figure:
    """Draws clouds side by side, under one camera and at one scale; on a narrow screen they wrap.

    Near points are large and dark, far ones small and pale; the axes have equal scales and no box.

    - `clouds`: a list of (N, D), which may differ in N, or a batch (B, N, D); D is 2 or 3. Tensors on any device,
      arrays or `Cloud`s.
    - `alt`: what the figure shows, for readers who cannot see it. Required.
    - `values`: one array (N,) per cloud that colours its points, with a scale that all share: over `value_range`,
      else from the smallest to the largest value. `value_label` names the number and its unit; required with them.
    - `faint`: one cloud (or None) per cloud, drawn behind it in pale ink, such as the target.
    - `limits`: a cloud or several that camera and limits are taken from; default, all that is drawn.
    - `titles`: one above each cloud. `caption`: below them all.
    - `columns`: how many stand side by side; default all, at most 4. `colours`: one for all, or one per cloud.
    - `view`: elevation and azimuth in degrees; `up`: the axis that points up.
    - `same_scale=False`: each cloud fills its picture. Use it for a gallery, not for a comparison.

    Cost: about 0.1 s and 40 kB of page per cloud of 2,048 points.
    Errors: `ValueError` for shapes that do not fit, NaN, an empty `alt`, values without a label.

    >>> import numpy as np
    >>> figure = clouds(np.zeros((2, 8, 3)), titles=["before", "after"], alt="Two clouds")
    >>> figure.html.count("<img")
    2
    """
    alt = arrays.check_alt(alt)
    shapes = arrays.as_clouds(clouds)
    n = len(shapes)
    for items, name in ((titles, "titles"), (faint, "faint")):
        arrays.check_length(items, n, name)
    behind = [
        None if x is None else arrays.as_points(x, f"faint[{i}]") for i, x in enumerate(faint or [None] * n)
    ]
    numbers: list[np.ndarray] | None = None
    if values is not None:
        numbers, value_range = shared_values(values, shapes, value_label, value_range)
    names = [colours] * n if isinstance(colours, str) else list(colours)
    arrays.check_length(names, n, "colours")
    columns = min(n, 4) if columns is None else columns
    if columns < 1:
        raise ValueError(f"columns must be at least 1, received {columns}")

    scenes = scenes_of(shapes, behind, limits, view=view, up=up, same_scale=same_scale)
    width = min(PAGE_WIDTH / columns, WIDEST)
    # One height for the row: that of the tallest scene, but not much more than a square.
    height = width * min(max((s.high - s.low)[1] / (s.high - s.low)[0] for s in scenes), 1.25)
    cells = []
    for i, scene in enumerate(scenes):
        fig, ax = sheet(width, height)
        own = None if numbers is None else numbers[i]
        paint(ax, scene, shapes[i], behind[i], own, value_range, colour=names[i])
        picture = png(fig, box="all", colours=ONE_HUE if own is None else MANY_HUES)
        tag = picture.tag(alt_of(i, n, titles, alt))
        cells.append((title_html(titles[i]) if titles is not None else "") + tag)
    body = row_html(cells, columns)
    if numbers is not None and value_range is not None and value_label:
        body += scale_html(value_range, value_label)
    return Figure(figure_html(body, caption), alt)


def scenes_of(
    shapes: list[np.ndarray],
    behind: Sequence[np.ndarray | None],
    limits: Any,
    *,
    view: View,
    up: Up,
    same_scale: bool,
) -> list[Scene]:
    """A scene for each cloud: the same for all, or each its own."""
    groups = [[x] if y is None else [x, y] for x, y in zip(shapes, behind, strict=True)]
    held = [x for group in groups for x in group]
    arrays.check_same_dims(held)
    if limits is not None:
        held = arrays.as_one_or_more(limits, "limits")
        arrays.check_same_dims([*held, shapes[0]])
        return [scene_of(held, view=view, up=up)] * len(shapes)
    if same_scale:
        return [scene_of(held, view=view, up=up)] * len(shapes)
    return [scene_of(group, view=view, up=up) for group in groups]
