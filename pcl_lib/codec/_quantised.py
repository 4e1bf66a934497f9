"""Arrays of numbers in fewer bits."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pcl_lib.codec._errors import CodecError

PRECISIONS = ("float32", "float16", "uint8")
RANGES = "ranges"
_LEVELS = 255


def packed(numbers: Mapping[str, np.ndarray], precision: str) -> dict[str, np.ndarray | bytes]:
    """The float32 arrays in this precision; in 8 bits there is one more, (arrays, 2): the ends of their ranges."""
    stored: dict[str, np.ndarray | bytes] = {}
    ranges = []
    for name, values in numbers.items():
        if not np.isfinite(values).all():
            raise ValueError(
                f"{name} of model must be finite, received NaN or infinity; was its training stopped?"
            )
        if precision == "uint8":
            low, high = values.min(initial=np.inf), values.max(initial=-np.inf)
            step = (np.float64(high) - np.float64(low)) / _LEVELS
            stored[name] = np.rint((values - np.float64(low)) / (step if step > 0 else 1)).astype(np.uint8)
            ranges.append((low, high))
            continue
        with np.errstate(over="ignore"):
            stored[name] = values.astype(precision)
        if not np.isfinite(stored[name]).all():
            raise ValueError(
                f"{name} of model must fit {precision}, up to {np.finfo(precision).max:.5g}, received "
                f'{np.abs(values).max():.5g}; take precision="float32"'
            )
    if precision == "uint8":
        stored[RANGES] = np.array(ranges, dtype=np.float32)
    return stored


def unpacked(stored: Mapping[str, np.ndarray | bytes], precision: str) -> dict[str, np.ndarray]:
    """The arrays in float32. Errors: `CodecError` for what `packed` does not write."""
    arrays = {name: values for name, values in stored.items() if isinstance(values, np.ndarray)}
    if len(arrays) < len(stored):
        raise CodecError("damaged: a stream of bytes where numbers should be")
    ranges = arrays.pop(RANGES, None) if precision == "uint8" else None
    if precision == "uint8":
        if ranges is None or ranges.dtype != np.float32 or ranges.shape != (len(arrays), 2):
            raise CodecError("damaged: the ranges of its 8-bit numbers are missing")
        if not np.isfinite(ranges).all():
            raise CodecError("damaged: the ranges of its 8-bit numbers are not finite")
    numbers = {}
    for row, (name, values) in enumerate(arrays.items()):
        if values.dtype != np.dtype(precision):
            raise CodecError(f"damaged: {name!r} holds {values.dtype} and not {precision}")
        if ranges is not None:
            low, high = ranges[row].astype(np.float64)
            values = low + (high - low) / _LEVELS * values
        with np.errstate(over="ignore", invalid="ignore"):
            numbers[name] = values.astype(np.float32)
        if not np.isfinite(numbers[name]).all():
            raise CodecError(f"damaged: {name!r} holds numbers that are not finite")
    return numbers
