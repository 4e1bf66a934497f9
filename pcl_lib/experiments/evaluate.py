"""Metrics of reconstructions, each a mean over shapes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pcl_lib.distances import chamfer, em_kd, emd
from pcl_lib.experiments.autoencoder_settings import Settings
from pcl_lib.metrics import half_sum_hausdorff, mcd

_TOGETHER = 64  # clouds that go through the network at once


@torch.no_grad()
def reconstruct(network: nn.Module, clouds: Float[Tensor, "b n d"]) -> Float[Tensor, "b m d"]:
    """What the network makes of the clouds in evaluation; it is in training mode again afterwards."""
    network.eval()
    try:
        return torch.cat([network(part) for part in clouds.split(_TOGETHER)])
    finally:
        network.train()


def metrics(settings: Settings, made: Tensor, truth: Tensor, names: Sequence[str]) -> dict[str, float]:
    """The named metrics of reconstructions (B, N, 3): squared lengths for CD, MCD and HD, lengths for the others."""
    functions: dict[str, Callable[[], Tensor]] = {
        "CD": lambda: chamfer(made, truth),
        "CD lengths": lambda: chamfer(made, truth, squared=False),
        "MCD": lambda: mcd(made, truth, sizes=settings.mcd_sizes, centres=settings.mcd_centres),
        "HD": lambda: half_sum_hausdorff(made, truth),
        "EMD": lambda: emd(made, truth).value,
        "EM-kD": lambda: em_kd(made, truth, leaf_size=settings.kd_leaf).value,
    }
    return {name: float(functions[name]().double().mean()) for name in names}
