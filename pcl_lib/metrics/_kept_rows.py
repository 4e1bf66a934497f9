"""Rows of a matrix of distances on disk, so that a long computation goes on where it was stopped."""

from __future__ import annotations

import hashlib
import io
import json
import os
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from torch import Tensor

from pcl_lib._files import write_whole

# Seconds of work that may be lost: a file for each call of a quick distance would take longer than the calls.
BETWEEN_WRITES = 5.0


class KeptRows:
    """A folder with one file for each block of rows, and `matrix.json`, which says of what it is the matrix.

    A file holds the columns that are done, from the first on: its shape says how far the rows have come.
    """

    def __init__(self, folder: str | os.PathLike, identity: dict) -> None:
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._written = time.monotonic()
        note = self.folder / "matrix.json"
        if not note.exists():
            write_whole(note, (json.dumps(identity, indent=1) + "\n").encode())
            return
        found = json.loads(note.read_text(encoding="utf-8"))
        for key, value in identity.items():
            if found.get(key) != value:
                raise ValueError(
                    f"folder must be new or hold distances of these clouds, received {str(self.folder)!r}, whose "
                    f"{key} is {found.get(key)!r}, not {value!r}; name another folder, or remove this one"
                )

    def read(self, row: int) -> np.ndarray | None:
        """What is done of the block that begins with this row: (rows, columns done), or None."""
        file = self._file(row)
        return np.load(file) if file.exists() else None

    def due(self) -> bool:
        """Whether so long has passed since the last write that the work since then should be kept."""
        return time.monotonic() - self._written >= BETWEEN_WRITES

    def write(self, row: int, block: Tensor) -> None:
        """Keep what is done of a block."""
        stream = io.BytesIO()
        np.save(stream, block.cpu().numpy())
        write_whole(self._file(row), stream.getvalue())
        self._written = time.monotonic()

    def _file(self, row: int) -> Path:
        return self.folder / f"rows-{row:06d}.npy"


def checksum(clouds: Sequence[Tensor] | Tensor) -> str:
    """One number for the values, shapes, dtype and order of clouds."""
    digest = hashlib.sha256()
    for cloud in clouds:
        digest.update(f"{tuple(cloud.shape)} {cloud.dtype}".encode())
        digest.update(cloud.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:32]


def name_of(function: Callable) -> str:
    """A function by its module and name, with what `functools.partial` binds; what it does inside stays unknown."""
    if isinstance(function, partial):
        bound = [*map(repr, function.args), *(f"{key}={value!r}" for key, value in function.keywords.items())]
        return f"{name_of(function.func)}({', '.join(bound)})"
    kind = function if hasattr(function, "__qualname__") else type(function)
    return f"{kind.__module__}.{kind.__qualname__}"
