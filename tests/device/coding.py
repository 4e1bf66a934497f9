"""Jobs of what a latent costs in bits."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from pcl_lib import losses, models


def _spread(device: torch.device, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0)).to(device)


def _bottleneck(device: torch.device) -> Any:
    torch.manual_seed(0)
    bottleneck = models.EntropyBottleneck(5).to(device).eval()
    z = _spread(device, 3, 5, 4)
    z_hat, likelihoods = bottleneck(z)
    bits = losses.rate(likelihoods)
    slope = torch.autograd.grad(bits, bottleneck.matrices[0], retain_graph=True)
    quantiles = torch.autograd.grad(bottleneck.loss(), bottleneck.quantiles)
    bottleneck.fit_quantiles()
    bottleneck.update()
    back = bottleneck.values(bottleneck.symbols(z))
    return z_hat, likelihoods, bits, bottleneck.cumulative(z), *slope, *quantiles, back


RATES = {
    "rate": lambda device: losses.rate(_spread(device, 5).sigmoid(), _spread(device, 4).sigmoid()),
    "bits_per_point": lambda device: losses.bits_per_point(_spread(device, 5).sigmoid(), points=9),
    "gaussian_rate_distortion": lambda device: losses.gaussian_rate_distortion(_spread(device, 5).exp()),
}
CODED = {"EntropyBottleneck": _bottleneck}
