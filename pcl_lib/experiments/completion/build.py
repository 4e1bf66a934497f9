"""The networks and the losses that settings of the experiments on completion name, and what trains them."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from pcl_lib.experiments.completion.settings import Settings
from pcl_lib.experiments.named_losses import completion_loss
from pcl_lib.experiments.runner.experiment import Run
from pcl_lib.experiments.schedules import warm_up_and_cosine
from pcl_lib.losses import folding_loss, pcn_alpha, pcn_loss, pointattn_loss, snowflake_loss
from pcl_lib.models import PCN, FoldingCompletion, PointAttN, SnowflakeNet
from pcl_lib.trainers import ShapeCompletion

StagedLoss = Callable[[tuple[Tensor, ...], Tensor, Tensor, int], Tensor]


def build(settings: Settings, network: str, seed: int) -> nn.Module:
    """A network with the weights of a seed; the caller's random numbers stay as they were."""
    s = settings
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if network == "Folding":
            return FoldingCompletion(s.code_dim, s.n_points, points=s.points, widths=s.folding_widths)
        if network == "PCN":
            return PCN(
                s.code_dim, s.pcn_coarse, s.pcn_grid, points=s.points, widths=s.pcn_widths, fold=s.pcn_fold
            )
        if network == "PointAttN":
            return PointAttN(
                s.attn_coarse,
                s.attn_merged,
                s.attn_up,
                width=s.attn_width,
                heads=s.attn_heads,
                centres=s.attn_centres,
            )
        return SnowflakeNet(
            s.snow_code,
            s.snow_seeds,
            s.snow_merged,
            s.snow_up,
            width=s.snow_width,
            centres=s.snow_centres,
            k=s.snow_k,
        )


def objective(settings: Settings, network: str, loss: str) -> StagedLoss:
    """The loss of a network's stages, with the named loss wherever the Chamfer distance stood."""
    distance = completion_loss(loss)
    kept = completion_loss(loss, one_sided=network == "SnowflakeNet")

    def of_stages(stages: tuple[Tensor, ...], partial: Tensor, truth: Tensor, step: int) -> Tensor:
        if network == "Folding":
            return folding_loss(stages, truth, loss=distance)
        if network == "PCN":
            return pcn_loss(stages, truth, loss=distance, alpha=pcn_alpha(step, steps=settings.steps))
        if network == "PointAttN":
            return pointattn_loss(stages, truth, loss=distance, ordered=True)
        return snowflake_loss(stages, truth, loss=distance, partial=partial, partial_loss=kept, ordered=True)

    return of_stages


def method(settings: Settings, run: Run, device: torch.device) -> ShapeCompletion:
    network, loss = run.configuration
    model = build(settings, network, run.seed).to(device)
    at = settings.attn_learning_rate if network == "PointAttN" else settings.learning_rate
    optimizer = torch.optim.Adam(model.parameters(), lr=at)
    schedule = warm_up_and_cosine(optimizer, settings.steps)
    return ShapeCompletion(model, objective(settings, network, loss), optimizer, schedule)
