"""Gradient fields: a decoder, and an encoder of shapes, learn to send noisy points back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from pcl_lib._checks import check_integer, check_option
from pcl_lib.trainers._engine import Engine

# Of (field, points) or (field, points, code=..), one value or one for each cloud.
FieldLoss = Callable[..., Tensor]


class FieldRates(NamedTuple):
    """Learning rates of decoder and encoder; from the share `start` of a run on they fall linearly, within the share
    `length` of it, to the share `end` of themselves, and stay there."""

    decoder: float
    encoder: float
    start: float = 0.5
    length: float = 0.5
    end: float = 0.1

    def factor(self, done: float) -> float:
        """What the rates are multiplied with when the share `done` of a run is behind.

        >>> [round(FIELD_RATES["released"].factor(done), 3) for done in (0.0, 0.5, 0.725, 0.95, 1.0)]
        [1.0, 1.0, 0.505, 0.01, 0.01]
        """
        fallen = min(max((done - self.start) / self.length, 0.0), 1.0)
        return 1 - fallen * (1 - self.end)


# The paper's text exchanges the two rates at the end of its run; here each falls to a tenth of itself.
FIELD_RATES = {
    "paper": FieldRates(1e-4, 1e-3),
    "MNIST-CP": FieldRates(1e-3, 1e-3),
    "released": FieldRates(1e-3, 1e-3, length=0.45, end=0.01),
}


class GradientField:
    r"""Train a decoder to give the displacement field of a shape from its code, and the encoder that makes the code.

    .. math:: \min_{\theta, \phi} \frac1B \sum_b L\bigl(y_\theta(\cdot, z_b, \cdot), x_b\bigr), \qquad
              z_b = f_\phi(x'_b)

    - `decoder`: of points (B, N, D), code and sigma, as `pcl_lib.models.GradientDecoder`;
    - `encoder`: of clouds (B, M, D) to codes (B, K); None for the field of one shape, or of all as one;
    - `loss`: of (field, points, code=..), without an encoder of (field, points), with its noise levels:
      ``partial(denoising_loss, sigmas=noise_levels())``.
      Noise and levels come from the generator that `fit` seeds and keeps, so that a resumed run draws the same;
    - `steps`: of the run, for the schedule;
    - `rates`: "paper" (decoder 1e-4, encoder 1e-3, falling to a tenth in the second half), "MNIST-CP" (both 1e-3),
      "released" (both 1e-3, to a hundredth), or a `FieldRates`;
    - `optimizer`: makes one of parameters and their rate `lr`;
    - `draw`: in each step the decoder's points, and likewise the encoder's, are so many drawn from each cloud, with
      replacement, as released; None takes the clouds as they are.

    Logs "loss". The data are clouds (S, N, D), or pairs of two draws of each shape, what the encoder sees and what the
    decoder learns: ``TensorDataset(seen, target)``. A field judged by the points that its encoder saw beats two fair
    draws of the shape. Errors: `ValueError` for data that are neither. Reference: cai2020shapegf (Algorithm 1, C.2).

    >>> import torch
    >>> from functools import partial
    >>> from pcl_lib.losses import denoising_loss
    >>> from pcl_lib.models import GradientDecoder, noise_levels
    >>> from pcl_lib.trainers import fit
    >>> _ = torch.manual_seed(0)
    >>> decoder, loss = GradientDecoder(0, 2, hidden=16, blocks=1), partial(denoising_loss, sigmas=noise_levels())
    >>> method = GradientField(decoder, loss=loss, steps=30, rates="released")
    >>> history = fit(method, torch.rand(1, 200, 2), batch_size=1, steps=30, progress=False)
    >>> history.column("loss")[-1] < history.column("loss")[0]
    True
    """

    def __init__(
        self,
        decoder: nn.Module,
        encoder: nn.Module | None = None,
        *,
        loss: FieldLoss,
        steps: int,
        rates: str | FieldRates = "paper",
        optimizer: Callable[..., Optimizer] = torch.optim.Adam,
        draw: int | None = None,
    ) -> None:
        steps = check_integer("steps", steps, 1)
        if draw is not None:
            check_integer("draw", draw, 1)
        if isinstance(rates, str):
            check_option("rates", rates, tuple(FIELD_RATES))
            rates = FIELD_RATES[rates]
        self.loss, self.draw = loss, draw
        self.modules = {"decoder": decoder} | ({} if encoder is None else {"encoder": encoder})
        rate = {"decoder": rates.decoder, "encoder": rates.encoder}
        self.optimizers = {
            name: optimizer(network.parameters(), lr=rate[name]) for name, network in self.modules.items()
        }
        factor = rates.factor
        self.schedulers = {
            name: LambdaLR(one, lambda step: factor(step / steps)) for name, one in self.optimizers.items()
        }

    def step(self, batch: Any, index: Tensor, engine: Engine) -> Mapping[str, Tensor]:
        seen, target = (self._drawn(cloud) for cloud in _pair(batch))
        decoder = engine.modules["decoder"]
        if "encoder" in engine.modules:
            loss = self.loss(decoder, target, code=engine.modules["encoder"](seen)).mean()
        else:
            loss = self.loss(lambda points, sigma: decoder(points, None, sigma), target).mean()
        engine.descend(loss)
        return {"loss": loss}

    def _drawn(self, clouds: Tensor) -> Tensor:
        if self.draw is None:
            return clouds
        rows = torch.randint(clouds.shape[1], (len(clouds), self.draw), device=clouds.device)
        return clouds.gather(1, rows[..., None].expand(-1, -1, clouds.shape[2]))


def _pair(batch: Any) -> tuple[Tensor, Tensor]:
    if isinstance(batch, Tensor):
        return batch, batch
    if not isinstance(batch, Sequence) or len(batch) != 2:
        received = f"{len(batch)} items" if isinstance(batch, Sequence) else type(batch).__name__
        raise ValueError(
            "the data must be clouds, or pairs of what the encoder sees and what the decoder learns, received "
            f"{received}; put the two into TensorDataset(seen, target)"
        )
    return batch[0], batch[1]
