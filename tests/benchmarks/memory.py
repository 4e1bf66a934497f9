"""How much memory a job takes at its peak, in a process of its own that has done nothing else."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import torch
from torch import Tensor

from pcl_lib.distances import em_kd
from tests.benchmarks import chamfer
from tests.benchmarks.clouds import pairs
from tests.benchmarks.measure import OURS
from tests.benchmarks.race import timed

MIB = 2**20


def measure(device: torch.device, quick: bool) -> list[dict]:
    """A loss and its gradient against the matrix of all lengths, and em_kd on a million points."""
    clouds, points = (32, 16_384) if device.type == "cuda" else (1, 8192)
    million, leaf = (16_384, 64) if quick else (1_048_576, 256)
    clouds, points = (1, 2048) if quick else (clouds, points)
    return [
        {
            "function": "chamfer",
            "job": chamfer.JOB,
            "clouds": clouds,
            "points": points,
            "contenders": {
                OURS: alone(loss, clouds, points, device),
                "torch.cdist": alone(by_cdist, clouds, points, device),
            },
        },
        {
            "function": "em_kd",
            "job": f"a matching with leaves of {leaf}",
            "clouds": 1,
            "points": million,
            "contenders": {OURS: alone(em_kd_256 if leaf == 256 else em_kd_64, 1, million, device)},
        },
    ]


def loss(x: Tensor, y: Tensor) -> None:
    chamfer.with_gradient(chamfer.ours)(x, y)


def by_cdist(x: Tensor, y: Tensor) -> None:
    chamfer.with_gradient(chamfer.cdist)(x, y)


def em_kd_256(x: Tensor, y: Tensor) -> None:
    em_kd(x.detach(), y.detach(), leaf_size=256)


def em_kd_64(x: Tensor, y: Tensor) -> None:
    em_kd(x.detach(), y.detach(), leaf_size=64)


def alone(job: Callable[[Tensor, Tensor], None], clouds: int, points: int, device: torch.device) -> dict:
    """Seconds and peak memory in MiB beyond the inputs; `job` is a function of a module, found by its name."""
    if device.type == "cuda":
        torch.cuda.empty_cache()  # what this process keeps for later, the child could not have
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as child:
        return child.submit(_run, job, clouds, points, str(device)).result()


def _run(job: Callable[[Tensor, Tensor], None], clouds: int, points: int, name: str) -> dict:
    device = torch.device(name)
    cuda = device.type == "cuda"
    job(*pairs(clouds, 256, device, gradient=True)[0])  # imports, compilation, threads
    inputs = pairs(clouds, points, device, gradient=True)[0]
    before, finished, seconds = _start(cuda), True, None
    try:
        seconds, _ = timed(job, inputs, cuda)
    except torch.OutOfMemoryError:
        finished = False  # its peak until then is what it needs at least
    after = _peak(cuda)
    peak = None if after is None else (after - before) / MIB
    return {"peak_mib": peak, "seconds": seconds, "finished": finished}


def _start(cuda: bool) -> int:
    """Bytes in use now, from where the peak is counted."""
    if cuda:
        torch.cuda.reset_peak_memory_stats()
        return torch.cuda.memory_allocated()
    if sys.platform == "linux":
        Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    return _peak(False) or 0


def _peak(cuda: bool) -> int | None:
    """The most bytes ever in use, None where the system does not say."""
    if cuda:
        return torch.cuda.max_memory_allocated()
    if sys.platform != "linux":
        return None
    status = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in status if line.startswith("VmHWM"))
