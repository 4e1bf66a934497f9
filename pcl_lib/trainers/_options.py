"""Options of `fit` that do not go together, refused before anything runs."""

from __future__ import annotations

import math
import operator
from pathlib import Path
from typing import Any

from lightning_fabric import Fabric
from lightning_fabric.strategies.ddp import DDPStrategy
from lightning_fabric.strategies.single_device import SingleDeviceStrategy

from pcl_lib._checks import check_option
from pcl_lib.trainers._method import Method
from pcl_lib.trainers._precision import PRECISIONS

ON_CHANGE = ("refuse", "adopt")
FORMAT = 1  # of checkpoints


def check_method(method: object) -> None:
    if not isinstance(method, Method) or not hasattr(method.modules, "items"):
        raise ValueError(
            "method must have modules and optimizers by name and a step, received "
            f"{type(method).__name__}; see Method, or give a network to Reconstruction or ShapeCompletion"
        )


def check_fabric(fabric: Fabric) -> None:
    """One device, or one per process by DDP, in a precision that needs no scaled gradients."""
    if not isinstance(fabric, Fabric):
        raise ValueError(
            f"fabric must be a lightning_fabric.Fabric, received {fabric!r}; write Fabric(accelerator='cpu')"
        )
    if not isinstance(fabric.strategy, SingleDeviceStrategy | DDPStrategy):
        raise ValueError(
            f"fit runs on one device or by DDP, received {type(fabric.strategy).__name__}; use strategy='ddp'"
        )
    precision = fabric.strategy.precision.precision
    if precision not in PRECISIONS:
        raise ValueError(
            f"precision must be one of {PRECISIONS}, received {precision!r}: parameters in half precision lose small "
            "steps, and float16 needs scaled gradients; use 'bf16-mixed'"
        )


def whole(name: str, value: object) -> int:
    """An integer of any kind, numpy's too, as Python's."""
    # A truth value is an integer to Python, and never meant as one here.
    if isinstance(value, bool):
        raise ValueError(f"{name} must be an integer, received {value!r}")
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError as error:
        raise ValueError(f"{name} must be an integer, received {value!r}") from error


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
    steps = None if steps is None else whole("steps", steps)
    epochs = None if epochs is None else whole("epochs", epochs)
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
        "checkpoint_every": whole("checkpoint_every", checkpoint_every),
        "log_every": whole("log_every", log_every),
    }
    for name, count in counts.items():
        if count < 1:
            raise ValueError(f"{name} must be at least 1, received {count}")
    return total


def check_seed(seed: object) -> int:
    found = whole("seed", seed)
    if found < 0:
        raise ValueError(f"seed must not be negative, received {seed}")
    return found


def check_clip(clip: object) -> float | None:
    if clip is None:
        return None
    found = _number(clip)
    if not found > 0:
        raise ValueError(f"clip must be a largest norm, above 0, or None, received {clip!r}")
    return found


def check_ema(ema: object) -> float | None:
    if ema is None:
        return None
    found = _number(ema)
    if not 0 < found < 1:
        raise ValueError(f"ema must be a decay between 0 and 1, such as 0.999, or None, received {ema!r}")
    return found


def check_seconds(seconds: object) -> float:
    found = _number(seconds)
    if not found >= 0:
        raise ValueError(f"checkpoint_seconds must be a time, 0 or more, received {seconds!r}")
    return found


def _number(value: Any) -> float:
    """A number of any kind, numpy's too, as Python's; of what is none, NaN."""
    return math.nan if isinstance(value, bool | str) or not hasattr(value, "__float__") else float(value)


def check_on_change(on_change: str) -> None:
    check_option("on_change", on_change, ON_CHANGE)


def check_same_run(path: Path, state: dict[str, Any], settings: dict[str, Any], total: int) -> None:
    """A checkpoint is gone on from by the run that wrote it, or by a longer one. Older ones lack some settings."""
    if state.get("format") != FORMAT:
        raise ValueError(f"{path} is no checkpoint of format {FORMAT}, received {state.get('format')}")
    wrote = state["settings"]
    other = [
        f"{name}={wrote[name]} (now {settings[name]})"
        for name in settings
        if name in wrote and wrote[name] != settings[name]
    ]
    if other:
        raise ValueError(
            f"the checkpoint {path} is of a run with {', '.join(other)}; resume with the same settings, or begin in "
            "another folder"
        )
    if state["step"] > total:
        raise ValueError(f"the run of {path} has done {state['step']} steps, more than the {total} asked for")
