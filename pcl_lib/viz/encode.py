"""A matplotlib figure as few bytes: SVG for lines, a PNG with a small palette for clouds of points."""

import io
import re

import matplotlib as mpl
import matplotlib.figure
import numpy as np
from PIL import Image as Pillow

from pcl_lib.viz.figure import Image
from pcl_lib.viz.style import RC

CSS_PIXELS_PER_INCH = 100
DENSITY = 2  # device pixels per CSS pixel: sharp on the screens of phones and laptops
LARGEST_SVG = 1_000_000


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
            pad_inches=0.04,
            metadata={"Date": None, "Creator": None, "Format": None, "Type": None},
        )
    data = buffer.getvalue()
    if len(data) > LARGEST_SVG:
        raise ValueError(
            f"the SVG has {len(data):,} bytes, more than {LARGEST_SVG:,}: too many points or lines for vectors; "
            "pass vector=False"
        )
    size = (
        re.search(rb'<svg [^>]*?width="([\d.]+)pt"', data),
        re.search(rb'<svg [^>]*?height="([\d.]+)pt"', data),
    )
    width, height = (round(float(match[1]) / 72 * CSS_PIXELS_PER_INCH) for match in size if match)
    return Image(data, "svg+xml", width, height)


def png(fig: matplotlib.figure.Figure, *, colours: int = 128, tight: bool = True) -> Image:
    """The figure as a PNG with at most `colours` colours on a transparent ground.

    Formula: over white paper every pixel is exactly the palette colour c that the quantiser chose; each c is
    stored as the most transparent colour which gives c over white, alpha = 1 - min(c), (c - 1 + alpha) / alpha.
    So there is no pale fringe when the page is dark.
    """
    buffer = io.BytesIO()
    fig.savefig(
        buffer,
        format="png",
        dpi=DENSITY * CSS_PIXELS_PER_INCH,
        facecolor="white",
        bbox_inches="tight" if tight else None,
        pad_inches=0.04,
    )
    picture = Pillow.open(buffer).convert("RGB")
    return palette_png(picture, colours=colours)


def palette_png(picture: Pillow.Image, *, colours: int = 128) -> Image:
    """An RGB picture on white as a transparent palette PNG; see `png`."""
    small = picture.quantize(colours, method=Pillow.Quantize.MEDIANCUT, dither=Pillow.Dither.NONE)
    palette = np.array(small.getpalette(), dtype=np.float64).reshape(-1, 3) / 255
    # The quantiser's nearest-to-white entry is the paper itself.
    palette[palette.min(axis=1) > 0.985] = 1.0
    alpha = 1 - palette.min(axis=1)
    colour = (palette - (1 - alpha[:, None])) / np.maximum(alpha[:, None], 1e-9)
    small.putpalette(np.clip(np.rint(colour * 255), 0, 255).astype(np.uint8).tobytes())
    out = io.BytesIO()
    small.save(out, format="PNG", optimize=True, transparency=np.rint(alpha * 255).astype(np.uint8).tobytes())
    return Image(out.getvalue(), "png", round(picture.width / DENSITY), round(picture.height / DENSITY))
