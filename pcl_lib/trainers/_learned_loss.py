"""A task network and a learned loss, by turns on the same batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from pcl_lib.trainers._engine import Engine


@runtime_checkable
class TaskMethod(Protocol):
    """A method whose step is: make something of the batch, measure it, descend. `Reconstruction`,
    `ShapeCompletion` and `FreeClouds` are."""

    @property
    def modules(self) -> Mapping[str, nn.Module]: ...

    @property
    def optimizers(self) -> Mapping[str, Optimizer]: ...

    @property
    def schedulers(self) -> Mapping[str, LRScheduler]: ...

    def make(self, batch: Any, index: Tensor, engine: Engine) -> Any: ...

    def pair(self, made: Any, batch: Any) -> tuple[Tensor, Tensor]: ...

    def measure(self, made: Any, batch: Any, engine: Engine) -> Tensor: ...


class LearnedLoss:
    """Train any task together with the loss that measures it: CALoss's Algorithm 1.

    In each step the task network runs once. Then, on what it made, the loss's own networks take a step down
    ``loss(made, truth, own=True)``, and after them the task network takes one down the method's loss, for which the
    loss's networks stand still.

    - `method`: the task, a `Reconstruction`, `ShapeCompletion` or `FreeClouds` whose loss calls the same `loss`.
    - `loss`: a `pcl_lib.losses.TrainableLoss`: `CALoss`, `PCLoss`, or a distance with a critic (`pud`, `pfd`, `crnd`).
    - `optimizer`, `scheduler`: of the loss's parameters.

    Logs what the method logs as "loss", and "own". Cost: one forward pass of the task network a step, where the
    released code has two. Several processes: the loss's gradients are averaged as the network's are.
    Errors: `ValueError` for a method that cannot be split so, or an optimiser of other parameters than the loss's.
    Reference: huang2023caloss.

    >>> import torch
    >>> from pcl_lib.losses import CALoss
    >>> from pcl_lib.trainers import Reconstruction, fit
    >>> _ = torch.manual_seed(0)
    >>> model, loss = torch.nn.Linear(3, 3), CALoss()
    >>> task = Reconstruction(model, loss, torch.optim.Adam(model.parameters(), lr=0.01))
    >>> method = LearnedLoss(task, loss, torch.optim.Adam(loss.parameters(), lr=3e-3))
    >>> history = fit(method, torch.rand(32, 16, 3), batch_size=8, steps=20, progress=False)
    >>> sorted(history.records[-1])[-2:]
    ['seconds', 'step']
    """

    def __init__(
        self,
        method: TaskMethod,
        loss: nn.Module,
        optimizer: Optimizer,
        scheduler: LRScheduler | None = None,
    ) -> None:
        missing = [name for name in ("make", "pair", "measure") if not hasattr(method, name)]
        if missing:
            raise ValueError(
                f"method must have make, pair and measure, as Reconstruction and ShapeCompletion have, received "
                f"{type(method).__name__} without {', '.join(missing)}"
            )
        if "loss" in method.modules:
            raise ValueError("method has a module 'loss' of its own; a learned loss takes this name")
        held = {id(p) for group in optimizer.param_groups for p in group["params"]}
        if held != {id(p) for p in loss.parameters()}:
            raise ValueError("optimizer must hold the parameters of the loss and no others")
        self.method = method
        self.task_optimizers = tuple(method.optimizers)
        self.modules = {**method.modules, "loss": loss}
        self.optimizers = {**method.optimizers, "loss": optimizer}
        self.schedulers = {**method.schedulers, **({} if scheduler is None else {"loss": scheduler})}

    def step(self, batch: Any, index: Tensor, engine: Engine) -> Mapping[str, Tensor]:
        # Outside of the turns: within the loss's turn the task network has no gradient to be kept.
        made = self.method.make(batch, index, engine)
        output, truth = self.method.pair(made, batch)
        with engine.turn("loss"):
            own = engine.modules["loss"](output.detach(), truth, own=True)
            engine.descend(own)
        with engine.turn(*self.task_optimizers):
            loss = self.method.measure(made, batch, engine)
            engine.descend(loss)
        return {"loss": loss, "own": own}
