"""Free clouds: the coordinates of points follow a loss, with no network between."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from jaxtyping import Float
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from pcl_lib.distances.building_blocks import Valued, value_of
from pcl_lib.trainers._engine import Engine


class FreeClouds:
    r"""Move the points of each shape down a loss to their target, by any optimiser.

    .. math:: \min_{y_1, \ldots, y_S} \frac1B \sum_b d(y_b, x_b)

    What a network adds is left out, so what remains is the loss's own: where points come to rest, and how they get
    there. With a learned loss in `LearnedLoss` all shapes share one loss.

    - `model`: a `pcl_lib.models.PointTable` with a row for each item of the data.
    - `loss`: of (points, target), one value or one per cloud, whose mean is taken.
    - `optimizer`, `scheduler`: of the table's parameters; the scheduler moves on once per step.

    Logs "loss". The data are a float tensor (S, N, D). Adam moves each coordinate by about its rate in the beginning,
    whatever the size of the gradient; `gradient_flow` follows the gradient itself.

    >>> import torch
    >>> from pcl_lib.distances import emd
    >>> from pcl_lib.models import PointTable
    >>> from pcl_lib.trainers import fit
    >>> truth, table = torch.rand(4, 32, 3), PointTable.uniform(4, 32, seed=0)
    >>> method = FreeClouds(table, emd, torch.optim.Adam(table.parameters(), lr=0.05))
    >>> history = fit(method, truth, batch_size=4, steps=60, progress=False)
    >>> history.records[-1]["loss"] < 0.1
    True
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

    def make(self, batch: Tensor, index: Tensor, engine: Engine) -> Tensor:
        """The points of these shapes as they are now."""
        made: Tensor = engine.modules["model"](index)
        return made

    def pair(self, made: Tensor, batch: Tensor) -> tuple[Tensor, Tensor]:
        """What there is and what should be, for a learned loss."""
        return made, batch

    def measure(self, made: Tensor, batch: Tensor, engine: Engine) -> Tensor:
        """The mean loss."""
        return value_of(self.loss(made, batch), "loss").mean()
