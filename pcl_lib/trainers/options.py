"""Options of `fit` that do not go together, refused before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lightning_fabric import Fabric
from lightning_fabric.strategies.ddp import DDPStrategy
from lightning_fabric.strategies.single_device import SingleDeviceStrategy

PRECISIONS = ("32-true", "64-true", "bf16-mixed")
FORMAT = 1  # of checkpoints


def check_fabric(fabric: Fabric) -> None:
    """One device, or one per process by DDP, in a precision that needs no scaled gradients."""
    if not isinstance(fabric.strategy, SingleDeviceStrategy | DDPStrategy):
        raise ValueError(
            f"fit runs on one device or by DDP, received {type(fabric.strategy).__name__}; use strategy='ddp'"
        )
    precision = fabric.strategy.precision.precision
    if precision not in PRECISIONS:
        raise ValueError(f"precision must be one of {PRECISIONS}, received {precision!r}")


def count_steps(
    *,
    items: int,
    processes: int,
    batch_size: int,
    steps: int | None,
    epochs: int | None,
    checkpoint_every: int,
    log_every: int,
) -> int:
    """The number of steps of a run, if its options allow any."""
    if not 1 <= batch_size <= items:
        raise ValueError(f"batch_size must be from 1 to the {items} items of the data, received {batch_size}")
    if batch_size % processes:
        raise ValueError(
            f"batch_size counts the items of all {processes} processes and must be a multiple of {processes}, "
            f"received {batch_size}"
        )
    if (steps is None) == (epochs is None):
        raise ValueError(f"give either steps or epochs, received steps={steps}, epochs={epochs}")
    total = steps if steps is not None else (epochs or 0) * (items // batch_size)
    counts = {
        "steps or epochs": total,
        "checkpoint_every": checkpoint_every,
        "log_every": log_every,
    }
    for name, count in counts.items():
        if count < 1:
            raise ValueError(f"{name} must be at least 1, received {count}")
    return total


def check_numbers(*, seed: int, clip: float | None, ema: float | None) -> None:
    if seed < 0:
        raise ValueError(f"seed must not be negative, received {seed}")
    if clip is not None and not clip > 0:
        raise ValueError(f"clip is a largest norm, above 0 or None, received {clip}")
    if ema is not None and not 0 < ema < 1:
        raise ValueError(f"ema is a decay between 0 and 1, such as 0.999, or None, received {ema}")


def check_same_run(path: Path, state: dict[str, Any], settings: dict[str, Any], total: int) -> None:
    """A checkpoint is gone on from by the run that wrote it, or by a longer one."""
    if state.get("format") != FORMAT:
        raise ValueError(f"{path} is no checkpoint of format {FORMAT}, received {state.get('format')}")
    wrote = state["settings"]
    changed = [
        f"{name}={wrote[name]} (now {settings[name]})" for name in settings if wrote[name] != settings[name]
    ]
    if changed:
        raise ValueError(
            f"the checkpoint {path} is of a run with {', '.join(changed)}; resume with the same settings, or begin in "
            "another folder"
        )
    if state["step"] > total:
        raise ValueError(f"the run of {path} has done {state['step']} steps, more than the {total} asked for")
