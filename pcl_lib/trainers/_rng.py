"""The random numbers of torch, numpy and Python: seeded per process, kept in checkpoints, given back afterwards."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

_PROCESSES = (
    1 << 32
)  # sets the seeds of processes apart from those of the data order, which are (seed, epoch)


def seed_process(seed: int, rank: int) -> None:
    """Seed the three generators: processes draw different noise from one seed."""
    words = np.random.SeedSequence([seed, _PROCESSES + rank]).generate_state(3)
    torch.manual_seed(int(words[0]))
    np.random.seed(words[1])  # noqa: NPY002 - a method may use the global generator
    random.seed(int(words[2]))


def random_state(device: torch.device) -> dict[str, Any]:
    """The state of all generators in tensors and plain values, which load without running code."""
    numpy: dict[str, Any] = dict(np.random.get_state(legacy=False))  # noqa: NPY002
    numpy["state"] = numpy["state"] | {"key": torch.from_numpy(numpy["state"]["key"].astype(np.int64))}
    state = {"torch": torch.get_rng_state(), "numpy": numpy, "python": random.getstate()}
    if device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    return state


def restore_random_state(state: dict[str, Any], device: torch.device) -> None:
    torch.set_rng_state(state["torch"])
    inner = state["numpy"]["state"]
    key = inner["key"].numpy().astype(np.uint32)
    np.random.set_state(state["numpy"] | {"state": inner | {"key": key}})  # noqa: NPY002
    random.setstate(state["python"])
    if "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"], device)


@contextmanager
def untouched_generators(device: torch.device) -> Iterator[None]:
    """Leave the caller's random numbers as they were found."""
    before = random_state(device)
    try:
        yield
    finally:
        restore_random_state(before, device)
