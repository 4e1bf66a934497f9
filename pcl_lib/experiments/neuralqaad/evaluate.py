"""What a row is worth: whole clouds, at full resolution, against the clouds and against the true places."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from pcl_lib.distances import chamfer, em_kd, quadratic_cost
from pcl_lib.experiments.neuralqaad import build, scores
from pcl_lib.experiments.neuralqaad.data import again, evaluated_rows, given, load
from pcl_lib.experiments.neuralqaad.settings import (
    ASSIGNED,
    AWAY,
    COARSE,
    EM_KD,
    FLOOR,
    INSIDE,
    PCA,
    PER_CENT,
    PLACE,
    QUADRATIC,
    SEAM,
    QaadSettings,
)
from pcl_lib.experiments.runner.evaluation import evaluated
from pcl_lib.experiments.runner.experiment import Measured, Run
from pcl_lib.experiments.runner.npz import Arrays, preview
from pcl_lib.experiments.runner.of_run import run_of
from pcl_lib.models import AtlasV2Decoder, NeuralQAAD

COARSE_LEAF = 1024
_TOGETHER = 4


@torch.no_grad()
def made_of(
    settings: QaadSettings, modules: Mapping[str, nn.Module], rows: Int64[Tensor, "t"]
) -> Float[Tensor, "t n 3"]:
    """What a row makes of these clouds, all points, on the CPU."""
    run = run_of(modules)
    row = settings.row(run.configuration)
    if row.method == FLOOR:
        return again(settings, row, run.seed)[rows]
    if row.method == PCA:
        return scores.linear_code(load(settings, row.set).truth, settings.code_dim)[rows]
    model = modules["model"]
    code = codes(settings, modules, rows)
    if isinstance(model, NeuralQAAD):
        return torch.cat([model.reconstruct(some) for some in code.split(_TOGETHER)]).cpu()
    return evaluated(model, code, together=_TOGETHER).cpu()


@torch.no_grad()
def codes(
    settings: QaadSettings, modules: Mapping[str, nn.Module], rows: Int64[Tensor, "t"]
) -> Float[Tensor, "t l"]:
    """The codes of these clouds: those of the table once it has them, else of the encoder, of whole clouds."""
    if build.has_table(modules):
        model = modules["model"]
        assert isinstance(model, NeuralQAAD)
        found: Tensor = model.codes(rows.to(model.codes.weight.device))
        return found
    row = settings.row(run_of(modules).configuration)
    return evaluated(modules["encoder"], given(settings, row).clouds[rows], together=_TOGETHER)


def matched(settings: QaadSettings, made: Tensor, truth: Tensor, *, leaf_size: int | None = None) -> Tensor:
    """EM-kD of each cloud, a mean of lengths."""
    return em_kd(made, truth, leaf_size=leaf_size or settings.leaf_size).value


def look(settings: QaadSettings, modules: Mapping[str, nn.Module]) -> Arrays:
    """EM-kD of some clouds in per cent; of the first of them what is made now, and the input cloud if there is one."""
    row = settings.row(run_of(modules).configuration)
    of, rows = load(settings, row.set), evaluated_rows(settings, settings.curve_shapes)
    made = made_of(settings, modules, rows)
    value = matched(settings, made, of.clouds[rows]).double().mean() / of.deviation
    shown = [made[0]]
    if isinstance(modules.get("model"), NeuralQAAD):
        shown.append(input_cloud(modules))
    return {
        "value": np.array(100 * float(value)),
        "made": np.stack([preview(thinned(settings, cloud)) for cloud in shown]),
    }


def measure(settings: QaadSettings, modules: Mapping[str, nn.Module]) -> Measured:
    run = run_of(modules)
    row = settings.row(run.configuration)
    of, rows = load(settings, row.set), evaluated_rows(settings, settings.evaluated)
    clouds, truth = of.clouds[rows], of.truth[rows]
    made = made_of(settings, modules, rows)
    whole = matched(settings, made, clouds)
    found = {EM_KD: whole.double().mean()}
    arrays: Arrays = {"shown": preview(_shown(settings, made))}
    if settings.coarse:
        few = slice(None, settings.coarse)
        found[COARSE] = matched(settings, made[few], clouds[few], leaf_size=COARSE_LEAF).double().mean()
    if row.method != FLOOR:  # its points are others in each cloud
        followed = scores.follow(made, truth)
        errors = scores.place_errors(made, truth, followed).double()
        found[PLACE] = errors.mean()
        arrays["shapes"] = np.stack([whole.numpy(), errors.mean(1).numpy()]).astype(np.float32)
        arrays["errors"] = preview(_shown(settings, scores.point_errors(made, truth, followed)))
    patch = patch_of(modules, made.shape[1])
    if patch is not None:
        glued = scores.seams(made, truth, patch)
        if glued.between.any():
            found[SEAM] = glued.error[glued.between].double().mean()
            found[INSIDE] = glued.error[~glued.between].double().mean()
    if isinstance(modules.get("model"), NeuralQAAD):
        q = input_cloud(modules)
        ways = [chamfer(q, cloud, squared=False, combine="mean") for cloud in of.clouds]
        found[AWAY] = torch.stack(ways).double().min()
        before = build.network(settings, run).input_cloud.detach()
        arrays["input"] = np.stack([preview(thinned(settings, cloud)) for cloud in (before, q)])
    metrics = {}
    for name, value in found.items():
        metrics[name] = float(value) * of.unit
        metrics[name + PER_CENT] = 100 * float(value) / of.deviation
    if row.method in ASSIGNED:
        metrics[QUADRATIC] = assignment_cost(settings, modules)
    return Measured(metrics, arrays)


def assignment_cost(settings: QaadSettings, modules: Mapping[str, nn.Module]) -> float:
    """E(A) of what a training ended with, a mean over pairs of points and a few clouds.

    The neighbours are those of the input cloud as it began, some of whose points are taken: a cloud that shrinks while
    it is trained would change the cost of any assignment.
    """
    run = run_of(modules)
    row = settings.row(run.configuration)
    assignment = build.assignment_of(modules)
    start = build.network(settings, run).input_cloud.detach()
    generator = torch.Generator().manual_seed(run.seed)
    some = torch.randperm(len(start), generator=generator)[: settings.assigned_points]
    clouds = given(settings, row).clouds
    pairs = settings.assigned_points * (settings.assigned_points - 1)
    costs = [
        quadratic_cost(
            start[some], clouds[k][assignment[k, some]], torch.arange(len(some)), coincident="leave out"
        )
        for k in evaluated_rows(settings, settings.curve_shapes).tolist()
    ]
    return float(torch.stack(costs).double().mean()) / pairs


def patch_of(modules: Mapping[str, nn.Module], points: int) -> Int64[Tensor, "n"] | None:
    """The patch of each made point; None for a row that has none."""
    model = modules.get("model")
    if isinstance(model, NeuralQAAD):
        return torch.arange(points) // (points // model.patches)
    return torch.arange(points) % model.patches if isinstance(model, AtlasV2Decoder) else None


def input_cloud(modules: Mapping[str, nn.Module]) -> Float[Tensor, "n 3"]:
    model = modules["model"]
    assert isinstance(model, NeuralQAAD)
    return model.input_cloud.detach().cpu()


def thinned(settings: QaadSettings, points: Tensor) -> Tensor:
    """So many of the rows of a cloud, evenly spread: as many of each patch."""
    return points[torch.arange(settings.shown_points) * len(points) // settings.shown_points]


def _shown(settings: QaadSettings, clouds: Tensor) -> Tensor:
    return torch.stack([thinned(settings, cloud) for cloud in clouds[: settings.shown]])


def previews(settings: QaadSettings, arrays: Mapping[Run, Arrays]) -> Arrays:
    """Of each set "<set>/truth" (k, n, 3). Of each configuration, its values joined by "/": the clouds of the first
    seed (k, n, 3); "<..>/errors" (k, n), from each point to its place; "<..>/shapes" (seeds, 2, T), EM-kD and the
    error to the true place of each cloud; with an input cloud "<..>/input" (2, n, 3), before and after, and of the
    whole method "<..>/steps" (looks, 2, n, 3), a cloud and the input cloud. Lengths are those of the frame."""
    found: Arrays = {}
    for name in settings.sets:
        truth = load(settings, name).truth[evaluated_rows(settings, settings.evaluated)]
        found[f"{name}/truth"] = preview(_shown(settings, truth))
    for configuration in settings.configurations:
        of = [arrays[Run(configuration, seed)] for seed in settings.seeds]
        key, first = "/".join(configuration), of[0]
        found[key] = first["shown"]
        for kept in ("errors", "input"):
            if kept in first:
                found[f"{key}/{kept}"] = first[kept]
        if "shapes" in first:
            found[f"{key}/shapes"] = np.stack([each["shapes"] for each in of])
        if settings.follows(configuration):
            found[f"{key}/steps"] = first["steps"]
    return found
