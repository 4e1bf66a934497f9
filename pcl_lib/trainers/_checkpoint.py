"""Checkpoints: whole or absent, checked before use, read without running code."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from pcl_lib._files import write_whole

KEPT = 2
_DIGEST_BYTES = hashlib.sha256().digest_size


class DamagedCheckpoint(ValueError):
    """A checkpoint whose content is not what was written. The message names it, and the whole one before it."""


def checkpoint_path(folder: Path, step: int) -> Path:
    return folder / f"step-{step:09d}.pt"


def checkpoints(folder: str | Path) -> list[Path]:
    """The checkpoints of a run, oldest first; an empty list where its folder holds none."""
    return sorted(Path(folder).glob("step-*.pt"))


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write the state and its SHA-256, whole or not at all; keep the two newest checkpoints of the folder.

    Errors: `ValueError` if the state holds what could not be loaded again, while the run can still be mended.
    """
    buffer = io.BytesIO()
    torch.save(state, buffer)
    content = buffer.getvalue()
    try:
        _parse(content)
    except UnpicklingError as error:
        raise ValueError(
            "the state of an optimizer or a scheduler holds more than tensors and plain numbers, received "
            f"{str(error)[:300]!r}; give learning rates as Python floats"
        ) from error
    write_whole(path, content + hashlib.sha256(content).digest())
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
    >>> torch.equal(weights["bias"], model.bias.cpu())
    True
    """
    path = Path(path)
    content = _whole_content(path)
    if content is None:
        older = [other for other in checkpoints(path.parent) if other < path and _whole_content(other)]
        fix = (
            f"delete it to go on from {older[-1].name}, which is whole"
            if older
            else "no older one is whole: delete it and begin anew"
        )
        raise DamagedCheckpoint(f"the checkpoint {path} is damaged: its checksum does not match; {fix}")
    return _parse(content)


def _parse(content: bytes) -> dict[str, Any]:
    return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)


def _whole_content(path: Path) -> bytes | None:
    data = path.read_bytes()
    content, digest = data[:-_DIGEST_BYTES], data[-_DIGEST_BYTES:]
    return content if content and hashlib.sha256(content).digest() == digest else None
