"""What free clouds are worth: metrics of each shape, how far points still move, what the loss sees of a truth."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from pcl_lib.distances import chamfer, emd
from pcl_lib.experiments.learned_losses.free_build import learned, shapes, start
from pcl_lib.experiments.learned_losses.free_settings import METRICS, Settings
from pcl_lib.experiments.runner.experiment import Measured, Run
from pcl_lib.experiments.runner.npz import Arrays, preview
from pcl_lib.losses import CALoss
from pcl_lib.metrics import half_sum_hausdorff, mcd, uniformity
from pcl_lib.neighbors import nearest


def of_shapes(settings: Settings, made: Float[Tensor, "s n d"], name: str) -> Float[Tensor, "s"]:
    """A metric of each shape: squared lengths for MCD, HD and CD, lengths for the others."""
    truth, thin, areas = shapes(settings)
    functions: dict[str, Callable[[], Tensor]] = {
        "MCD": lambda: mcd(made, truth, sizes=settings.mcd_sizes, centres=settings.mcd_centres),
        "HD": lambda: half_sum_hausdorff(made, truth),
        "CD": lambda: chamfer(made, truth),
        "EMD": lambda: emd(made, truth).value,
        "uniformity": lambda: torch.stack(
            [
                uniformity(cloud, area=area, percentages=settings.disks).mean()
                for cloud, area in zip(made, areas, strict=True)
            ]
        ),
        "thin parts": lambda: torch.stack(
            [thin_error(*each) for each in zip(made, truth, thin, strict=True)]
        ),
    }
    return functions[name]().double()


def thin_error(
    made: Float[Tensor, "m d"], truth: Float[Tensor, "n d"], thin: Bool[Tensor, "n"]
) -> Float[Tensor, ""]:
    """Mean length from the thin part's points to the nearest made, and back from those made that lie nearest to it.

    Half of the sum of both ways; where no made point lies nearest to the part, the way from it alone.
    """
    there = nearest(truth[thin], made).sq_dist.sqrt().mean()
    from_made = nearest(made, truth)
    beside = thin[from_made.index]
    if not beside.any():
        return there
    return (there + from_made.sq_dist[beside].sqrt().mean()) / 2


def look(settings: Settings, modules: Mapping[str, nn.Module]) -> Arrays:
    """The measure of the curves, and all points where they are now."""
    made = _points(modules)
    return {
        "value": np.array(float(of_shapes(settings, made, settings.curve_measure).mean())),
        "made": made.numpy(),
    }


def measure(settings: Settings, modules: Mapping[str, nn.Module]) -> Measured:
    made = _points(modules)
    found = {name: of_shapes(settings, made, name) for name in METRICS}
    arrays = {
        "shapes": torch.stack(list(found.values())).numpy().astype(np.float32),
        "shown": preview(made[_shown(settings)]),
    }
    loss = modules.get("loss")
    if isinstance(loss, CALoss):
        arrays["sizes"] = sizes(settings, loss)
    return Measured({name: float(values.mean()) for name, values in found.items()}, arrays)


@torch.no_grad()
def sizes(settings: Settings, loss: CALoss) -> np.ndarray:
    """Two numbers (2,): the mean L1 norm of the truths' representations, and their mean distance from each other."""
    truth = shapes(settings).clouds.to(next(loss.parameters()).device)
    codes = loss.represent(truth, loss.delta(loss.points(truth)))
    apart = torch.cdist(codes, codes, p=1).sum() / (len(codes) * (len(codes) - 1))
    return np.array([float(codes.abs().sum(-1).mean()), float(apart)])


def previews(settings: Settings, arrays: Mapping[Run, Arrays]) -> Arrays:
    """The arrays that `free_clouds.run` describes."""
    first, truth = settings.seeds[0], shapes(settings).clouds
    kept = _shown(settings)
    begin = {seed: start(settings, seed).points.detach() for seed in settings.seeds}
    found = {"truth": preview(truth[kept]), "start": preview(begin[first][kept])}
    on_path = settings.path_steps // settings.path_every
    for loss in settings.losses:
        of = [arrays[Run((loss,), seed)] for seed in settings.seeds]
        found[f"{loss}/shapes"] = np.stack([each["shapes"] for each in of])
        found[f"{loss}/final"] = of[0]["shown"]
        found[f"{loss}/path"] = of[0]["steps"][:on_path, 0].astype(np.float16)
        paths = [
            np.concatenate([begin[seed][None].numpy(), each["steps"]])
            for seed, each in zip(settings.seeds, of, strict=True)
        ]
        found[f"{loss}/moved"] = np.stack([_moved(path, settings.logged_steps) for path in paths])
        found[f"{loss}/EMD"] = np.stack(
            [[emd(torch.from_numpy(at), truth).value.numpy() for at in path[1:]] for path in paths]
        ).astype(np.float32)
        if "sizes" in of[0]:
            untrained = [sizes(settings, _caloss(loss, seed)) for seed in settings.seeds]
            found[f"{loss}/sizes"] = np.stack(
                [[before, each["sizes"]] for before, each in zip(untrained, of, strict=True)]
            ).astype(np.float32)
    return found


def _caloss(name: str, seed: int) -> CALoss:
    found = learned(name, seed)
    assert isinstance(found, CALoss)
    return found


def _moved(path: np.ndarray, steps: tuple[int, ...]) -> np.ndarray:
    """(looks,): how far a point moves in a step, the mean length between looks over the steps between."""
    lengths = np.linalg.norm(np.diff(path, axis=0), axis=-1).mean((1, 2))
    moved: np.ndarray = (lengths / np.diff((0, *steps))).astype(np.float32)
    return moved


def _points(modules: Mapping[str, nn.Module]) -> Tensor:
    return modules["model"].get_parameter("points").detach().cpu().clone()


def _shown(settings: Settings) -> slice:
    """Evenly over the shapes, so that each family is seen; the first shape among them."""
    return slice(0, settings.batch_size, settings.batch_size // settings.shown)
