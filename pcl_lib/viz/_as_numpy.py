"""What a caller hands over (tensor on any device, array, Cloud) as a plain array, checked at the door."""

from collections.abc import Sequence, Sized
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
        raise ValueError(
            f"what is shown must be a tensor or an array of numbers, received {type(x).__name__}"
        ) from error


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


def is_one_cloud(clouds: Any) -> bool:
    """A single cloud where several could stand: a `Cloud`, or an array with two axes."""
    return getattr(getattr(clouds, "points", clouds), "ndim", None) == 2


def as_clouds(clouds: Any, name: str = "clouds") -> list[np.ndarray]:
    """Several clouds: a sequence, or a batch (B, N, D). They may differ in N, not in D."""
    if is_one_cloud(clouds):
        raise ValueError(f"{name} is a single cloud; pass a list of clouds or a batch of shape (B, N, D)")
    found = [as_points(cloud, f"{name}[{i}]") for i, cloud in enumerate(clouds)]
    if not found:
        raise ValueError(f"{name} is empty; pass at least one cloud")
    check_same_dims(found)
    return found


def as_one_or_more(clouds: Any, name: str) -> list[np.ndarray]:
    """Like `as_clouds`, and a single cloud is a list of one."""
    return [as_points(clouds, name)] if is_one_cloud(clouds) else as_clouds(clouds, name)


def as_values(values: Any, points: np.ndarray, name: str = "values") -> np.ndarray:
    """One number per point, shape (N,)."""
    array = as_array(values)
    if array.shape != (len(points),):
        raise ValueError(
            f"{name} must have one number per point, shape ({len(points)},), received {array.shape}"
        )
    if not np.isfinite(array).all():
        raise ValueError(f"{name} has NaN or infinite numbers; leave those points out before drawing")
    return array


def as_index(index: Any, n: int, m: int) -> np.ndarray:
    """`n` whole numbers from 0 to `m` - 1."""
    array = as_array(index)
    if array.shape != (n,):
        raise ValueError(f"index must have one entry per point of x, shape ({n},), received {array.shape}")
    if (array != np.rint(array)).any() or array.min() < 0 or array.max() >= m:
        raise ValueError(
            f"index must hold whole numbers from 0 to {m - 1}, for y has {m} points; "
            f"received numbers from {array.min():g} to {array.max():g}"
        )
    return array.astype(np.int64)


def check_alt(alt: str, name: str = "alt") -> str:
    """The text alternative, without which a reader who cannot see the figure gets nothing."""
    if not isinstance(alt, str) or not alt.strip():
        raise ValueError(
            f"{name} is empty ({alt!r}): say in a sentence what the figure shows, for readers who cannot see it "
            "(screen readers, text output, a picture that did not load)"
        )
    return " ".join(alt.split())


def check_same_dims(clouds: Sequence[np.ndarray]) -> None:
    """2-D and 3-D clouds cannot share a picture."""
    if len({cloud.shape[1] for cloud in clouds}) > 1:
        raise ValueError(f"clouds of shapes {[c.shape for c in clouds]} mix 2-D and 3-D; draw them apart")


def check_length(items: Sized | None, n: int, name: str, of: str = "clouds") -> None:
    """`items` must be as many as the things it belongs to."""
    if items is not None and len(items) != n:
        raise ValueError(f"{name} has {len(items)} entries for {n} {of}; pass one each")
