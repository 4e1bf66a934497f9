"""The scale of coloured values: a ramp between two numbers, and what they mean."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image as Pillow

from pcl_lib.viz import _as_numpy as arrays
from pcl_lib.viz._encode import palette_png
from pcl_lib.viz._figure import words
from pcl_lib.viz._points import value_map
from pcl_lib.viz._project import Range


def shared_values(
    values: Sequence[Any], shapes: list[np.ndarray], label: str | None, value_range: Range | None
) -> tuple[list[np.ndarray], Range]:
    """The values of all clouds, checked, and the one range that they share."""
    arrays.check_length(values, len(shapes), "values")
    numbers = [
        arrays.as_values(v, shape, f"values[{i}]")
        for i, (v, shape) in enumerate(zip(values, shapes, strict=True))
    ]
    if not label or not label.strip():
        raise ValueError("values need a value_label: which number is it, in which unit?")
    if value_range is None:
        return numbers, (float(min(v.min() for v in numbers)), float(max(v.max() for v in numbers)))
    if not value_range[0] < value_range[1]:
        raise ValueError(f"value_range must go from low to high, received {value_range}")
    return numbers, value_range


def scale_html(value_range: Range, label: str) -> str:
    """The ramp is a picture, so that paper and dark mode treat it as they treat the clouds."""
    low, high = (words(f"{end:.3g}") for end in value_range)
    ramp = np.rint(value_map()(np.linspace(0, 1, 360))[None, :, :3] * 255).astype(np.uint8)
    picture = palette_png(Pillow.fromarray(np.repeat(ramp, 24, axis=0)), colours=96)
    tag = picture.tag(f"Colour scale from pale for {low} to dark for {high}: {label}", "pcl-ramp")
    return (
        '<div class="pcl-scale" style="display:flex;flex-wrap:wrap;gap:.2rem .6rem;align-items:center;'
        f'justify-content:center;margin-top:.4rem"><span>{low}</span><span>{tag}</span><span>{high}</span>'
        f'<span class="pcl-scale-label" style="flex-basis:100%;text-align:center">{words(label)}</span></div>'
    )
