"""The networks and the losses that settings of the experiments on completion name, and what trains them."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from pcl_lib.distances import (
    auction,
    chamfer,
    dcd,
    hyper_cd,
    info_cd,
    released_landau_cd,
    truncated_cd,
    weighted_chamfer,
)
from pcl_lib.experiments.completion.settings import Settings
from pcl_lib.experiments.runner.experiment import Run
from pcl_lib.losses import folding_loss, pcn_alpha, pcn_loss, pointattn_loss, snowflake_loss
from pcl_lib.models import PCN, FoldingCompletion, PointAttN, SnowflakeNet
from pcl_lib.trainers import ShapeCompletion

Loss = Callable[[Tensor, Tensor], Tensor]
StagedLoss = Callable[[tuple[Tensor, ...], Tensor, Tensor, int], Tensor]

# The weights of the paper's results table, with its parameters as the library has them.
WEIGHED = {
    "Weibull CD": "weibull",
    "Normal CD": "normal",
    "Logistic CD": "logistic",
    "Log-Logistic CD": "log-logistic",
    "Extreme-Value CD": "extreme value",
    "Chi-Squared CD": "chi-squared",
    "Gamma CD": "gamma",
    "Landau CD": "landau",
}


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


def loss_function(loss: str, *, one_sided: bool = False) -> Loss:
    """The loss of that name: of (made, truth), a value per cloud. Lengths, means, and the sum of both directions.

    "CD sums" and "released Landau CD" are half of both sums. The constants are those of the paper's results table.
    "EMD" holds a stage against as many farthest points of the truth, which must lie in that order. "InfoCD" has half
    its contrast: with all of it, the gradient asks for even distances alone, not for small ones.
    `one_sided`: the direction from the first cloud to the second alone.
    """
    combine = "forward" if one_sided else "sum"
    if loss in WEIGHED:
        return lambda y, x: weighted_chamfer(y, x, weight=WEIGHED[loss], combine=combine)
    of_sums = "forward" if one_sided else "mean"
    functions: dict[str, Loss] = {
        "CD": lambda y, x: chamfer(y, x, squared=False, combine=combine),
        "truncated CD": lambda y, x: truncated_cd(y, x, threshold=0.2, combine=combine),
        "HyperCD": lambda y, x: hyper_cd(y, x, alpha=1.0, combine=combine),
        "CD sums": lambda y, x: chamfer(y, x, squared=False, reduction="sum", combine=of_sums),
        "released Landau CD": lambda y, x: released_landau_cd(y, x, combine=of_sums),
    }
    if not one_sided:
        functions |= {
            "EMD": lambda y, x: auction(y, x[:, : y.shape[1]]).value,
            "DCD": lambda y, x: dcd(y, x, alpha=40.0, n_lambda=0.5),
            "InfoCD": lambda y, x: info_cd(y, x, strength=0.5),
        }
    return functions[loss]


def rate(step: int, steps: int) -> float:
    """Share of the learning rate at a step: a warm-up from 1/20 over the first twentieth, half a cosine down to 0.

    >>> [round(rate(step, 100), 2) for step in (0, 5, 50, 100)]
    [0.05, 0.99, 0.5, 0.0]
    """
    return min(1.0, 0.05 + 0.95 * step / (0.05 * steps)) * (1 + math.cos(math.pi * step / steps)) / 2


def objective(settings: Settings, network: str, loss: str) -> StagedLoss:
    """The loss of a network's stages, with the named loss wherever the Chamfer distance stood."""
    distance = loss_function(loss)
    kept = loss_function(loss, one_sided=network == "SnowflakeNet")

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
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: rate(step, settings.steps))
    return ShapeCompletion(model, objective(settings, network, loss), optimizer, schedule)
