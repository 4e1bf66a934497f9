"""Any matplotlib figure, with its text alternative."""

from typing import Any

import matplotlib.figure
import matplotlib.pyplot as plt

from pcl_lib.viz._as_numpy import check_alt
from pcl_lib.viz._encode import png, svg
from pcl_lib.viz._figure import Figure, figure_html, scroll_html, title_html
from pcl_lib.viz._panels import panels, whole


def show(
    fig: Any, *, alt: str, title: str | None = None, caption: str | None = None, vector: bool = True
) -> Figure:
    """Shows a matplotlib figure on the page and closes it.

    `vector=True` gives an SVG (curves, bars, diagrams); `vector=False` a compressed PNG at twice the density
    (clouds, images). On a phone, the axes of two to four columns stand one under the other, row by row, unless they
    share their numbers. `alt` says what the figure shows to a reader who cannot see it; it is also the figure's
    plain-text form. `title` stands above the picture, `caption` below it, as text of the page.

    Errors: `ValueError` if `alt` is empty, if `fig` is no matplotlib figure, or if the SVG passes 1 MB.

    >>> from matplotlib.figure import Figure as MplFigure
    >>> show(MplFigure(figsize=(2, 1)), alt="An empty sheet")
    An empty sheet
    """
    alt = check_alt(alt)
    if not isinstance(fig, matplotlib.figure.Figure):
        raise ValueError(
            f"fig must be a matplotlib Figure, received {type(fig).__name__}; for axes pass ax.figure"
        )
    parts = panels([fig], whole([fig]))
    image = svg(fig) if vector else png(fig)
    plt.close(fig)
    above = "" if title is None else title_html(title)
    return Figure(figure_html(above + scroll_html(image, alt, parts), caption), alt)
