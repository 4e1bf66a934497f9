"""Small arrays in files that are whole or absent."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from torch import Tensor

from pcl_lib._files import write_whole

Arrays = dict[str, np.ndarray]


def pack_arrays(arrays: Mapping[str, ArrayLike]) -> bytes:
    """The content of a compressed npz file: the same bytes for the same arrays."""
    buffer = io.BytesIO()
    plain: Any = {name: np.asarray(array) for name, array in arrays.items()}
    np.savez_compressed(buffer, **plain)
    return buffer.getvalue()


def write_arrays(path: Path, arrays: Mapping[str, ArrayLike]) -> None:
    write_whole(path, pack_arrays(arrays))


def read_arrays(path: Path) -> Arrays:
    """All arrays of an npz file; objects, which would run code, are refused."""
    with np.load(path, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def preview(clouds: Tensor) -> np.ndarray:
    """Clouds as float16, enough for a figure."""
    return clouds.cpu().numpy().astype(np.float16)
