"""Checkpoints: whole or absent, checked before use, read without running code."""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path
from typing import Any

import torch

KEPT = 2
_DIGEST_BYTES = hashlib.sha256().digest_size


class DamagedCheckpoint(ValueError):
    """A checkpoint whose content is not what was written. The message names it, and the whole one before it."""


def checkpoint_path(folder: Path, step: int) -> Path:
    return folder / f"step-{step:09d}.pt"


def checkpoints(folder: str | Path) -> list[Path]:
    """The checkpoints of a run, oldest first."""
    return sorted(Path(folder).glob("step-*.pt"))


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write the state and its SHA-256 under another name, then rename; keep the two newest of the folder.

    A process that is killed at any moment leaves the whole file or none of that name.
    """
    buffer = io.BytesIO()
    torch.save(state, buffer)
    data = buffer.getvalue()
    temporary = path.with_name(f"{path.name}.tmp")
    with open(temporary, "wb") as stream:
        stream.write(data)
        stream.write(hashlib.sha256(data).digest())
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)
    _sync(path.parent)
    for old in checkpoints(path.parent)[:-KEPT]:
        old.unlink()


def load_checkpoint(path: str | Path) -> dict[str, Any]:
    """The state in a checkpoint of `fit`, on the CPU: "modules", "averages", "optimizers", each by name, and more.

    Its checksum is compared first, and loading runs no code (`weights_only`): a file from elsewhere can do no harm.
    Errors: `DamagedCheckpoint` if the content is not what was written.

    >>> from tempfile import TemporaryDirectory
    >>> from torch import nn
    >>> from pcl_lib.trainers import Reconstruction, fit
    >>> model = nn.Linear(3, 3)
    >>> method = Reconstruction(model, nn.functional.mse_loss, torch.optim.SGD(model.parameters(), lr=0.1))
    >>> with TemporaryDirectory() as folder:
    ...     history = fit(method, torch.rand(8, 5, 3), batch_size=4, steps=2, folder=folder, progress=False)
    ...     weights = load_checkpoint(history.checkpoint)["modules"]["model"]
    >>> torch.equal(weights["bias"], model.bias)
    True
    """
    path = Path(path)
    data = path.read_bytes()
    content, digest = data[:-_DIGEST_BYTES], data[-_DIGEST_BYTES:]
    if hashlib.sha256(content).digest() != digest:
        older = [other for other in checkpoints(path.parent) if other < path and _is_whole(other)]
        fix = (
            f"delete it to go on from {older[-1].name}, which is whole"
            if older
            else "no older one is whole: delete it and begin anew"
        )
        raise DamagedCheckpoint(f"the checkpoint {path} is damaged: its checksum does not match; {fix}")
    return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)


def _is_whole(path: Path) -> bool:
    data = path.read_bytes()
    return hashlib.sha256(data[:-_DIGEST_BYTES]).digest() == data[-_DIGEST_BYTES:]


def _sync(folder: Path) -> None:
    """Make a rename outlast a power cut, where the system lets a folder be opened."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
