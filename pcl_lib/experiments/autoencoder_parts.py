"""The networks, the losses and the clouds that settings name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor, nn

from pcl_lib.distances import auction, chamfer, sinkhorn
from pcl_lib.experiments.arrays import Arrays, preview
from pcl_lib.experiments.autoencoder_settings import METRICS, Settings
from pcl_lib.experiments.evaluate import metrics, reconstruct
from pcl_lib.experiments.parts import Measured, Parts, Run
from pcl_lib.experiments.shapes import Shapes, load_shapes
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


def shapes(settings: Settings) -> Shapes:
    """The clouds of the settings, read or made once per process."""
    return load_shapes(
        settings.data, settings.families, settings.train_shapes, settings.test_shapes, settings.n_points
    )


def _origin(settings: Settings) -> Mapping[str, str]:
    return {"name": shapes(settings).name, "checksum": shapes(settings).checksum}


def _training(settings: Settings, device: torch.device) -> Tensor:
    return shapes(settings).train.to(device)


def _method(settings: Settings, run: Run, device: torch.device) -> Reconstruction:
    network = build(settings, run.network, run.seed).to(device)
    optimizer = torch.optim.Adam(network.parameters(), lr=settings.learning_rate)
    return Reconstruction(network, loss_function(settings, run.loss), optimizer)


def _look(settings: Settings, network: nn.Module) -> Arrays:
    """The measure of the curves, and the first shape as the network makes it now."""
    some = _held_out(settings, network)[: settings.curve_shapes]
    made = reconstruct(network, some)
    value = metrics(settings, made, some, [settings.curve_measure])[settings.curve_measure]
    return {"value": np.array(value), "made": preview(made[0])}


def _measure(settings: Settings, network: nn.Module) -> Measured:
    held_out = _held_out(settings, network)
    made = reconstruct(network, held_out)
    return Measured(metrics(settings, made, held_out, METRICS), {"shown": preview(made[: settings.shown])})


def _previews(settings: Settings, arrays: Mapping[Run, Arrays]) -> Arrays:
    first = settings.seeds[0]
    previews = {"truth": preview(shapes(settings).test[: settings.shown])}
    for network in settings.networks:
        for loss in settings.losses:
            previews[f"{network}/{loss}"] = arrays[Run(network, loss, first)]["shown"]
        previews[f"{network}/steps"] = arrays[Run(network, "CD", first)]["steps"]
    return previews


def _held_out(settings: Settings, network: nn.Module) -> Tensor:
    return shapes(settings).test.to(next(network.parameters()).device)


PARTS = Parts(_origin, _training, _method, _look, _measure, _previews)
