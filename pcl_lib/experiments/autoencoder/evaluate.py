"""What an auto-encoder is worth: metrics of reconstructions of held-out shapes, each a mean over shapes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from jaxtyping import Float
from torch import Tensor, nn

from pcl_lib.distances import chamfer, em_kd, emd
from pcl_lib.experiments.autoencoder.data import shapes
from pcl_lib.experiments.autoencoder.settings import BASELINE, METRICS, Settings
from pcl_lib.experiments.runner.evaluation import evaluated
from pcl_lib.experiments.runner.experiment import Measured, Run
from pcl_lib.experiments.runner.npz import Arrays, preview
from pcl_lib.metrics import half_sum_hausdorff, mcd

_TOGETHER = 64  # clouds that go through the network at once


def reconstruct(network: nn.Module, clouds: Float[Tensor, "b n d"]) -> Float[Tensor, "b m d"]:
    """What the network makes of the clouds in evaluation; it is in training mode again afterwards."""
    return evaluated(network, clouds, together=_TOGETHER)


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


def look(settings: Settings, modules: Mapping[str, nn.Module]) -> Arrays:
    """The measure of the curves, and the first shape as the network makes it now."""
    network = modules["model"]
    some = _held_out(settings, network)[: settings.curve_shapes]
    made = reconstruct(network, some)
    value = metrics(settings, made, some, [settings.curve_measure])[settings.curve_measure]
    return {"value": np.array(value), "made": preview(made[0])}


def measure(settings: Settings, modules: Mapping[str, nn.Module]) -> Measured:
    network = modules["model"]
    held_out = _held_out(settings, network)
    made = reconstruct(network, held_out)
    return Measured(metrics(settings, made, held_out, METRICS), {"shown": preview(made[: settings.shown])})


def previews(settings: Settings, arrays: Mapping[Run, Arrays]) -> Arrays:
    first = settings.seeds[0]
    found = {"truth": preview(shapes(settings).test[: settings.shown])}
    for network in settings.networks:
        for loss in settings.losses:
            found[f"{network}/{loss}"] = arrays[Run((network, loss), first)]["shown"]
        found[f"{network}/steps"] = arrays[Run((network, BASELINE), first)]["steps"]
    return found


def _held_out(settings: Settings, network: nn.Module) -> Tensor:
    return shapes(settings).test.to(next(network.parameters()).device)
