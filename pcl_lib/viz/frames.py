"""A slider over pictures that needs no kernel."""

import html
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as widgets
import matplotlib.figure
import matplotlib.pyplot as plt
from IPython.display import HTML, display

from pcl_lib.viz import arrays
from pcl_lib.viz.encode import png
from pcl_lib.viz.figure import Figure, figure_html

LARGEST = 2_000_000


class Frames:
    """What `frames` returns: the `widget` for the screen and a `still` for paper, shown together."""

    def __init__(self, widget: widgets.Widget, still: str, alt: str, n_bytes: int) -> None:
        self.widget, self.still, self.alt, self.n_bytes = widget, still, alt, n_bytes

    def __repr__(self) -> str:
        return self.alt

    def _ipython_display_(self) -> None:
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
    interval: int = 700,
) -> Frames:
    """A slider with a Play button over pictures drawn in advance."""
    alt = arrays.check_alt(alt)
    n = len(labels) if n_frames is None else n_frames
    pictures = [draw(i) for i in range(n)] if callable(draw) else list(draw)
    arrays.check_length(labels, len(pictures), "labels", "frames")
    if not pictures:
        raise ValueError("there are no frames; pass at least one")
    bodies = [frame_html(picture, f"{label}: {alt}", label) for picture, label in zip(pictures, labels)]
    n_bytes = sum(len(body) for body in bodies)
    if n_bytes > LARGEST:
        raise ValueError(
            f"{len(bodies)} frames have {n_bytes:,} bytes, more than {LARGEST:,}; draw fewer, smaller or plainer frames"
        )
    slider = widgets.SelectionSlider(
        options=[(label, i) for i, label in enumerate(labels)], index=start, readout=True
    )
    play = widgets.Play(min=0, max=len(bodies) - 1, value=start, interval=interval)
    stack = widgets.Stack([widgets.HTML(body) for body in bodies], selected_index=start)
    widgets.jslink((play, "value"), (slider, "index"))
    widgets.jslink((slider, "index"), (stack, "selected_index"))
    box = widgets.VBox([widgets.HBox([play, slider]), stack])
    box.add_class("pcl-frames")
    still = figure_html(bodies[start], caption, "pcl-print-only").replace(
        'style="', 'style="display:none;', 1
    )
    return Frames(box, still, alt, n_bytes)


def frame_html(picture: Any, alt: str, label: str) -> str:
    """One frame: a matplotlib figure, or anything of this package that has `html`."""
    if isinstance(picture, Figure):
        body = picture.html
    elif isinstance(picture, matplotlib.figure.Figure):
        body = figure_html(png(picture).tag(alt))
        plt.close(picture)
    else:
        raise ValueError(
            f"a frame is a matplotlib figure or a pcl_lib.viz Figure, received {type(picture).__name__}"
        )
    return f'<div class="pcl-frame">{body}<p class="pcl-title">{html.escape(label)}</p></div>'
