"""A variational auto-encoder: codes are Gaussians, and kept near the one that new codes are drawn from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from pcl_lib._checks import check_not_negative
from pcl_lib.trainers._engine import Engine


class LatentVAE:
    r"""Train an encoder of Gaussians and a decoder of any kind together: ShapeGF's appendix E.

    .. math:: \overline{L(f, x, z)} + w \, \overline{KL(\mu, v)}, \quad (z, \mu, v) = e(x)

    - `encoder`: maps a batch to a code, a mean and a log variance, as a `pcl_lib.models.GaussianEncoder`.
    - `decoder`: what the loss asks.
    - `loss`: of (decoder, batch, code), one value or one per cloud, whose mean is taken: a reconstruction
      (``lambda f, x, z: chamfer(f(z), x)``) or the denoising loss of a gradient field.
    - `divergence`: of (mean, log variance), one value per cloud, as `pcl_lib.losses.gaussian_kl`.
    - `optimizer`, `scheduler`: of the parameters of both; the scheduler moves on once per step.
    - `weight`: w.

    Logs "loss", the whole, and "divergence". The data are a float tensor (S, N, D).
    Reference: cai2020shapegf, kingma2014vae.

    >>> import torch
    >>> from pcl_lib.distances import chamfer
    >>> from pcl_lib.losses import gaussian_kl
    >>> from pcl_lib.models import FullyConnectedDecoder, GaussianEncoder, PointNet
    >>> from pcl_lib.trainers import fit
    >>> _ = torch.manual_seed(0)
    >>> encoder, decoder = GaussianEncoder(PointNet((16, 8), end="linear")), FullyConnectedDecoder(4, 16, widths=(32,))
    >>> adam = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=1e-2)
    >>> method = LatentVAE(encoder, decoder, lambda f, x, z: chamfer(f(z), x), gaussian_kl, adam)
    >>> history = fit(method, torch.rand(32, 16, 3), batch_size=8, steps=50, progress=False)
    >>> history.column("loss")[-1] < history.column("loss")[0]
    True
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        loss: Callable[[Any, Tensor, Tensor], Tensor],
        divergence: Callable[[Tensor, Tensor], Tensor],
        optimizer: Optimizer,
        scheduler: LRScheduler | None = None,
        *,
        weight: float = 1e-3,
    ) -> None:
        check_not_negative("weight", weight)
        self.modules = {"encoder": encoder, "decoder": decoder}
        self.optimizers = {"vae": optimizer}
        self.schedulers = {} if scheduler is None else {"vae": scheduler}
        self.loss, self.divergence, self.weight = loss, divergence, weight

    def step(self, batch: Float[Tensor, "b n d"], index: Tensor, engine: Engine) -> Mapping[str, Tensor]:
        code, mean, log_variance = engine.modules["encoder"](batch)
        divergence = self.divergence(mean, log_variance).mean()
        loss = self.loss(engine.modules["decoder"], batch, code).mean() + self.weight * divergence
        engine.descend(loss)
        return {"loss": loss, "divergence": divergence}
