"""What a caller hands over (tensor on any device, array, Cloud) as a plain array, checked at the door."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch


def as_array(x: Any) -> np.ndarray:
    """`x` as a float64 array on the host: gradients, device and half precision are dropped."""
    if isinstance(x, torch.Tensor):
        x = x.detach().to("cpu", torch.float64)
    try:
        return np.asarray(x, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"expected a tensor or an array of numbers, received {type(x).__name__}") from error


def as_points(points: Any, name: str = "points") -> np.ndarray:
    """One cloud as an array (N, 2) or (N, 3); a `Cloud` gives its `points`."""
    array = as_array(getattr(points, "points", points))
    if array.ndim == 3 and array.shape[0] == 1:
        raise ValueError(f"{name} is a batch of one, shape {array.shape}; pass {name}[0]")
    if array.ndim != 2 or array.shape[1] not in (2, 3):
        raise ValueError(f"{name} must have shape (N, 2) or (N, 3), received {array.shape}")
    if len(array) == 0:
        raise ValueError(f"{name} is empty, shape {array.shape}; there is nothing to draw")
    if not np.isfinite(array).all():
        bad = int((~np.isfinite(array).all(axis=1)).sum())
        raise ValueError(f"{name} has {bad} of {len(array)} points with NaN or infinite coordinates")
    return array


def as_clouds(clouds: Any, name: str = "clouds") -> list[np.ndarray]:
    """Several clouds: a sequence, or a batch (B, N, D). They may differ in N, not in D."""
    arrays = [as_points(cloud, f"{name}[{i}]") for i, cloud in enumerate(clouds)]
    if not arrays:
        raise ValueError(f"{name} is empty; pass at least one cloud")
    if len({array.shape[1] for array in arrays}) > 1:
        raise ValueError(
            f"{name} mix dimensions: shapes {[array.shape for array in arrays]}; draw 2-D and 3-D apart"
        )
    return arrays


def as_values(values: Any, points: np.ndarray, name: str = "values") -> np.ndarray:
    """One number per point, shape (N,)."""
    array = as_array(values)
    if array.shape != (len(points),):
        raise ValueError(
            f"{name} must have one number per point, shape ({len(points)},), received {array.shape}"
        )
    if not np.isfinite(array).all():
        raise ValueError(f"{name} has NaN or infinite numbers; mask those points before drawing")
    return array


def check_alt(alt: str) -> str:
    """The text alternative, without which a reader who cannot see the figure gets nothing."""
    if not isinstance(alt, str) or not alt.strip():
        raise ValueError(
            f"alt is empty ({alt!r}): say in a sentence what the figure shows, for readers who cannot see it "
            "(screen readers, text output, a picture that did not load)"
        )
    return " ".join(alt.split())


def check_length(items: Sequence | None, n: int, name: str, of: str = "clouds") -> None:
    """`items` must be as many as the things it belongs to."""
    if items is not None and len(items) != n:
        raise ValueError(f"{name} has {len(items)} entries for {n} {of}; pass one each")
