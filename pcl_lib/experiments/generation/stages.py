"""Methods made of methods: one stage after the other, on fewer points, or none at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pcl_lib.experiments.runner.evaluation import evaluated
from pcl_lib.trainers import Engine, Method

_TOGETHER = 64  # clouds that are encoded at once


class Still:
    """Nothing is trained: rows without a network, and networks that have had their steps."""

    def __init__(self, modules: Mapping[str, nn.Module] | None = None) -> None:
        self.modules = dict(modules or {})
        self.optimizers: dict[str, torch.optim.Optimizer] = {}

    def step(self, _batch: Any, _index: Tensor, _engine: Engine) -> Mapping[str, Tensor]:
        return {}


class OnDraws:
    """A method whose clouds are, in each step, other points of the pool: as many of each cloud as asked for."""

    def __init__(self, method: Method, points: int) -> None:
        self.method, self.points = method, points
        self.modules, self.optimizers = method.modules, method.optimizers
        self.schedulers = getattr(method, "schedulers", {})

    def step(self, batch: Tensor, index: Tensor, engine: Engine) -> Mapping[str, Tensor | float]:
        # The points of a pool are independent, so one choice serves all clouds of the batch.
        chosen = torch.randperm(batch.shape[1], device=batch.device)[: self.points]
        return self.method.step(batch[:, chosen], index, engine)


class Codes(nn.Module):
    """The codes of all training shapes, each entry of mean 0 and deviation 1, and the way back.

    Shapes: index (B,) to codes (B, K). A module, so that a run that is resumed has them.
    """

    values: Tensor
    mean: Tensor
    deviation: Tensor

    def __init__(self, shapes: int, width: int) -> None:
        super().__init__()
        self.register_buffer("values", torch.zeros(shapes, width))
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("deviation", torch.ones(width))

    @torch.no_grad()
    def fill(self, codes: Float[Tensor, "s k"]) -> None:
        self.mean.copy_(codes.mean(0))
        self.deviation.copy_(codes.std(0).clamp_min(1e-6))
        self.values.copy_((codes - self.mean) / self.deviation)

    def forward(self, index: Tensor) -> Float[Tensor, "b k"]:
        return self.values[index]

    def restore(self, code: Float[Tensor, "b k"]) -> Float[Tensor, "b k"]:
        """A code as the decoder knows it."""
        return code * self.deviation + self.mean


class TwoStages:
    """An auto-encoder for so many steps, then a method on the codes of its encoder, which stands still from there on.

    - `first`: its data are the clouds; `then`: its data are their `codes`, or None for nothing more.
    - `encoder`: of `first`; `clouds`: the training clouds (S, N, D) that are encoded when the second stage begins.
    - `batch`: so many codes, drawn at random, are a batch of `then`.
    """

    def __init__(
        self,
        first: Method,
        then: Method | None,
        *,
        after: int,
        encoder: nn.Module,
        codes: Codes,
        clouds: Tensor,
        batch: int = 1,
    ) -> None:
        self.first, self.then, self.after = first, then or Still(), after
        self.encoder, self.codes, self.clouds, self.batch = encoder, codes, clouds, batch
        second = {} if then is None else {**then.modules, "codes": codes}
        self.modules = {**first.modules, **second}
        self.optimizers = {**first.optimizers, **self.then.optimizers}
        self.schedulers = getattr(first, "schedulers", {})

    def step(self, batch: Tensor, index: Tensor, engine: Engine) -> Mapping[str, Tensor | float]:
        if engine.step < self.after:
            with engine.turn(*self.first.optimizers):
                return self.first.step(batch, index, engine)
        if engine.step == self.after and self.then.optimizers:
            self.codes.fill(evaluated(self.encoder, self.clouds, together=_TOGETHER))
        rows = torch.randint(len(self.codes.values), (self.batch,), device=self.codes.values.device)
        return self.then.step(self.codes(rows), rows, engine)
