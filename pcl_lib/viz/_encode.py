"""A matplotlib figure as few bytes: SVG for lines, a PNG with a small palette for clouds of points."""

import io
import re
from typing import Literal

import matplotlib as mpl
import matplotlib.figure
import numpy as np
from matplotlib.transforms import Bbox
from PIL import Image as Pillow

from pcl_lib.viz._figure import Image
from pcl_lib.viz._style import RC

CSS_PIXELS_PER_INCH = 100
DENSITY = 2.0  # device pixels per CSS pixel: sharp on the screens of phones and laptops
LARGEST_SVG = 1_000_000
MARGIN = 0.04  # inches around a tight bounding box


def svg(fig: matplotlib.figure.Figure) -> Image:
    """The figure as SVG, text as outlines, no date inside: the same figure gives the same bytes.

    >>> from matplotlib.figure import Figure
    >>> svg(Figure(figsize=(2, 1))).kind
    'svg+xml'
    """
    buffer = io.BytesIO()
    with mpl.rc_context({key: RC[key] for key in ("svg.fonttype", "svg.hashsalt")}):
        fig.savefig(
            buffer,
            format="svg",
            transparent=True,
            bbox_inches="tight",
            pad_inches=MARGIN,
            metadata={"Date": None, "Creator": None, "Format": None, "Type": None},
        )
    # A hundredth of a point is finer than any screen.
    data = re.sub(
        rb'(?<= d=")[^"]+', lambda path: re.sub(rb"(\.\d\d)\d+", rb"\1", path[0]), buffer.getvalue()
    )
    if len(data) > LARGEST_SVG:
        raise ValueError(
            f"the SVG has {len(data):,} bytes, more than {LARGEST_SVG:,}: too many points for vectors; "
            "pass vector=False"
        )
    sides = re.findall(rb' (?:width|height)="([\d.]+)pt"', data[:2000])
    width, height = (round(float(side) / 72 * CSS_PIXELS_PER_INCH) for side in sides)
    return Image(data, "svg+xml", width, height)


def png(
    fig: matplotlib.figure.Figure,
    *,
    colours: int = 96,
    density: float = DENSITY,
    box: Bbox | Literal["tight", "all"] = "tight",
) -> Image:
    """The figure as a PNG with at most `colours` colours on a transparent ground.

    `box` is what is kept: "tight" fits it to what is drawn, "all" is the figure, or a box in inches.
    """
    buffer = io.BytesIO()
    fig.savefig(
        buffer,
        format="png",
        dpi=density * CSS_PIXELS_PER_INCH,
        facecolor="white",
        bbox_inches=None if box == "all" else box,
        pad_inches=MARGIN,
    )
    return palette_png(Pillow.open(buffer).convert("RGB"), colours=colours, density=density)


def palette_png(picture: Pillow.Image, *, colours: int = 96, density: float = DENSITY) -> Image:
    """An RGB picture on white paper as a palette PNG on a transparent ground.

    Over white every pixel is exactly the colour c that the quantiser chose: c is stored as the most transparent
    colour that gives c over white, opacity a = 1 - min(c) and colour (c - 1 + a) / a. So there is no pale
    fringe when the page is dark.

    >>> half = palette_png(Pillow.new("RGB", (4, 2), (128, 128, 128)))
    >>> Pillow.open(io.BytesIO(half.data)).convert("RGBA").getpixel((0, 0))
    (0, 0, 0, 127)
    """
    small = picture.quantize(colours, method=Pillow.Quantize.MEDIANCUT, dither=Pillow.Dither.NONE)
    palette = np.array(small.getpalette(), dtype=np.float64).reshape(-1, 3) / 255
    palette[palette.min(axis=1) > 0.985] = 1.0  # the quantiser averages the paper with the palest pixels
    opacity = 1 - palette.min(axis=1)
    colour = (palette - (1 - opacity[:, None])) / np.maximum(opacity[:, None], 1e-9)
    small.putpalette(np.clip(np.rint(colour * 255), 0, 255).astype(np.uint8).tobytes())
    out = io.BytesIO()
    small.save(
        out, format="PNG", optimize=True, transparency=np.rint(opacity * 255).astype(np.uint8).tobytes()
    )
    return Image(out.getvalue(), "png", round(picture.width / density), round(picture.height / density))
