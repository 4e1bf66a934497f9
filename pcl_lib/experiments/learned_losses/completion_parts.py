"""Data, networks and metrics of completion with a learned last stage."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import TensorDataset

from pcl_lib.data import Pairs, view_pairs
from pcl_lib.distances import chamfer
from pcl_lib.experiments.learned_losses.build import adam, with_own_step
from pcl_lib.experiments.learned_losses.completion_settings import CompletionSettings
from pcl_lib.experiments.learned_losses.data import hold_back
from pcl_lib.experiments.named_losses import Loss, table_loss
from pcl_lib.experiments.runner.evaluation import evaluated
from pcl_lib.experiments.runner.experiment import Measured, Origin, Run
from pcl_lib.experiments.runner.npz import Arrays, preview
from pcl_lib.experiments.schedules import warm_up_and_cosine
from pcl_lib.experiments.shape_sets import load_shapes
from pcl_lib.losses import pcn_alpha, pcn_loss, snowflake_loss
from pcl_lib.metrics import half_sum_hausdorff, mcd
from pcl_lib.models import PCN, SnowflakeNet
from pcl_lib.trainers import Method, ShapeCompletion

_TOGETHER = 16  # clouds that go through the network at once


class ViewSet(NamedTuple):
    """Pairs to train with and `held_out` ones, the `name` of their data set and the SHA-256 `checksum` of all."""

    training: TensorDataset
    held_out: Pairs
    name: str
    checksum: str


@lru_cache(maxsize=2)
def views_of(settings: CompletionSettings) -> ViewSet:
    """The data of the settings, read or made once per process. Errors: as `load_shapes`."""
    s = settings
    found = load_shapes(s.data, s.families, s.train_shapes, s.test_shapes, s.n_shape)
    train, test, name = found.train, found.test, found.name
    if s.held_back:
        train, test = hold_back(train, s.held_back, s.held_back_seed)
        name = f"{name}, {s.held_back} held back from the training split"
    seen = view_pairs(train, views=s.views, n_partial=s.n_partial, n_complete=s.n_points)
    held_out = view_pairs(test, views=1, n_partial=s.n_partial, n_complete=s.n_points, seed=1)
    digest = hashlib.sha256()
    for cloud in (seen.partial, seen.complete, held_out.partial, held_out.complete):
        digest.update(cloud.numpy().tobytes())
    return ViewSet(TensorDataset(seen.partial, seen.complete), held_out, name, digest.hexdigest())


def origin(settings: CompletionSettings) -> Origin:
    return Origin(views_of(settings).name, views_of(settings).checksum)


def training(settings: CompletionSettings, device: torch.device) -> TensorDataset:
    return TensorDataset(*(clouds.to(device) for clouds in views_of(settings).training.tensors))


def build(
    settings: CompletionSettings, network: str, loss: str, seed: int
) -> tuple[nn.Module, Loss | nn.Module]:
    """A network and the loss of its last stage with the weights of a seed; the network is the same under all losses."""
    s = settings
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model: nn.Module
        if network == "PCN":
            model = PCN(
                s.code_dim,
                s.pcn_coarse,
                s.pcn_grid,
                points=s.points,
                widths=s.pcn_widths,
                fold=s.pcn_fold,
                extent=s.pcn_extent,
            )
        else:
            model = SnowflakeNet(
                s.snow_code,
                s.snow_seeds,
                s.snow_merged,
                s.snow_up,
                width=s.snow_width,
                centres=s.snow_centres,
                k=s.snow_k,
            )
        return model, table_loss(loss)


def method(settings: CompletionSettings, run: Run, device: torch.device) -> Method:
    network, loss = run.configuration[:2]
    model, last = build(settings, network, loss, run.seed)
    if isinstance(last, nn.Module):
        last.to(device)
    optimizer = adam(model.to(device), settings.rate(run.configuration))
    early = table_loss("CD lengths")
    finest = _weighed(last, settings.weight)

    def of_stages(stages: tuple[Tensor, ...], partial: Tensor, truth: Tensor, step: int) -> Tensor:
        if network == "PCN":
            return pcn_loss(
                stages, truth, loss=early, alpha=pcn_alpha(step, steps=settings.steps), last=finest
            )
        return snowflake_loss(
            stages, truth, loss=early, partial=partial, partial_loss=_keep, ordered=True, last=finest
        )

    schedule = warm_up_and_cosine(optimizer, settings.steps)
    task = ShapeCompletion(model, of_stages, optimizer, schedule)
    return with_own_step(task, loss, last, steps=settings.steps)


def _weighed(last: Loss | nn.Module, weight: float) -> Loss | nn.Module:
    """A learned loss times its weight; a distance, and a loss of weight 1, as they are."""
    if weight == 1.0 or not isinstance(last, nn.Module):
        return last
    learned = last
    return lambda made, truth: (weight * learned(made, truth)).expand(len(truth))


def _keep(partial: Tensor, made: Tensor) -> Tensor:
    return chamfer(partial, made, squared=False, combine="forward")


def complete(network: nn.Module, partial: Tensor) -> Tensor:
    """The completions, the last stages, in evaluation."""
    return evaluated(network, partial, together=_TOGETHER, output=lambda stages: stages[-1])


def metrics(settings: CompletionSettings, made: Tensor, truth: Tensor) -> dict[str, float]:
    """ "MCD" and "HD" of squares, "CD lengths" the mean of both directions; means over completions (B, N, 3)."""
    found = {
        "MCD": mcd(made, truth, sizes=settings.mcd_sizes, centres=settings.mcd_centres),
        "HD": half_sum_hausdorff(made, truth),
        "CD lengths": chamfer(made, truth, squared=False, combine="mean"),
        "CD": chamfer(made, truth),
    }
    return {name: float(value.double().mean()) for name, value in found.items()}


def look(settings: CompletionSettings, modules: Mapping[str, nn.Module]) -> Arrays:
    made, truth = _held_out(settings, modules["model"], settings.curve_shapes)
    value = mcd(made, truth, sizes=settings.mcd_sizes, centres=settings.mcd_centres).double().mean()
    return {"value": np.array(float(value)), "made": preview(made[0])}


def measure(settings: CompletionSettings, modules: Mapping[str, nn.Module]) -> Measured:
    made, truth = _held_out(settings, modules["model"])
    return Measured(metrics(settings, made, truth), {"shown": preview(made[: settings.shown])})


def previews(settings: CompletionSettings, arrays: Mapping[Run, Arrays]) -> Arrays:
    """ "truth" (k, N, 3) and "partial" (k, M, 3); "<network>/<loss>" (k, N, 3), what the first seed's made of them."""
    held_out, first = views_of(settings).held_out, settings.seeds[0]
    found = {
        "truth": preview(held_out.complete[: settings.shown]),
        "partial": preview(held_out.partial[: settings.shown]),
    }
    return found | {"/".join(of): arrays[Run(of, first)]["shown"] for of in settings.configurations}


def _held_out(
    settings: CompletionSettings, network: nn.Module, count: int | None = None
) -> tuple[Tensor, Tensor]:
    """Completions of the first held-out views, and their truths, on the network's device."""
    held_out, device = views_of(settings).held_out, next(network.parameters()).device
    return complete(network, held_out.partial[:count]), held_out.complete[:count].to(device)
