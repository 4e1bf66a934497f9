"""A network while it is measured: in evaluation, without gradients, a few clouds at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn


@torch.no_grad()
def evaluated(
    network: nn.Module, clouds: Tensor, *, together: int, output: Callable[[Any], Tensor] | None = None
) -> Tensor:
    """What the network makes of the clouds (B, N, D) in evaluation, on its own device.

    It is in training mode again afterwards. Normalisation and dropout would otherwise take part in the metrics, and
    the metrics of a cloud would depend on which others it is measured with. `output` picks the cloud of several.
    """
    device = next(network.parameters()).device
    network.eval()
    try:
        made = [network(part.to(device)) for part in clouds.split(together)]
    finally:
        network.train()
    return torch.cat([item if output is None else output(item) for item in made])
