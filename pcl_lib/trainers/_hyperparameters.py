"""Learning rates and their like: those a run began with, and whether they are those it is resumed with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

Values = dict[str, Any]

# What a schedule moves in the groups of its optimiser, if it has noted there where it began.
_MOVED = {"initial_lr": {"lr"}, "max_momentum": {"momentum", "betas"}}
# What a schedule moves in itself.
_COUNTERS = {
    "last_epoch",
    "_step_count",
    "_last_lr",
    "_get_lr_called_within_step",
    "_is_initial",
    "T_cur",
    "T_i",
}
# How it is computed and not what, or said elsewhere: base_lrs are the initial_lr of the groups.
_NO_MATTER = {"params", "foreach", "fused", "capturable", "differentiable", "base_lrs"}


def hyperparameters(optimizers: Mapping[str, Optimizer], schedulers: Mapping[str, LRScheduler]) -> Values:
    """All of them by name, such as "model.lr" or, of the second of two groups, "model.1.lr"; plain values."""
    found: Values = {}
    for name, optimizer in optimizers.items():
        found[f"{name} optimizer"] = type(optimizer).__name__
        for i, group in enumerate(optimizer.param_groups):
            prefix = f"{name}." if len(optimizer.param_groups) == 1 else f"{name}.{i}."
            moved: set[str] = set().union(*(keys for sign, keys in _MOVED.items() if sign in group))
            found |= {prefix + key: value for key, value in group.items() if key not in _NO_MATTER | moved}
    for name, scheduler in schedulers.items():
        found[f"{name} scheduler"] = type(scheduler).__name__
        found |= _settings(f"{name} scheduler.", scheduler.state_dict())
    return {key: _plain(value) for key, value in found.items() if _is_plain(_plain(value))}


def _settings(prefix: str, state: Mapping[str, Any]) -> Values:
    found: Values = {}
    for key, value in state.items():
        if key == "_schedulers":  # a schedule of schedules
            for i, inner in enumerate(value):
                found |= _settings(f"{prefix}{i}.", inner)
        elif key not in _COUNTERS | _NO_MATTER:
            found[prefix + key] = value
    return found


def to_adopt(path: Path, state: dict[str, Any], given: Values, on_change: str) -> bool:
    """Whether a run goes on under other hyper-parameters than it began with. `ValueError` if it was not meant to."""
    wrote = state.get("hyperparameters")
    if wrote is None:  # of a time when checkpoints did not say
        return False
    start, now = wrote["start"], wrote["now"]
    classes = changed(*({k: v for k, v in part.items() if _is_class(k)} for part in (start, now, given)))
    if any(" optimizer=" in each for each in classes):
        raise ValueError(
            f"the checkpoint {path} is of a run with {', '.join(classes)}: the state of one optimizer is none of "
            "another; resume with the same, or begin in another folder"
        )
    other = changed(start, now, given)
    if other and on_change == "refuse":
        raise ValueError(
            f"the checkpoint {path} is of a run with {', '.join(other)}; resume with the same hyper-parameters, begin "
            'in another folder, or go on with the new ones by on_change="adopt"'
        )
    return bool(other)


def changed(start: Values, now: Values, given: Values) -> list[str]:
    """What differs from the start of a run, "lr=0.1 (now 0.01)".

    `now`: the values that the run had come to by itself, with which its own objects may be handed in again.
    """
    names = sorted(start.keys() | given.keys())
    return [
        f"{name}={start.get(name)} (now {given.get(name)})"
        for name in names
        if _known(name, start, given) and given.get(name) not in (start.get(name), now.get(name))
    ]


def _known(name: str, start: Values, given: Values) -> bool:
    """Other versions of torch have more or fewer hyper-parameters; another optimiser or schedule says so itself."""
    return (name in start and name in given) or _is_class(name)


def _is_class(name: str) -> bool:
    return name.endswith((" optimizer", " scheduler"))


def _plain(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.tolist()
    if isinstance(value, Mapping):
        return sorted([_plain(key), _plain(each)] for key, each in value.items())
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value


def _is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return value is None or type(value) in (bool, int, float, str)
