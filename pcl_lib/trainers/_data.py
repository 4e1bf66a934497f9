"""Data at the door of `fit`: what has rows, and by what they are known again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from lightning_utilities.core.apply_func import apply_to_collection
from torch import Tensor
from torch.utils.data import DataLoader

_SAMPLE = 32  # rows whose content a fingerprint is of


def check_data(data: Any) -> None:
    """Raise `ValueError` unless the data have items by row, with the way to get there."""
    expected = "data must be items by row: a tensor, a TensorDataset, or what takes data[rows] and len(data)"
    if isinstance(data, np.ndarray):
        fix = "convert it with torch.as_tensor(data, dtype=torch.float32)"
    elif isinstance(data, list | tuple):
        stack = all(isinstance(item, Tensor) for item in data)
        fix = "stack its clouds with torch.stack(data)" if stack else "convert it with torch.as_tensor(data)"
        fix += "; clouds of different sizes are resampled first, see pcl_lib.data.stack"
    elif isinstance(data, DataLoader):
        fix = "fit makes the batches itself: give the data set, loader.dataset, and batch_size"
    elif isinstance(data, Mapping):
        fix = "give its tensors as TensorDataset(*data.values())"
    elif not (hasattr(data, "__len__") and hasattr(data, "__getitem__")):
        fix = "load the items into a tensor or a TensorDataset"
    elif isinstance(data, Tensor) and data.ndim == 0:
        raise ValueError(f"{expected}, received a tensor of shape ()")
    elif len(data) == 0:
        raise ValueError("data must have at least one item, received none")
    else:
        return
    raise ValueError(f"{expected}, received {type(data).__name__}; {fix}")


def take(data: Any, rows: Tensor) -> Any:
    """`data[rows]`, and what the data lack if they do not take rows."""
    try:
        return data[rows]
    except Exception as error:
        error.add_note(
            f"fit takes data[rows] with an int64 tensor of {len(rows)} rows, of {type(data).__name__}; data that give "
            "single items only are stacked into a tensor or a TensorDataset first"
        )
        raise


def fingerprint(data: Any) -> str:
    """Number types, shapes and a checksum of at most 32 rows, evenly spaced: other data of one length differ in it.

    Data that are not the same when read twice, since they are drawn anew, are known by their shapes alone.
    """
    count = len(data)
    rows = torch.tensor(sorted({count * k // _SAMPLE for k in range(_SAMPLE)}), device="cpu")
    (kinds, digest), again = _content(take(data, rows)), _content(take(data, rows))
    checksum = f", checksum {digest}" if (kinds, digest) == again else ""
    return f"{kinds}{checksum}"


def _content(batch: Any) -> tuple[str, str]:
    kinds, digest = [], hashlib.sha256()

    def add(tensor: Tensor) -> Tensor:
        shape = ", ".join(map(str, tensor.shape[1:]))
        kinds.append(f"{str(tensor.dtype).removeprefix('torch.')} ({shape})")
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
        return tensor

    apply_to_collection(batch, Tensor, add)
    return " and ".join(kinds), digest.hexdigest()[:12]
