"""The scale of coloured values: a ramp between two numbers, and what they mean."""

import numpy as np
from PIL import Image as Pillow

from pcl_lib.viz.encode import palette_png
from pcl_lib.viz.figure import words
from pcl_lib.viz.points import value_map


def scale_html(value_range: tuple[float, float], label: str) -> str:
    """The ramp is a picture, so that paper and dark mode treat it as they treat the clouds."""
    low, high = (f"{end:.3g}" for end in value_range)
    ramp = np.rint(value_map()(np.linspace(0, 1, 360))[None, :, :3] * 255).astype(np.uint8)
    picture = palette_png(Pillow.fromarray(np.repeat(ramp, 24, axis=0)), colours=96)
    tag = picture.tag(f"Colour scale from pale for {low} to dark for {high}: {label}", "pcl-ramp")
    return (
        '<div class="pcl-scale" style="display:flex;flex-wrap:wrap;gap:.2rem .6rem;align-items:center;'
        f'justify-content:center;margin-top:.4rem"><span>{low}</span><span>{tag}</span><span>{high}</span>'
        f'<span class="pcl-scale-label" style="flex-basis:100%;text-align:center">{words(label)}</span></div>'
    )
