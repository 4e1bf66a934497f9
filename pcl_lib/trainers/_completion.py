"""Completion: a network makes the whole shape of a part of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from pcl_lib.trainers._engine import Engine

StagedLoss = Callable[[tuple[Tensor, ...], Tensor, Tensor, int], Tensor]


class ShapeCompletion:
    r"""Train a network to complete partial clouds, by any loss of its stages.

    .. math:: \min_\theta \frac1B \sum_b L\bigl(f_\theta(\tilde x_b), \tilde x_b, x_b\bigr)

    - `model`: maps partial clouds (B, M, 3) to its stages, a tuple of clouds (B, n_k, 3), coarse to fine.
    - `loss`: of (stages, partial, complete, step), one value or one per cloud (B,), whose mean is taken. `step` is the
      number of steps done, for a loss that changes during training, as PCN's does.
    - `optimizer`, `scheduler`: of the model's parameters; the scheduler moves on once per step.

    Logs "loss". The data are pairs of a partial and a complete cloud: `torch.utils.data.TensorDataset` of two float
    tensors (S, M, 3) and (S, N, 3). Errors: `ValueError` for a batch that is not such a pair.

    >>> import torch
    >>> from torch.utils.data import TensorDataset
    >>> from pcl_lib.distances import chamfer
    >>> from pcl_lib.losses import pcn_alpha, pcn_loss
    >>> from pcl_lib.models import PCN
    >>> from pcl_lib.trainers import fit
    >>> _ = torch.manual_seed(0)
    >>> def loss(stages, partial, complete, step):
    ...     return pcn_loss(stages, complete, loss=chamfer, alpha=pcn_alpha(step, steps=100))
    >>> model = PCN(16, 8, 2, points=((16,), ()), widths=(32,), fold=(16,))
    >>> complete = torch.rand(32, 32, 3)
    >>> method = ShapeCompletion(model, loss, torch.optim.Adam(model.parameters(), lr=0.01))
    >>> data = TensorDataset(complete[:, :16], complete)
    >>> history = fit(method, data, batch_size=8, steps=100, progress=False)
    >>> len(history.column("loss"))
    10
    """

    def __init__(
        self,
        model: nn.Module,
        loss: StagedLoss,
        optimizer: Optimizer,
        scheduler: LRScheduler | None = None,
    ) -> None:
        self.modules = {"model": model}
        self.optimizers = {"model": optimizer}
        self.schedulers = {} if scheduler is None else {"model": scheduler}
        self.loss = loss

    def step(self, batch: Any, index: Tensor, engine: Engine) -> Mapping[str, Tensor]:
        loss = self.measure(self.make(batch, index, engine), batch, engine)
        engine.descend(loss)
        return {"loss": loss}

    def make(self, batch: Any, index: Tensor, engine: Engine) -> tuple[Tensor, ...]:
        """The stages that the network makes of the partial clouds."""
        if not isinstance(batch, Sequence) or len(batch) != 2:
            received = f"{len(batch)} items" if isinstance(batch, Sequence) else type(batch).__name__
            raise ValueError(
                f"the data must be pairs of a partial and a complete cloud, received {received}; "
                "put them into TensorDataset(partial, complete)"
            )
        stages: tuple[Tensor, ...] = engine.modules["model"](batch[0])
        return stages

    def pair(self, made: tuple[Tensor, ...], batch: Any) -> tuple[Tensor, Tensor]:
        """The last stage and the whole shape, for a learned loss."""
        return made[-1], batch[1]

    def measure(self, made: tuple[Tensor, ...], batch: Any, engine: Engine) -> Tensor:
        """The mean loss of the stages."""
        partial, complete = batch
        return self.loss(made, partial, complete, engine.step).mean()
