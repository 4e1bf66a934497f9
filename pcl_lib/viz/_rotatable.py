"""Clouds that the reader can turn, drawn by plotly in the page, with no kernel."""

import base64
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.colors import to_rgb

from pcl_lib.viz import _as_numpy as arrays
from pcl_lib.viz._cloud import PAGE_WIDTH
from pcl_lib.viz._colours import BLUE
from pcl_lib.viz._encode import png
from pcl_lib.viz._figure import Figure, Image, alt_of, attribute, figure_html, row_html, title_html
from pcl_lib.viz._points import paint, sheet
from pcl_lib.viz._project import Number, Range, Scene, Up, View, camera, scene_of, z_up
from pcl_lib.viz._rotatable_script import script
from pcl_lib.viz._scale import scale_html, shared_values

FULL = 32767  # coordinates travel as 16-bit whole numbers: 4.5 digits, a third of the bytes of text
EYE = 1.32  # plotly's distance of the eye, in sides of the cube: at 1/sin(22.5 degrees) radii the ball just fits
WIDEST = 420
HINT = "Drag to turn, or use the arrow keys; + and − change the distance, 0 goes back."


def rotatable(
    points: Any,
    *,
    alt: str,
    values: Any = None,
    value_label: str | None = None,
    value_range: Range | None = None,
    titles: Sequence[str] | None = None,
    columns: int | None = None,
    view: View = (20.0, -60.0),
    up: Up = "z",
    colours: str | Sequence[str] = BLUE,
    caption: str | None = None,
) -> Figure:
    """Shows 3-D clouds that turn under the mouse, a finger or the arrow keys, all in the same direction.

    - `points`: one cloud (N, 3), a list of clouds, or a batch (B, N, 3).
    - `values`: one array (N,) per cloud (or one array for one cloud); `value_label` is required with them.
    - `titles`, `columns` (default all, at most 3), `view`, `up`, `colours`, `caption`: as in `clouds`.
    - `alt`: what the figure shows, for readers who cannot see it. Required.

    A still picture stands where there is no JavaScript, no WebGL or only paper. The built site brings plotly; in a
    live notebook the figure fetches it from plotly's own network.

    Cost: coordinates are 6 bytes per point before base64; three clouds of 2,048 points with their stills are less
    than 150 kB of page.
    Errors: `ValueError` for 2-D clouds, shapes that do not fit, NaN, an empty `alt`, values without a label.

    >>> import numpy as np
    >>> rotatable(np.eye(3), alt="Three points on the axes")
    Three points on the axes
    """
    alt = arrays.check_alt(alt)
    shapes = arrays.as_one_or_more(points, "points")
    n = len(shapes)
    if shapes[0].shape[1] != 3:
        raise ValueError(
            f"rotatable needs clouds of shape (N, 3), received {shapes[0].shape}; use cloud or clouds"
        )
    if values is not None and arrays.is_one_cloud(points) and np.ndim(arrays.as_array(values)) == 1:
        values = [values]
    arrays.check_length(titles, n, "titles")
    numbers: list[np.ndarray] | None = None
    if values is not None:
        numbers, value_range = shared_values(values, shapes, value_label, value_range)
    names = [colours] * n if isinstance(colours, str) else list(colours)
    arrays.check_length(names, n, "colours")

    scene = scene_of(shapes, view=view, up=up)
    columns = min(n, 3) if columns is None else columns
    side = min(PAGE_WIDTH / columns, WIDEST)
    stills, sent = [], []
    for i, shape in enumerate(shapes):
        own = None if numbers is None else numbers[i]
        stills.append(still_of_cloud(scene, shape, own, value_range, names[i], side))
        sent.append(payload(scene, shape, own, value_range, names[i]))
    scale = ""
    if numbers is not None and value_range is not None and value_label:
        scale = scale_html(value_range, value_label)
    return turning(
        stills,
        sent,
        titles=titles,
        columns=columns,
        view=view,
        side=side,
        alt=alt,
        caption=caption,
        below=scale,
    )


def turning(
    stills: Sequence[Image],
    sent: Sequence[dict[str, Any]],
    *,
    titles: Sequence[str] | None,
    columns: int,
    view: View,
    side: Number,
    alt: str,
    caption: str | None,
    below: str = "",
) -> Figure:
    """Pictures that the script makes live: each a still and what it `sent` for it; all turn together."""
    n = len(stills)
    cells = []
    for i, (still, data) in enumerate(zip(stills, sent, strict=True)):
        code = attribute(json.dumps(data, separators=(",", ":")))
        cells.append(
            (title_html(titles[i]) if titles is not None else "")
            + f'<div class="pcl-scene" style="position:relative;aspect-ratio:1;max-width:{side:.0f}px;margin:0 auto" '
            f'data-cloud="{code}">{still.tag(alt_of(i, n, titles, alt), "pcl-still")}</div>'
        )
    eye = dict(zip("xyz", (camera(view)[2] * EYE).round(4).tolist(), strict=True))
    body = row_html(
        cells,
        columns,
        "pcl-plotly",
        f'role="img" aria-label="{attribute(alt)}" data-camera="{attribute(json.dumps({"eye": eye}))}" ',
    )
    body += f'<p class="pcl-hint" style="text-align:center;font-size:.85em;margin:.2rem 0 0">{HINT}</p>'
    return Figure(figure_html(body + below, caption, "pcl-rotatable") + script(), alt)


def payload(
    scene: Scene,
    shape: np.ndarray,
    values: np.ndarray | None,
    value_range: Range | None,
    colour: str,
) -> dict[str, Any]:
    """What the script needs of one cloud: coordinates in the scene's ball as int16, values as bytes 0 to 255."""
    data: dict[str, Any] = {"xyz": coordinates(scene, shape)}
    if values is None or value_range is None:
        return {**data, "colour": [round(float(c), 3) for c in to_rgb(colour)]}
    low, high = value_range
    steps = np.rint(np.clip((values - low) / max(high - low, 1e-12), 0, 1) * 255).astype(np.uint8)
    return {**data, "value": base64.b64encode(steps.tobytes()).decode("ascii")}


def coordinates(scene: Scene, shape: np.ndarray) -> str:
    """Points in the scene's ball as int16, in base64."""
    inside = (z_up(shape, scene.up) - scene.centre) / scene.radius
    return base64.b64encode(np.rint(inside * FULL).astype("<i2").tobytes()).decode("ascii")


def still_of_cloud(
    scene: Scene,
    shape: np.ndarray,
    values: np.ndarray | None,
    value_range: Range | None,
    colour: str,
    side: Number,
) -> Image:
    """The picture that stands until, or instead of, the live one."""
    fig, ax = sheet(side, side, margin=0.05)
    paint(ax, scene, shape, None, values, value_range, colour=colour)
    return png(fig, box="all", colours=24 if values is None else 48, density=1.5)
