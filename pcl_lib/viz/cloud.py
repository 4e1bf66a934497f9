"""One cloud or several side by side."""

import html
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure as MplFigure
from PIL import Image as Pillow

from pcl_lib.viz import arrays
from pcl_lib.viz.colours import BLUE, PALE
from pcl_lib.viz.encode import CSS_PIXELS_PER_INCH, palette_png, png
from pcl_lib.viz.figure import Figure, Image, figure_html
from pcl_lib.viz.points import draw_points, marker_diameter, value_map
from pcl_lib.viz.project import frame_of, project

PAGE_WIDTH = 700  # CSS pixels of a page's column


def cloud(
    points: Any,
    *,
    alt: str,
    title: str | None = None,
    values: Any = None,
    normals: Any = None,
    faint: Any = None,
    **options: Any,
) -> Figure:
    """Draws one cloud; the arguments are those of `clouds`, for a single one.

    >>> import numpy as np
    >>> cloud(np.eye(3), alt="Three points on the axes")
    Three points on the axes
    """
    return clouds(
        [points],
        alt=alt,
        titles=None if title is None else [title],
        values=None if values is None else [values],
        normals=None if normals is None else [normals],
        faint=None if faint is None else [faint],
        **options,
    )


def clouds(
    clouds: Any,
    *,
    alt: str,
    titles: Sequence[str] | None = None,
    values: Sequence | None = None,
    value_label: str | None = None,
    value_range: tuple[float, float] | None = None,
    normals: Sequence | None = None,
    faint: Sequence | None = None,
    columns: int | None = None,
    view: tuple[float, float] = (20.0, -60.0),
    colours: str | Sequence[str] = BLUE,
    same_scale: bool = True,
    caption: str | None = None,
) -> Figure:
    """Draws clouds side by side, under one camera and at one scale, wrapped on a narrow screen."""
    alt = arrays.check_alt(alt)
    shapes = arrays.as_clouds(clouds)
    n = len(shapes)
    for items, name in ((titles, "titles"), (values, "values"), (normals, "normals"), (faint, "faint")):
        arrays.check_length(items, n, name)
    behind = [
        None if faint is None or faint[i] is None else arrays.as_points(faint[i], f"faint[{i}]")
        for i in range(n)
    ]
    numbers = (
        None
        if values is None
        else [arrays.as_values(v, x, f"values[{i}]") for i, (v, x) in enumerate(zip(values, shapes))]
    )
    if numbers is not None and not value_label:
        raise ValueError("values need a value_label: what is the number, in which unit?")
    low, high = value_range or (
        (min(map(np.min, numbers)), max(map(np.max, numbers))) if numbers else (0.0, 1.0)
    )
    columns = min(n, 4) if columns is None else columns
    names = [colours] * n if isinstance(colours, str) else list(colours)
    arrays.check_length(names, n, "colours")

    width = min(PAGE_WIDTH / columns, 460)
    groups = [[x] + ([y] if y is not None else []) for x, y in zip(shapes, behind)]
    shared = frame_of([x for group in groups for x in group])
    cells = []
    frames = [shared if same_scale else frame_of(group) for group in groups]
    seen = [project(x, view, centre=c, radius=r) for x, (c, r) in zip(shapes, frames)]
    seen_behind = [
        None if y is None else project(y, view, centre=c, radius=r) for y, (c, r) in zip(behind, frames)
    ]
    paper = np.concatenate([s.xy for s in [*seen, *(s for s in seen_behind if s is not None)]])
    low_xy, high_xy = paper.min(axis=0), paper.max(axis=0)
    middle, half = (low_xy + high_xy) / 2, np.maximum((high_xy - low_xy) / 2, 0.2) * 1.06
    height = width * half[1] / half[0]
    for i in range(n):
        fig = MplFigure(figsize=(width / CSS_PIXELS_PER_INCH, height / CSS_PIXELS_PER_INCH))
        ax = fig.add_axes((0, 0, 1, 1))
        ax.set(
            xlim=(middle[0] - half[0], middle[0] + half[0]), ylim=(middle[1] - half[1], middle[1] + half[1])
        )
        ax.axis("off")
        if seen_behind[i] is not None:
            draw_points(
                ax,
                seen_behind[i],
                PALE,
                diameter=marker_diameter(len(behind[i]), width, height) * 0.8,
                zorder=1,
            )
        colour: Any = names[i]
        if numbers is not None:
            colour = value_map()((numbers[i] - low) / max(high - low, 1e-12))[:, :3]
        draw_points(
            ax,
            seen[i],
            colour,
            diameter=marker_diameter(len(shapes[i]), width, height),
            haze=0.0 if numbers is not None else 0.62,
        )
        label = titles[i] if titles is not None else f"{i + 1} of {n}"
        tag = png(fig, tight=False).tag(alt if n == 1 else f"{label}: {alt}")
        words = (
            ""
            if titles is None
            else f'<p class="pcl-title" style="margin:0;text-align:center">{html.escape(titles[i])}</p>'
        )
        cells.append(f'<div class="pcl-panel">{words}{tag}</div>')
    body = (
        f'<div class="pcl-row" style="--pcl-columns:{columns};display:grid;gap:.5rem;'
        f'grid-template-columns:repeat({columns},1fr)">{"".join(cells)}</div>'
    )
    if numbers is not None:
        body += colour_bar(float(low), float(high), str(value_label))
    return Figure(figure_html(body, caption), alt)


def colour_bar(low: float, high: float, label: str) -> str:
    """The scale of the values as text and a ramp."""
    ramp = (value_map()(np.linspace(0, 1, 128))[None, :, :3] * 255).astype(np.uint8)
    image = palette_png(Pillow.fromarray(np.repeat(ramp, 4, axis=0)), colours=64)
    image = Image(image.data, image.kind, 160, 10)
    low_text, high_text = html.escape(f"{low:.3g}"), html.escape(f"{high:.3g}")
    tag = image.tag(f"Colour scale of {label}, from {low_text} (pale) to {high_text} (dark)")
    return (
        f'<div class="pcl-scale" style="display:flex;gap:.5rem;align-items:center;justify-content:center">'
        f"<span>{low_text}</span>{tag}<span>{high_text}</span><span>{html.escape(label)}</span></div>"
    )
