"""How much slower a training loss becomes where other programs keep every core busy."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from tests.benchmarks.chamfer import JOB, ours, with_gradient
from tests.benchmarks.clouds import pairs
from tests.benchmarks.race import quartiles, timed

SIZES = ((1, 256), (1, 2048), (8, 256))
QUICK = ((1, 64),)
BESIDE = 4  # programs that never rest
TURNS = 5  # quiet and busy in turn, for a machine's speed drifts


def measure(quick: bool, seconds: float) -> list[dict]:
    """Chamfer with its gradient on the CPU, quiet and with four busy loops beside it, for so many seconds each."""
    return [_compare(clouds, points, seconds) for clouds, points in (QUICK if quick else SIZES)]


def _compare(clouds: int, points: int, seconds: float) -> dict:
    inputs = pairs(clouds, points, torch.device("cpu"), gradient=True)
    job = with_gradient(ours)
    job(*inputs[0])
    quiet, busy = [], []
    for _ in range(TURNS):
        quiet += _rounds(job, inputs, seconds / TURNS)
        with neighbours(BESIDE):
            busy += _rounds(job, inputs, seconds / TURNS)
    found = {name: quartiles(1e3 * np.array(taken)) for name, taken in (("quiet", quiet), ("busy", busy))}
    return {
        "function": "chamfer",
        "job": JOB,
        "clouds": clouds,
        "points": points,
        "beside": BESIDE,
        "milliseconds": found,
        "ratio": found["busy"]["median"] / found["quiet"]["median"],
        "rounds": {"quiet": len(quiet), "busy": len(busy)},
    }


def _rounds(job, inputs, seconds: float) -> list[float]:
    """Seconds of each call within so many seconds, and of one at least."""
    taken, end = [], time.perf_counter() + seconds
    while not taken or time.perf_counter() < end:
        taken.append(timed(job, inputs[len(taken) % len(inputs)], cuda=False)[0])
    return taken


@contextmanager
def neighbours(count: int) -> Iterator[list[subprocess.Popen]]:
    """So many processes that compute without end, and are gone afterwards."""
    code = "print(flush=True)\nwhile True: pass"
    running = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for _ in range(count)]
    try:
        for process in running:
            process.stdout.readline()  # it has started
        yield running
    finally:
        for process in running:
            process.kill()
            process.communicate()


def lines(result: dict) -> list[str]:
    """A result for the terminal."""
    size = f"{result['clouds']} x {result['points']:,} points"
    quiet, busy = (result["milliseconds"][state]["median"] for state in ("quiet", "busy"))
    return [
        f"{result['function']} on a busy machine, {size}: {result['beside']} endless loops beside it",
        f"  {result['ratio']:8.2f}  times the quiet median: {busy:.3g} ms, quiet {quiet:.3g} ms",
    ]
