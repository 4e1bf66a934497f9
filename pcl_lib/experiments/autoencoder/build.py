"""The networks and the losses that settings name, and what trains them."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from pcl_lib.distances import auction, chamfer, sinkhorn
from pcl_lib.experiments.autoencoder.settings import Settings
from pcl_lib.experiments.runner.experiment import Run
from pcl_lib.models import ae, folding_net
from pcl_lib.trainers import Reconstruction


def build(settings: Settings, network: str, seed: int) -> nn.Module:
    """A network with the weights of a seed; the caller's random numbers stay as they were."""
    make, widths = (ae, settings.ae_widths) if network == "AE" else (folding_net, settings.fold_widths)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make(settings.code_dim, settings.n_points, points=settings.points, widths=widths)


def loss_function(settings: Settings, loss: str) -> Callable[[Tensor, Tensor], Tensor]:
    """The loss of that name: of (output, input), a value per cloud."""
    functions: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
        "CD": chamfer,
        "CD lengths": lambda y, x: chamfer(y, x, squared=False),
        "augmented CD": lambda y, x: chamfer(y, x, squared=False, combine="max"),
        "EMD": lambda y, x: auction(y, x).value,
        "Sinkhorn": lambda y, x: sinkhorn(y, x, blur=settings.blur, scaling=settings.scaling),
    }
    return functions[loss]


def method(settings: Settings, run: Run, device: torch.device) -> Reconstruction:
    network, loss = run.configuration
    model = build(settings, network, run.seed).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=settings.learning_rate)
    return Reconstruction(model, loss_function(settings, loss), optimizer)
