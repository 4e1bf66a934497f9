"""Points on paper: drawn back to front, far ones smaller and paler."""

from typing import Any

import matplotlib.axes
import numpy as np
from matplotlib import colormaps
from matplotlib.colors import ListedColormap, to_rgb
from matplotlib.figure import Figure as MplFigure
from matplotlib.figure import SubFigure

from pcl_lib.viz import _as_numpy as arrays
from pcl_lib.viz._colours import BLUE, PALE, VALUE_MAP, VALUE_MAP_START
from pcl_lib.viz._encode import CSS_PIXELS_PER_INCH
from pcl_lib.viz._project import Number, Projected, Range, Scene, Up, View, scene_of


def value_map() -> ListedColormap:
    """The colour map of values: pale is small, dark is large."""
    return ListedColormap(colormaps[VALUE_MAP](np.linspace(VALUE_MAP_START, 1.0, 256)))


def value_colours(values: np.ndarray, value_range: Range) -> np.ndarray:
    """Colours (N, 3); values outside the range take the colour of its end."""
    low, high = value_range
    return value_map()(np.clip((values - low) / max(high - low, 1e-12), 0.0, 1.0))[:, :3]


def ink(colour: str, depth: np.ndarray) -> np.ndarray:
    """Colours (N, 3) from a dark shade (depth 0) through `colour` to a pale tint (depth 1), as haze does.

    >>> ink("#ff0000", np.array([0.0, 0.5, 1.0])).round(2).tolist()
    [[0.45, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 0.68, 0.68]]
    """
    base = np.asarray(to_rgb(colour))
    shade, tint = 0.45 * base, 0.32 * base + 0.68
    d = depth[:, None]
    return np.where(d < 0.5, shade + (base - shade) * 2 * d, base + (tint - base) * (2 * d - 1))


def lighter(rgb: np.ndarray) -> np.ndarray:
    """Colours (N, 3) more than half way to white."""
    return 0.45 * rgb + 0.55


def fitting_diameter(n: int, width: float, height: float, dims: int) -> float:
    """Diameter in CSS pixels at which `n` points fill a picture without clotting."""
    room = np.sqrt(width * height / n)
    return float(np.clip((0.75 if dims == 3 else 0.5) * room, 1.6, 8.0 if dims == 3 else 5.5))


def scatter(
    ax: matplotlib.axes.Axes,
    seen: Projected,
    rgb: np.ndarray,
    *,
    diameter: float,
    rim: np.ndarray,
    zorder: float = 2.0,
) -> None:
    """Draws projected points in the colours `rgb` (N, 3); a thin `rim` (N, 3) keeps neighbours apart."""
    order = np.argsort(-seen.depth, kind="stable")
    in_points = diameter * 72 / CSS_PIXELS_PER_INCH
    flat = not seen.depth.any()
    size = np.ones(len(order)) if flat else 1.3 - 0.6 * seen.depth
    ax.scatter(
        seen.xy[order, 0],
        seen.xy[order, 1],
        s=(in_points * size[order]) ** 2,
        c=rgb[order],
        linewidths=0.08 * in_points,
        edgecolors=list(map(tuple, rim[order])),
        zorder=zorder,
    )


def sheet(width: Number, height: Number, margin: float = 0.0) -> tuple[MplFigure, matplotlib.axes.Axes]:
    """An empty figure of `width` times `height` CSS pixels; the axes leave a margin, a share of each side."""
    fig = MplFigure(figsize=(width / CSS_PIXELS_PER_INCH, height / CSS_PIXELS_PER_INCH))
    fig.set_layout_engine("none")  # whatever the style in force says
    return fig, fig.add_axes((margin, margin, 1 - 2 * margin, 1 - 2 * margin))


def set_paper(ax: matplotlib.axes.Axes, scene: Scene) -> None:
    """No box, equal scales, the scene's limits."""
    ax.set_aspect("equal")
    ax.set_axis_off()
    ax.set(xlim=(scene.low[0], scene.high[0]), ylim=(scene.low[1], scene.high[1]))


def axes_pixels(ax: matplotlib.axes.Axes) -> tuple[float, float]:
    """Width and height of the axes in CSS pixels."""
    box = ax.get_position()
    fig = ax.figure.figure if isinstance(ax.figure, SubFigure) else ax.figure
    width, height = fig.get_size_inches() * CSS_PIXELS_PER_INCH
    return float(box.width * width), float(box.height * height)


def draw_cloud(
    ax: matplotlib.axes.Axes,
    points: Any,
    *,
    values: Any = None,
    value_range: Range | None = None,
    faint: Any = None,
    limits: Any = None,
    view: View = (20.0, -60.0),
    up: Up = "z",
    colour: str = BLUE,
    diameter: Number | None = None,
) -> None:
    """Draws one cloud into matplotlib axes, for figures that `cloud` and `clouds` do not give.

    `points` (N, 2) keeps its coordinates, so circles and arrows can be added in the cloud's own units; (N, 3) is
    seen from `view` = (elevation, azimuth) in degrees. `values` (N,) colour the points over `value_range`;
    `faint` is a second cloud behind in pale ink; `limits` is a cloud (or several) that the camera and the limits
    are taken from, so that pictures of a moving cloud hold still; `up` is the axis that points up;
    `diameter` is that of a point in CSS pixels.

    Errors: `ValueError` for shapes that do not fit, empty clouds, NaN or infinite coordinates.
    """
    cloud = arrays.as_points(points)
    behind = None if faint is None else arrays.as_points(faint, "faint")
    held = (
        [x for x in (cloud, behind) if x is not None]
        if limits is None
        else arrays.as_one_or_more(limits, "limits")
    )
    arrays.check_same_dims([cloud, *([] if behind is None else [behind]), *held])
    numbers = None if values is None else arrays.as_values(values, cloud)
    if numbers is not None and value_range is None:
        value_range = (float(numbers.min()), float(numbers.max()))
    paint(
        ax,
        scene_of(held, view=view, up=up),
        cloud,
        behind,
        numbers,
        value_range,
        colour=colour,
        diameter=diameter,
    )


def paint(
    ax: matplotlib.axes.Axes,
    scene: Scene,
    cloud: np.ndarray,
    behind: np.ndarray | None = None,
    values: np.ndarray | None = None,
    value_range: Range | None = None,
    *,
    colour: str = BLUE,
    diameter: Number | None = None,
) -> None:
    """`draw_cloud` after the checks."""
    set_paper(ax, scene)
    width, height = axes_pixels(ax)
    dims = cloud.shape[1]
    if behind is not None:
        pale = np.tile(to_rgb(PALE), (len(behind), 1))
        small = 0.75 * fitting_diameter(len(behind), width, height, dims)
        scatter(ax, scene.project(behind), pale, rim=lighter(pale), diameter=small, zorder=1.0)
    seen = scene.project(cloud)
    size = fitting_diameter(len(cloud), width, height, dims) if diameter is None else float(diameter)
    if values is None or value_range is None:
        rgb = ink(colour, seen.depth if dims == 3 else np.full(len(cloud), 0.5))
        scatter(ax, seen, rgb, rim=lighter(rgb), diameter=size)
    else:
        rgb = value_colours(values, value_range)
        # The smallest values are pale; a darker rim keeps them on the paper.
        scatter(ax, seen, rgb, rim=0.7 * rgb, diameter=size)
