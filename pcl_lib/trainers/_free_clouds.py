"""Free clouds: the coordinates of points follow a loss, with no network between."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from pcl_lib.trainers._engine import Engine
from pcl_lib.trainers._reconstruction import Reconstruction


class FreeClouds(Reconstruction):
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

    def make(self, batch: Float[Tensor, "b n d"], index: Tensor, engine: Engine) -> Float[Tensor, "b m d"]:
        """The points of these shapes as they are now; a network would be given the batch."""
        made: Tensor = engine.modules["model"](index)
        return made
