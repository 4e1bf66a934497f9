"""The networks and the losses that settings name, and what trains them."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from pcl_lib.experiments.learned_losses.settings import Settings
from pcl_lib.experiments.named_losses import LOSS_RATES, Loss, table_loss
from pcl_lib.experiments.runner.experiment import Run
from pcl_lib.experiments.schedules import warm_up_and_cosine
from pcl_lib.models import ae, folding_net
from pcl_lib.trainers import LearnedLoss, Method, Reconstruction


def build(settings: Settings, network: str, loss: str, seed: int) -> tuple[nn.Module, Loss | nn.Module]:
    """A network and a loss with the weights of a seed; the caller's random numbers stay as they were.

    The network comes first, so that it is the same under all losses.
    """
    make, widths = (ae, settings.ae_widths) if network == "AE" else (folding_net, settings.fold_widths)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = make(settings.code_dim, settings.n_points, points=settings.points, widths=widths)
        return model, table_loss(loss, anchors=settings.anchors)


def method(settings: Settings, run: Run, device: torch.device) -> Method:
    network, loss = run.configuration[:2]
    model, measure = build(settings, network, loss, run.seed)
    optimizer = adam(model.to(device), settings.rate(run.configuration))
    if isinstance(measure, nn.Module):
        measure.to(device)
    task = Reconstruction(model, measure, optimizer, warm_up_and_cosine(optimizer, settings.steps))
    return with_own_step(task, loss, measure, steps=settings.steps)


def with_own_step(task: Any, loss: str, measure: Loss | nn.Module, *, steps: int) -> Method:
    """The method itself for a closed form; for a learned loss, by turns with the step of the loss's own networks."""
    if not isinstance(measure, nn.Module):
        method: Method = task
        return method
    own = adam(measure, LOSS_RATES[loss])
    return LearnedLoss(task, measure, own, warm_up_and_cosine(own, steps))


def adam(network: nn.Module, rate: float) -> torch.optim.Adam:
    """Adam in one kernel: networks as small as these wait for the start of operations, of which it has hundreds."""
    return torch.optim.Adam(network.parameters(), lr=rate, fused=True)
