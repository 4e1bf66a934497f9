"""Our own engines against each other on a GPU: is the one that "auto" takes the right one?"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import torch
from torch import Tensor

from pcl_lib.distances import chamfer
from pcl_lib.neighbors import farthest_points, nearest_each_way
from tests.benchmarks.clouds import pairs
from tests.benchmarks.race import quartiles, timed

ENGINES = ("auto", "dense", "keops", "triton")
MOST_ROUNDS = 60
SECONDS = 0.6  # for each engine
DENSE_REACHES = 2**33  # pairs of points
CASES = (
    ("chamfer", 32, 2048),
    ("nearest_each_way", 1, 2048),
    ("nearest_each_way", 32, 2048),
    ("nearest_each_way", 1, 16_384),
    ("nearest_each_way", 32, 16_384),
    ("nearest_each_way", 1, 131_072),
    ("nearest_each_way", 1, 1_048_576),
    ("farthest_points", 32, 2048),
    ("farthest_points", 1, 16_384),
    ("farthest_points", 32, 16_384),
)
CHOSEN = 512  # farthest points


def measure(device: torch.device, quick: bool, ends: float) -> Iterator[dict]:
    """Milliseconds of each engine, and how far its answer is from that of "auto"; why one did not run."""
    for function, clouds, points in CASES:
        if time.monotonic() > ends:
            return
        size = (min(clouds, 2), 128) if quick else (clouds, points)
        x, y = pairs(*size, device, gradient=function == "chamfer")[0]
        found: dict = {"function": function, "clouds": size[0], "points": size[1], "milliseconds": {}}
        found |= {"difference": {}, "left_out": {}}
        answers = {}
        for engine in ENGINES:
            if engine == "dense" and function != "farthest_points" and size[0] * size[1] ** 2 > DENSE_REACHES:
                found["left_out"][engine] = "too large for it"
                continue
            try:
                answers[engine], taken = _raced(partial(JOBS[function], x, y, engine), device.type == "cuda")
            except (ValueError, RuntimeError) as refused:
                found["left_out"][engine] = str(refused)[:300]
                continue
            found["milliseconds"][engine] = quartiles(1e3 * taken)
            found["difference"][engine] = float((answers[engine] - answers["auto"]).abs().max())
        yield found


def line(result: dict) -> str:
    times = ", ".join(f"{name} {ms['median']:.3f}" for name, ms in result["milliseconds"].items())
    worst = max(result["difference"].values(), default=0.0)
    return f"{result['function']} {result['clouds']} x {result['points']:,}: ms {times}; answers within {worst:.1e}"


def _raced(job: Callable[[], Tensor], cuda: bool) -> tuple[Tensor, np.ndarray]:
    """The answer, and the seconds of each of some rounds after one that compiles."""
    answer = timed(job, (), cuda)[1].detach().double().cpu()
    once, _ = timed(job, (), cuda)
    rounds = int(np.clip(SECONDS / once, 2, MOST_ROUNDS))
    return answer, np.array([timed(job, (), cuda)[0] for _ in range(rounds)])


def _chamfer(x: Tensor, y: Tensor, engine: str) -> Tensor:
    x.grad = y.grad = None
    value = chamfer(x, y, backend=engine)
    value.mean().backward()
    return value


def _each_way(x: Tensor, y: Tensor, engine: str) -> Tensor:
    return torch.stack([way.sq_dist.sum(-1) for way in nearest_each_way(x, y, backend=engine)])


def _farthest(x: Tensor, _y: Tensor, engine: str) -> Tensor:
    return farthest_points(x, min(CHOSEN, x.shape[-2]), backend=engine)


JOBS = {"chamfer": _chamfer, "nearest_each_way": _each_way, "farthest_points": _farthest}
