"""Time several ways of one job fairly: the same inputs, in turn, in changing order, and compare round by round."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

Clock = Callable[[], float]


def timed(job: Callable, arguments: tuple, cuda: bool, clock: Clock = time.perf_counter) -> tuple[float, Any]:
    """Seconds of one call by a clock, and what it returned."""
    if cuda:
        torch.cuda.synchronize()
    start = clock()
    answer = job(*arguments)
    if cuda:
        torch.cuda.synchronize()
    return clock() - start, answer


def race(
    contenders: Mapping[str, Callable],
    inputs: Sequence[tuple],
    rounds: int,
    cuda: bool,
    *,
    warm: bool = True,
    clock: Clock = time.perf_counter,
) -> dict[str, np.ndarray]:
    """Seconds (rounds,) of each contender. Each round runs all of them on one of the inputs.

    A machine's speed drifts and its caches and threads remember who ran before: so each round has a random order
    (in a fixed rotation one contender would always follow the same other), and what is compared are the times of
    one round. Each contender runs once untimed, on another input, just before it is timed: most of the field shares
    code and would keep it in the cache for each other, but not for the one that differs. A job of seconds leaves
    nothing of that (`warm=False`). `clock`: `time.process_time` of jobs of one thread leaves out what other programs
    take of the machine.
    """
    names = list(contenders)
    seconds = {name: np.empty(rounds) for name in names}
    shuffle = np.random.default_rng(0)
    for turn in range(rounds):
        for name in shuffle.permutation(names):
            if warm:
                contenders[name](*inputs[(turn + 1) % len(inputs)])
            seconds[name][turn], _ = timed(contenders[name], inputs[turn % len(inputs)], cuda, clock)
    return seconds


def quartiles(values: np.ndarray) -> dict[str, float]:
    low, middle, high = np.percentile(values, [25, 50, 75])
    return {"median": float(middle), "lower_quartile": float(low), "upper_quartile": float(high)}
