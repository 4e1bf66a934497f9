"""Clouds that the reader can turn, drawn by plotly in the page, with no kernel."""

import base64
import html
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from pcl_lib.viz import arrays
from pcl_lib.viz.colours import BLUE
from pcl_lib.viz.figure import Figure, figure_html
from pcl_lib.viz.project import camera, frame_of
from pcl_lib.viz.rotatable_script import script


def rotatable(
    points: Any,
    *,
    alt: str,
    values: Any = None,
    titles: Sequence[str] | None = None,
    view: tuple[float, float] = (20.0, -60.0),
    caption: str | None = None,
) -> Figure:
    """Shows 3-D clouds that turn under the mouse or a finger."""
    alt = arrays.check_alt(alt)
    single = getattr(points, "points", points)
    shapes = [arrays.as_points(single)] if getattr(single, "ndim", None) == 2 else arrays.as_clouds(points)
    if shapes[0].shape[1] != 3:
        raise ValueError(
            f"rotatable needs clouds of shape (N, 3), received {shapes[0].shape}; use cloud for 2-D"
        )
    arrays.check_length(titles, len(shapes), "titles")
    centre, radius = frame_of(shapes)
    eye = camera(view)[2] * 1.7
    cells = []
    for i, shape in enumerate(shapes):
        whole = np.rint((shape - centre) / radius * 32767).astype("<i2")
        data = {
            "points": [
                base64.b64encode(np.ascontiguousarray(whole[:, d]).tobytes()).decode() for d in range(3)
            ],
            "eye": [round(float(e), 4) for e in eye],
            "size": 2.6,
            "colour": BLUE,
        }
        title = (
            ""
            if titles is None
            else f'<p class="pcl-title" style="margin:0;text-align:center">{html.escape(titles[i])}</p>'
        )
        cells.append(
            f'<div class="pcl-panel">{title}<div class="pcl-scene" style="aspect-ratio:1" data-cloud="{html.escape(json.dumps(data), quote=True)}"></div></div>'
        )
    columns = min(len(shapes), 3)
    body = (
        f'<div class="pcl-plotly pcl-row" role="img" aria-label="{html.escape(alt, quote=True)}" '
        f'style="display:grid;gap:.5rem;grid-template-columns:repeat({columns},1fr)">{"".join(cells)}</div>{script()}'
    )
    return Figure(figure_html(body, caption, "pcl-rotatable"), alt)
