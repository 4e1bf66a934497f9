"""Compression: a codec learns distortion and rate together, and its quantiles beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from pcl_lib._checks import check_integer
from pcl_lib.losses import dpcc_loss
from pcl_lib.trainers._engine import Engine


class CompressionRates(NamedTuple):
    """Learning rates of the network and the quantiles; that of the network falls to `factor` of itself whenever the
    share `every` of the run is behind. The release: halved after each 15 of 50 epochs.

    >>> [CompressionRates().fall(done) for done in (0.0, 0.29, 0.3, 0.6, 0.9)]
    [1.0, 1.0, 0.5, 0.25, 0.125]
    """

    network: float = 1e-3
    quantiles: float = 1e-3
    every: float = 0.3
    factor: float = 0.5

    def fall(self, done: float) -> float:
        """What the network's rate is multiplied with when the share `done` of a run is behind."""
        # A little more, so that 0.3 of a run is not a bit less than three tenths.
        return self.factor ** int(done / self.every + 1e-9)


class Compression:
    r"""Train a codec network, D-PCC, on clouds of any size: a mean over the clouds of a batch, one after the other.

    .. math:: \min_\theta \frac1B \sum_b \bigl( D(x_b) + \lambda R(x_b) \bigr), \qquad
              \min_q \text{auxiliary}(q)

    - `model`: of one cloud (N, 3) to what the loss takes, with `quantiles()` and `auxiliary()`, as
      `pcl_lib.models.DPCC`;
    - `steps`: of the run, for the schedule;
    - `loss`: of the model's output, a named tuple whose field `total` is descended: ``partial(dpcc_loss,
      weights=DPCCWeights(rate=5e-4))``;
    - `rates`: a `CompressionRates`; the default is the release's;
    - `optimizer`: makes one of parameters and their rate `lr`, for the network and for the quantiles. For so many small
      weights ``partial(torch.optim.Adam, fused=True)`` takes a fifth of Adam's time on a CPU.

    Clouds of one batch may differ in size, so that the data are a `pcl_lib.data.Patches`, or a tensor (S, N, 3). The
    release has one cloud a step; its batches take 1,024 random points of each cube, which changes the density that
    the codec is to keep. The auxiliary loss reaches the quantiles alone, and nothing else moves them: the two
    optimisers share a backward pass. Noise comes from the generator that `fit` seeds.

    Logs the terms of the loss, each a mean over the clouds with its weight, "total", their sum, and "auxiliary".
    Cost: B passes, whose graphs are kept until the backward pass. Errors: `ValueError` for a model without quantiles;
    as the model and the loss. Reference: he2022dpcc.

    >>> import torch
    >>> from pcl_lib.data import Patches, synthetic
    >>> from pcl_lib.models import DPCC
    >>> from pcl_lib.trainers import fit
    >>> _ = torch.manual_seed(0)
    >>> clouds = Patches([synthetic.sample("mug", n, seed=0).points for n in (100, 150)])
    >>> method = Compression(DPCC(4, 16, candidates=4), steps=2)
    >>> history = fit(method, clouds, batch_size=2, steps=2, log_every=1, progress=False)
    >>> [round(bits, 1) for bits in history.column("bits_per_point")]
    [1.7, 1.7]
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        steps: int,
        loss: Callable[[Any], Any] = dpcc_loss,
        rates: CompressionRates | None = None,
        optimizer: Callable[..., Optimizer] = torch.optim.Adam,
    ) -> None:
        steps = check_integer("steps", steps, 1)
        quantiles_of, auxiliary = (getattr(model, name, None) for name in ("quantiles", "auxiliary"))
        if not callable(quantiles_of) or not callable(auxiliary):
            raise ValueError(
                "model must have quantiles() and auxiliary(), the loss that trains them, received "
                f"{type(model).__name__}; DPCC has both"
            )
        rates = rates or CompressionRates()
        quantiles: list[nn.Parameter] = quantiles_of()
        apart = {id(p) for p in quantiles}
        network = [p for p in model.parameters() if id(p) not in apart]
        self.loss = loss
        self.auxiliary: Callable[[], Tensor] = auxiliary
        self.modules = {"model": model}
        self.optimizers = {
            "network": optimizer(network, lr=rates.network),
            "quantiles": optimizer(quantiles, lr=rates.quantiles),
        }
        fall = rates.fall
        self.schedulers = {"network": LambdaLR(self.optimizers["network"], lambda step: fall(step / steps))}

    def step(self, batch: Any, index: Tensor, engine: Engine) -> Mapping[str, Tensor]:
        model = engine.modules["model"]
        found = [self.loss(model(cloud)) for cloud in _clouds(batch)]
        logged = {
            name: torch.stack([getattr(one, name) for one in found]).mean() for name in found[0]._fields
        }
        logged["auxiliary"] = self.auxiliary()
        engine.descend(logged["total"] + logged["auxiliary"])
        return logged


def _clouds(batch: Any) -> Sequence[Tensor]:
    if isinstance(batch, Tensor) and batch.ndim == 3:
        return list(batch)
    if isinstance(batch, Sequence) and batch and all(isinstance(x, Tensor) and x.ndim == 2 for x in batch):
        return batch
    received = f"shape {tuple(batch.shape)}" if isinstance(batch, Tensor) else type(batch).__name__
    raise ValueError(
        f"the data must be clouds by row, received {received}; put clouds of different sizes into Patches(clouds)"
    )
