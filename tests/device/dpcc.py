"""D-PCC and its losses on a device: its jobs are of one cloud, where others are of a batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from pcl_lib import losses, models


def _cloud(device: torch.device, n: int) -> Tensor:
    return torch.rand(n, 3, generator=torch.Generator().manual_seed(n)).to(device)


def _network(device: torch.device) -> models.DPCC:
    torch.manual_seed(0)
    return models.DPCC(4, 8, candidates=4, normals=True).eval().to(device)


def _forward(device: torch.device) -> Any:
    """All that D-PCC makes of one cloud, and the cloud that is decoded."""
    network = _network(device)
    latent = network.latent(_cloud(device, 60).repeat(1, 2))
    return network(_cloud(device, 60).repeat(1, 2))._asdict(), network.decode(*latent)


def _coders(device: torch.device) -> Any:
    torch.manual_seed(0)
    encoder, decoder = models.DensityEncoder(4, 8), models.DensityDecoder(4, 8, candidates=4)
    points = _cloud(device, 60)
    latent, features, levels = encoder.to(device)(points, points.repeat(1, 2)[:, :4])
    return latent, features, levels, decoder.to(device)(latent, features)


def _loss(device: torch.device) -> Any:
    """The terms, and the gradient of the first weight."""
    network = _network(device)
    loss = losses.dpcc_loss(network(_cloud(device, 60).repeat(1, 2)))
    weight = next(network.parameters())
    return loss._asdict(), torch.autograd.grad(loss.total, weight)


def _stages(device: torch.device) -> tuple[list[Tensor], list[Tensor]]:
    return [_cloud(device, n) for n in (4, 9, 31)], [_cloud(device, n) for n in (30, 10, 3)]


def _density(device: torch.device) -> Tensor:
    stages, levels = _stages(device)
    made = [_cloud(device, n)[:, 0] for n in (2, 4, 9)]
    true = [_cloud(device, n)[:, 1] for n in (10, 3, 2)]
    return losses.dpcc_density(made, made, true, true, losses.dpcc_matches(stages, levels))


def _normals(device: torch.device) -> Tensor:
    match = torch.tensor([3, 0, 3, 1]).to(device)
    return losses.dpcc_normals(_cloud(device, 4), _cloud(device, 5), match)


DPCC_NETWORKS: dict[str, Callable[[torch.device], Any]] = {
    "DPCC": _forward,
    "DensityEncoder": _coders,
    "DensityDecoder": _coders,
}
DPCC_LOSSES: dict[str, Callable[[torch.device], Any]] = {
    "dpcc_loss": _loss,
    "dpcc_chamfer": lambda device: losses.dpcc_chamfer(*_stages(device)),
    "dpcc_matches": lambda device: losses.dpcc_matches(*_stages(device)),
    "dpcc_density": _density,
    "dpcc_counts": lambda device: losses.dpcc_counts(
        [_cloud(device, n)[:, 0] for n in (2, 4, 9)], _stages(device)[1]
    ),
    "dpcc_coordinates": lambda device: losses.dpcc_coordinates(_cloud(device, 9), _cloud(device, 9).flip(0)),
    "dpcc_normals": _normals,
}
