"""Training by the clock: rows of a table whose steps cost differently get the same seconds, not the same steps."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from pcl_lib.experiments.runner.experiment import Run
from pcl_lib.trainers import FIELD_RATES, Engine, Method


class Progress(nn.Module):
    """How far a run is: a module without weights, so that a checkpoint keeps it.

    - `run`: which run of the experiment this is, for those who measure its networks.
    - `updates`: how many steps of the optimisers there have been. `share`: which part of the training is over, 0 to 1.
    """

    updates: Tensor

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.run = run
        self.share = 0.0
        self.register_buffer("updates", torch.zeros((), dtype=torch.int64))


def by_share(optimizer: Optimizer, progress: Progress) -> LambdaLR:
    """ShapeGF's decay, in the second half of a run down to a tenth, by the share of it that is over."""
    return LambdaLR(optimizer, lambda _: FIELD_RATES["MNIST-CP"].factor(progress.share))


class Rounds:
    """A method whose every step is a round of many steps of another: of so many seconds, or of so many updates.

    A run of R rounds has R rounds' seconds, whatever a step costs; how many steps there were stands in `progress`. So
    a curve over rounds is one over seconds. The batch of a round are all shapes; each step draws `shapes` of them, in
    an order that goes through them all, and of each shape `points` points, with replacement, from the first of its
    pool, anew for each step. With `seconds` 0 a round has `updates` steps and a run repeats bit for bit; by the clock
    it cannot.

    - `task`: a method that is given clouds (B, M, D), or with `moved` pairs: the clouds, and so many points of each.
    - `pool`: how many of a shape's points there are to draw from.
    """

    def __init__(
        self,
        task: Method,
        progress: Progress,
        *,
        rounds: int,
        seconds: float,
        updates: int,
        shapes: int,
        points: int,
        pool: int,
        moved: int = 0,
    ) -> None:
        self.task, self.progress = task, progress
        self.modules = {**task.modules, "progress": progress}
        self.optimizers = dict(task.optimizers)
        self.schedulers = dict(getattr(task, "schedulers", {}))
        self.rounds, self.seconds, self.updates = rounds, seconds, updates
        self.shapes, self.points, self.pool, self.moved = shapes, points, pool, moved

    def step(self, batch: Float[Tensor, "s p d"], index: Tensor, engine: Engine) -> Mapping[str, Any]:
        began, done = time.perf_counter(), 0
        order, passes = torch.randperm(len(batch), device=batch.device), len(batch) // self.shapes
        while True:
            share = (time.perf_counter() - began) / self.seconds if self.seconds else done / self.updates
            if share >= 1 and done:
                break
            self.progress.share = min(1.0, (engine.step + share) / self.rounds)
            start = done % passes * self.shapes
            rows = order[start : start + self.shapes]
            clouds = self.drawn(batch[rows])
            given: Any = (clouds, clouds[:, : self.moved]) if self.moved else clouds
            values = self.task.step(given, index[rows], engine)
            if batch.is_cuda and self.seconds:
                torch.cuda.synchronize(batch.device)  # else the clock tells when a step was begun
            done += 1
        self.progress.updates += done
        return values

    def drawn(self, shapes: Float[Tensor, "b p d"]) -> Float[Tensor, "b m d"]:
        """So many of the points of each pool, with replacement, as the released loader draws them."""
        which = torch.randint(self.pool, (len(shapes), self.points, 1), device=shapes.device)
        return shapes.gather(1, which.expand(-1, -1, shapes.shape[-1]))


class Untrained:
    """A row without a network: nothing to train, only to be measured."""

    def __init__(self, progress: Progress) -> None:
        self.modules = {"progress": progress}
        self.optimizers: dict[str, Optimizer] = {}

    def step(self, batch: Tensor, index: Tensor, engine: Engine) -> Mapping[str, Any]:  # noqa: ARG002
        return {}
