"""Time the two steps of QAAD: the greedy assignment of a whole data set, and what swaps add to a training step.

python -m tests.benchmarks.assignments. The first is timed once, by the clock and in seconds of all cores together: on a
machine that does other work too the second is what can be trusted. A step with swaps and one without run in turn, round
by round, both in seconds of all cores. Exit code 1 if an assignment is not one-to-one.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor

from pcl_lib.data import consistent_clouds
from pcl_lib.distances import greedy_assignment
from pcl_lib.models import NeuralQAAD
from pcl_lib.trainers import QAAD, Assignments, Engine
from tests.benchmarks.command import parser_of, write_report
from tests.benchmarks.race import quartiles

WITH, WITHOUT = "with swaps", "without"
LEAF = 256
SECONDS = 8.0
MOST_ROUNDS = 60


class Size(NamedTuple):
    """A training step: `batch` clouds and `points` of each, which has `of` points; widths of the network."""

    name: str
    batch: int
    points: int
    of: int
    trunk: tuple[int, ...]
    heads: tuple[int, ...]


PAPER = (256, 128, 128, 128), (64, 3)
SIZES = (
    Size("of the short records", 8, 512, 4096, (64, 48, 48, 48), (32, 3)),
    Size("of the paper's widths", 8, 512, 8192, *PAPER),
    Size("of the paper's widths and batch", 16, 2048, 65_536, *PAPER),
)
QUICK = (Size("tiny", 2, 16, 64, (8,), (4, 3)),)


def clouds_of(shapes: int, points: int) -> Tensor:
    return consistent_clouds("figures", shapes, points, mode="shuffled").clouds


def greedy(shapes: int, points: int) -> dict:
    """All clouds of a set; for what a network makes of each stands the next of them, as far off as one that was just
    pre-trained."""
    clouds = clouds_of(shapes, points)
    made = clouds.roll(-1, 0)
    wall, work = time.perf_counter(), time.process_time()
    found = greedy_assignment(made, clouds, leaf_size=LEAF)
    wall, work = time.perf_counter() - wall, time.process_time() - work
    if not all((row.bincount(minlength=points) == 1).all() for row in found):
        raise SystemExit("the greedy assignment is not one-to-one")
    return {
        "clouds": shapes,
        "points": points,
        "leaf_size": LEAF,
        "seconds": wall,
        "seconds_of_all_cores": work,
    }


def trainer(size: Size, clouds: Tensor, first: Tensor, *, swaps: bool) -> tuple[QAAD, Engine]:
    """A network of its own, that of the other contender to begin with."""
    torch.manual_seed(0)
    model = NeuralQAAD(len(clouds), size.of, 10, 16, trunk=size.trunk, heads=size.heads, start=clouds[0])
    options = {"steps": 1, "pretraining": 0.0, "start": "given", "points": size.points, "reassignment": swaps}
    method = QAAD(model, None, clouds, Assignments.of(clouds, first[:, model.order]), **options)
    return method, Engine(method, Fabric(accelerator="cpu", devices=1), None, None)


def stepper(method: QAAD, engine: Engine) -> Callable[[Tensor, Tensor], object]:
    return lambda batch, index: method.step(batch, index, engine)


def work_of(
    jobs: dict[str, Callable], inputs: Sequence[tuple[Tensor, Tensor]], rounds: int
) -> dict[str, np.ndarray]:
    """Seconds of all cores (rounds,) of each job: in each round all of them on one input, in a random order."""
    seconds = {name: np.empty(rounds) for name in jobs}
    shuffle = np.random.default_rng(0)
    for turn in range(rounds):
        for name in shuffle.permutation(list(jobs)):
            start = time.process_time()
            jobs[name](*inputs[turn % len(inputs)])
            seconds[name][turn] = time.process_time() - start
    return seconds


def measure(size: Size, seconds: float) -> dict:
    clouds = clouds_of(2 * size.batch, size.of)
    # In small cells, which is soon done: what is timed here is a step.
    first = greedy_assignment(clouds[:1].expand_as(clouds), clouds, leaf_size=32)
    contenders = {WITH: True, WITHOUT: False}
    jobs = {name: stepper(*trainer(size, clouds, first, swaps=swaps)) for name, swaps in contenders.items()}
    picks = [torch.arange(size.batch) * 2 + turn % 2 for turn in range(3)]
    inputs = [(clouds[index], index) for index in picks]
    work_of(jobs, inputs, 1)  # loads what is loaded once
    trial = work_of(jobs, inputs, 1)
    rounds = int(np.clip(seconds / sum(t[0] for t in trial.values()), 3, MOST_ROUNDS))
    times = work_of(jobs, inputs, rounds)
    return {
        **size._asdict(),
        "more": quartiles(100 * (times[WITH] / times[WITHOUT] - 1)),
        "milliseconds": {name: quartiles(1e3 * taken) for name, taken in times.items()},
        "rounds": rounds,
    }


def line(result: dict) -> str:
    more = result["more"]
    return (
        f"a step {result['name']}: swaps add {more['median']:.0f} % "
        f"[{more['lower_quartile']:.0f}, {more['upper_quartile']:.0f}]"
    )


def main(argv: Sequence[str] | None = None) -> int:
    options = parser_of(__doc__).parse_args(argv)
    torch.set_num_threads(1)
    whole = greedy(*((3, 64) if options.quick else (64, 65_536)))
    print(
        f"greedy, {whole['clouds']} x {whole['points']:,} points: {whole['seconds']:.1f} s, "
        f"{whole['seconds_of_all_cores']:.1f} s of all cores",
        flush=True,
    )
    steps = []
    for size in QUICK if options.quick else SIZES:
        steps.append(measure(size, 0.01 if options.quick else SECONDS))
        print(line(steps[-1]), flush=True)
    write_report("assignments", {"greedy": whole, "steps": steps}, options, torch.device("cpu"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
