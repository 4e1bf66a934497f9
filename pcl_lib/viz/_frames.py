"""A slider over pictures that needs no kernel."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as widgets
import matplotlib.figure
import matplotlib.pyplot as plt
from IPython.display import HTML, display
from matplotlib.transforms import Bbox

from pcl_lib.viz import _as_numpy as arrays
from pcl_lib.viz._encode import png
from pcl_lib.viz._figure import Figure, figure_html, scroll_html, words
from pcl_lib.viz._panels import Part, panels, whole
from pcl_lib.viz._style import style

LARGEST = 2_000_000
NARROW = 1.3


class Frames:
    """What `frames` returns: `widget` for the screen and `still`, HTML, for paper, with the caption of both.

    `n_bytes` is what the frames add to the page.
    """

    def __init__(self, widget: widgets.Widget, still: str, text: str, n_bytes: int) -> None:
        self.widget, self.still, self.text, self.n_bytes = widget, still, text, n_bytes

    def __repr__(self) -> str:
        return self.text

    def _ipython_display_(self) -> None:
        # Two outputs, because a page shows only one form of each: the widget, and a picture for paper.
        display(self.widget)
        display(HTML(self.still))


def frames(
    draw: Callable[[int], Any] | Sequence[Any],
    n_frames: int | None = None,
    *,
    labels: Sequence[str],
    alt: str,
    caption: str | None = None,
    start: int = 0,
    interval: int = 500,
) -> Frames:
    """A slider with a Play button over pictures that are drawn now; it works on the page without a kernel.

    - `draw`: a function of the frame's number that gives a matplotlib figure (it is called inside `style()`) or a
      `Figure` of this package; or a list of such.
    - `n_frames`: how many; default, as many as there are labels.
    - `labels`: one per frame, shown with it ("step 12").
    - `alt`: what the whole series shows, for readers who cannot see it. Required.
    - `start`: the frame shown first; paper gets the first, it and the last. `interval`: milliseconds per frame of Play.

    Cost: the bytes of all pictures, at most 2 MB (`LARGEST`); a row of three clouds is about 50 kB.
    Errors: `ValueError` if the pictures pass 2 MB, labels and frames differ in number, or `alt` is empty.

    >>> from matplotlib.figure import Figure as MplFigure
    >>> frames(lambda i: MplFigure(figsize=(1, 1)), labels=["first", "second"], alt="Two empty sheets")
    Two empty sheets
    """
    alt = arrays.check_alt(alt)
    count = (len(labels) if n_frames is None else n_frames) if callable(draw) else len(draw)
    if count == 0:
        raise ValueError("there are no frames; pass at least one")
    arrays.check_length(labels, count, "labels", "frames")
    if not 0 <= start < count:
        raise ValueError(f"start must be from 0 to {count - 1}, received {start}")
    pictures = [drawn(draw, i) for i in range(count)]
    figures = [picture for picture in pictures if isinstance(picture, matplotlib.figure.Figure)]
    box = whole(figures) if figures else None  # for all of them, so that the pictures do not jump
    parts = panels(figures, box) if box else None
    bodies = [
        frame_html(picture, f"{label}. {alt}", label, box, parts)
        for picture, label in zip(pictures, labels, strict=True)
    ]
    n_bytes = sum(len(body.encode("utf-8")) for body in bodies)
    if n_bytes > LARGEST:
        raise ValueError(
            f"{len(bodies)} frames have {n_bytes:,} bytes, more than {LARGEST:,}, too much for a page; "
            "draw fewer, smaller or plainer frames"
        )
    # Paper shows where the series begins, what the screen opens with, and where it leads.
    printed = [bodies[i] for i in sorted({0, start, count - 1})]
    kind = "pcl-print-only pcl-print-row" if all(map(is_narrow, printed)) else "pcl-print-only"
    # The caption stands once, under the widget or under what is printed in its place.
    hidden = f'<div class="{kind}" style="display:none">{"".join(printed)}</div>'
    still = figure_html(hidden, caption, "pcl-slider") if caption else hidden
    return Frames(player(bodies, start, interval), still, alt, n_bytes)


def is_narrow(body: str) -> bool:
    """Whether a frame is one picture that is hardly wider than high: three of them fit beside each other on paper."""
    sizes = re.findall(r'<img [^>]*?width="(\d+)" height="(\d+)"', body)
    return len(sizes) == 1 and int(sizes[0][0]) <= NARROW * int(sizes[0][1])


def player(bodies: list[str], start: int, interval: int) -> widgets.Widget:
    """Play and slider, linked in the browser to a stack of pictures."""
    last = len(bodies) - 1
    play = widgets.Play(min=0, max=last, value=start, interval=interval, show_repeat=False)
    slider = widgets.IntSlider(min=0, max=last, value=start, readout=False)
    stack = widgets.Stack([widgets.HTML(body) for body in bodies], selected_index=start)
    slider.layout = widgets.Layout(flex="1 1 auto", width="auto")
    for link in ((play, "value"), (slider, "value")), ((slider, "value"), (stack, "selected_index")):
        widgets.jslink(*link)
    box = widgets.VBox([widgets.HBox([play, slider]), stack])
    box.add_class("pcl-frames")
    return box


def drawn(draw: Callable[[int], Any] | Sequence[Any], i: int) -> Any:
    """Picture `i`. Pyplot forgets it at once, or it would warn of too many open figures."""
    with style():
        picture = draw(i) if callable(draw) else draw[i]
    if isinstance(picture, matplotlib.figure.Figure):
        plt.close(picture)
    return picture


def frame_html(
    picture: Any, alt: str, label: str, box: Bbox | None = None, parts: list[Part] | None = None
) -> str:
    """One frame and its label."""
    if isinstance(picture, Figure):
        body = picture.html
    elif isinstance(picture, matplotlib.figure.Figure):
        # A frame is seen for half a second: fewer colours and a lower density than a figure that stands.
        image = png(picture, colours=32, density=1.6, box=box or "tight")
        body = figure_html(scroll_html(image, alt, parts))
    else:
        raise ValueError(f"a frame is a matplotlib figure or a Figure, received {type(picture).__name__}")
    above = f'<p class="pcl-label" style="margin:0;text-align:center">{words(label)}</p>'
    return f'<div class="pcl-frame">{above}{body}</div>'
