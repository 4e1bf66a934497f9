"""The networks that settings name, with the weights of a seed, and what trains them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from pcl_lib.distances import em_kd
from pcl_lib.experiments.neuralqaad.data import QaadSet, first_shape, given
from pcl_lib.experiments.neuralqaad.published import ATLAS, CHAMFER, GREEDY, OURS, RANDOM
from pcl_lib.experiments.neuralqaad.settings import (
    ALONE,
    STARTS,
    TRUE,
    UNTRAINED,
    QaadSettings,
)
from pcl_lib.experiments.neuralqaad.sizes import atlas, atlas_widths, layers, weights
from pcl_lib.experiments.runner.experiment import Run
from pcl_lib.experiments.runner.of_run import Label, Untrained
from pcl_lib.models import AtlasV2Decoder, NeuralQAAD, PointNet
from pcl_lib.trainers import QAAD, Assignments, Engine, Method

# Shapes whose mean the input cloud begins as, where it is not one of them.
MEAN_OF = 8


def network(settings: QaadSettings, run: Run) -> NeuralQAAD:
    """The network of a run, with an input cloud that begins as a training shape; the caller's random numbers stay."""
    row = settings.row(run.configuration)
    trunk, heads = layers(settings, row)
    start = input_start(settings, run)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(run.seed)
        return NeuralQAAD(
            settings.shapes,
            settings.cloud_points,
            settings.code_dim,
            row.patches,
            trunk=trunk,
            heads=heads,
            start=start,
        )


def input_start(settings: QaadSettings, run: Run) -> Float[Tensor, "n 3"]:
    """One training shape, or the mean of several whose points are matched to those of the first."""
    row = settings.row(run.configuration)
    clouds, first = given(settings, row).clouds, first_shape(settings, run)
    if row.start == STARTS[0]:
        return clouds[first]
    count = min(MEAN_OF, settings.shapes)
    some = [clouds[(first + k * settings.shapes // count) % settings.shapes] for k in range(count)]
    matched = [other[em_kd(some[0], other, leaf_size=settings.leaf_size).matching] for other in some]
    return torch.stack(matched).mean(0)


def encoder(settings: QaadSettings, run: Run) -> PointNet:
    """The encoder, the same for every row of a seed, and discarded in the end by those that have a table."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(run.seed)
        return PointNet(settings.encoder, (settings.code_dim,), end="linear")


def atlas_decoder(settings: QaadSettings, run: Run) -> AtlasV2Decoder:
    """AtlasNetV2 with as many patches as NeuralQAAD and, within one per cent, as many weights."""
    row = settings.row(run.configuration)
    trunk, heads = layers(settings, row)
    target = weights(3 + settings.code_dim, (*trunk, *heads), len(trunk), row.patches)
    widths = atlas_widths(settings.code_dim, row.patches, target)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(run.seed)
        return atlas(settings.code_dim, settings.cloud_points, row.patches, *widths)


def true_assignment(of: QaadSet, model: NeuralQAAD, first: int) -> Int64[Tensor, "s n"]:
    """For each point of the input cloud, which begins as shape `first`, the row of its place in each cloud."""
    assert of.places is not None
    place = of.places[first][model.order.cpu()]
    return of.places.argsort(1)[:, place]


# Where the assignment of a row begins, and whether it is mended.
ASSIGNMENTS = {
    RANDOM: ("random", False),
    GREEDY: ("greedy", False),
    OURS: ("greedy", True),
    ALONE: ("random", True),
    TRUE: ("given", False),
}


class OfSet:
    """A method whose batches are those of `clouds`: what an experiment on several sets hands out are only rows."""

    def __init__(self, task: Method, clouds: Float[Tensor, "s n 3"], run: Run) -> None:
        self.task, self.clouds = task, clouds
        self.modules = {**task.modules, "run": Label(run)}
        self.optimizers = dict(task.optimizers)

    def step(self, batch: Tensor, index: Int64[Tensor, "b"], engine: Engine) -> Mapping[str, Any]:  # noqa: ARG002
        return self.task.step(self.clouds[index.to(self.clouds.device)], index, engine)


def method(settings: QaadSettings, run: Run, device: torch.device) -> Method:
    """What trains a run: every row of Table 1 is one method with other options."""
    row = settings.row(run.configuration)
    if row.method in UNTRAINED:
        return Untrained(run)
    of = given(settings, row)
    clouds = of.clouds.to(device)
    encode = encoder(settings, run).to(device)
    usual = partial(
        QAAD, encoder=encode, clouds=clouds, steps=settings.steps, points=row.points, rate=settings.rate
    )
    if row.method in (ATLAS, CHAMFER):
        model = atlas_decoder(settings, run) if row.method == ATLAS else network(settings, run)
        return OfSet(usual(model.to(device), pretraining=1.0), clouds, run)
    auto_decoder = network(settings, run)
    start, reassignment = ASSIGNMENTS[row.method]
    if row.method == TRUE:
        true = true_assignment(of, auto_decoder, first_shape(settings, run))
        table = Assignments.of(of.clouds, true)
    else:
        table = Assignments(*of.clouds.shape[:2])
    task = usual(
        auto_decoder.to(device),
        assignments=table.to(device),
        pretraining=settings.pretraining,
        start=start,
        reassignment=reassignment,
        leaf_size=settings.leaf_size,
    )
    return OfSet(task, clouds, run)


def has_table(modules: Mapping[str, nn.Module]) -> bool:
    """Whether the codes of a run are those of its table by now, and no longer those of its encoder."""
    table = modules.get("assignments")
    return isinstance(table, Assignments) and int(table.begun) >= 0


def assignment_of(modules: Mapping[str, nn.Module]) -> Int64[Tensor, "s n"]:
    """The row of each cloud that each point of the input cloud is assigned to, on the CPU."""
    table = modules["assignments"]
    assert isinstance(table, Assignments)
    return table.of_point.long().cpu()
