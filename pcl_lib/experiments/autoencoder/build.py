"""The networks and the losses that settings name, and what trains them."""

from __future__ import annotations

import torch
from torch import nn

from pcl_lib.experiments.autoencoder.settings import Settings
from pcl_lib.experiments.named_losses import autoencoder_loss
from pcl_lib.experiments.runner.experiment import Run
from pcl_lib.models import ae, folding_net
from pcl_lib.trainers import Reconstruction


def build(settings: Settings, network: str, seed: int) -> nn.Module:
    """A network with the weights of a seed; the caller's random numbers stay as they were."""
    make, widths = (ae, settings.ae_widths) if network == "AE" else (folding_net, settings.fold_widths)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make(settings.code_dim, settings.n_points, points=settings.points, widths=widths)


def method(settings: Settings, run: Run, device: torch.device) -> Reconstruction:
    network, loss = run.configuration
    model = build(settings, network, run.seed).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=settings.learning_rate)
    measure = autoencoder_loss(loss, blur=settings.blur, scaling=settings.scaling)
    return Reconstruction(model, measure, optimizer)
