"""Auto-encoding: a network gives its input back."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from jaxtyping import Float
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from pcl_lib.distances.building_blocks import Valued, value_of
from pcl_lib.trainers._engine import Engine


class Reconstruction:
    r"""Train a network to give clouds back, by any distance or loss between two batches of clouds.

    .. math:: \min_\theta \frac1B \sum_b d\bigl(f_\theta(x_b), x_b\bigr)

    - `model`: maps a batch (B, N, D) to (B, M, D).
    - `loss`: of (output, input), one value or one per cloud (B,), whose mean is taken; of a result that holds more, as
      that of `pcl_lib.distances.emd`, its `.value`.
    - `optimizer`, `scheduler`: of the model's parameters; the scheduler moves on once per step.

    Logs "loss". The data are a float tensor (S, N, D). Errors: `ValueError` for a loss without a gradient.

    >>> import torch
    >>> from pcl_lib.distances import chamfer
    >>> from pcl_lib.trainers import fit
    >>> _ = torch.manual_seed(0)
    >>> model, clouds = torch.nn.Linear(3, 3), torch.rand(32, 16, 3)
    >>> method = Reconstruction(model, chamfer, torch.optim.Adam(model.parameters(), lr=0.1))
    >>> history = fit(method, clouds, batch_size=8, steps=100, progress=False)
    >>> [round(loss, 2) for loss in history.column("loss")[::9]]
    [0.36, 0.1]
    """

    def __init__(
        self,
        model: nn.Module,
        loss: Callable[[Tensor, Tensor], Tensor | Valued],
        optimizer: Optimizer,
        scheduler: LRScheduler | None = None,
    ) -> None:
        self.modules = {"model": model}
        self.optimizers = {"model": optimizer}
        self.schedulers = {} if scheduler is None else {"model": scheduler}
        self.loss = loss

    def step(self, batch: Float[Tensor, "b n d"], index: Tensor, engine: Engine) -> Mapping[str, Tensor]:
        loss = self.measure(self.make(batch, index, engine), batch, engine)
        engine.descend(loss)
        return {"loss": loss}

    def make(self, batch: Float[Tensor, "b n d"], index: Tensor, engine: Engine) -> Float[Tensor, "b m d"]:
        """What the network gives back."""
        made: Tensor = engine.modules["model"](batch)
        return made

    def pair(self, made: Tensor, batch: Tensor) -> tuple[Tensor, Tensor]:
        """What was made and what should have been, for a learned loss."""
        return made, batch

    def measure(self, made: Tensor, batch: Tensor, engine: Engine) -> Float[Tensor, ""]:
        """The mean loss of what was made."""
        loss = value_of(self.loss(made, batch), "loss").mean()
        if not loss.requires_grad:
            raise ValueError(
                "loss must have a gradient, received one without: f_score and the metrics are counts, and a model "
                "without trainable parameters has none either"
            )
        return loss
