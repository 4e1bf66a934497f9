"""What a row is worth: distances of the clouds it makes to other points of the same test shapes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from pcl_lib.distances import chamfer, displacement
from pcl_lib.experiments.gradient_fields.build import matching
from pcl_lib.experiments.gradient_fields.data import shapes
from pcl_lib.experiments.gradient_fields.rounds import Progress
from pcl_lib.experiments.gradient_fields.settings import (
    EXACT,
    METRICS,
    ORACLE,
    OURS,
    UNTRAINED,
    FieldSettings,
    Row,
)
from pcl_lib.experiments.runner.evaluation import evaluated
from pcl_lib.experiments.runner.experiment import Measured, Run
from pcl_lib.experiments.runner.npz import Arrays, preview
from pcl_lib.metrics import approximate_emd
from pcl_lib.models import GradientDecoder, annealed_langevin, langevin_start, noise_levels

Field = Callable[[Tensor, float], Tensor]
# Shapes that go through a network at once: their points fit a processor's cache.
_TOGETHER = 8
REACH = 4.0  # of training points: the shapes lie in [-1, 1]^d, the widest noise has a deviation of 1
BETWEEN = 5  # clouds between two shapes, the ends among them


def of_shapes(made: Float[Tensor, "t n d"], truth: Float[Tensor, "t n d"]) -> dict[str, Float[Tensor, "t"]]:
    """The metrics of each shape: squared lengths for CD, from the made points to the truth and back; EMD in lengths."""
    there, back = (chamfer(made, truth, combine=way) for way in ("forward", "backward"))
    columns = (there + back, there, back, matching(made, truth), printed_emd(made, truth))
    return dict(zip(METRICS, columns, strict=True))


def printed_emd(made: Float[Tensor, "t n d"], truth: Float[Tensor, "t n d"]) -> Float[Tensor, "t"]:
    """What the paper calls EMD, one pair after the other. A cloud so far off that mass is left over, which a network
    that is hardly trained may make, has it matched in a last pass."""

    def one(pair: tuple[Tensor, Tensor]) -> Tensor:
        try:
            return approximate_emd(*pair)
        except ValueError:
            return approximate_emd(*pair, last_pass=True)

    return torch.stack([one(pair) for pair in zip(made, truth, strict=True)])


def run_of(modules: Mapping[str, nn.Module]) -> Run:
    """Which run these networks are of."""
    progress = modules["progress"]
    assert isinstance(progress, Progress)
    return progress.run


def row_of(settings: FieldSettings, modules: Mapping[str, nn.Module]) -> Row:
    return settings.row(run_of(modules).configuration)


@torch.no_grad()
def made_of(settings: FieldSettings, modules: Mapping[str, nn.Module], count: int) -> Float[Tensor, "t n d"]:
    """The clouds that a row makes of the first test shapes, on the CPU."""
    data, row, seed = shapes(settings), row_of(settings, modules), run_of(modules).seed
    given = data.given[:count, : row.given]
    if row.model == ORACLE:
        return data.again[:count]
    if row.model not in (OURS, EXACT):
        return evaluated(modules["model"], given, together=_TOGETHER).cpu()
    parts = []
    for k, some in enumerate(given.split(_TOGETHER)):
        of: dict[str, Any] = {"count": len(some), "seed": 1000 * seed + k, "like": _device(modules)}
        if row.model == EXACT:
            parts.append(sampled(settings, exact_field(some), **of))
            continue
        with evaluating(modules["decoder"]) as decoder:
            parts.append(sampled(settings, within(decoder.field(codes(modules, some))), **of))
    return torch.cat(parts).cpu()


def exact_field(clouds: Float[Tensor, "b m d"]) -> Field:
    """The field of the points themselves: what is to be learnt, known without learning."""
    return lambda points, sigma: displacement(points, clouds.to(points), sigma)


@torch.no_grad()
def codes(modules: Mapping[str, nn.Module], clouds: Float[Tensor, "b m d"]) -> Float[Tensor, "b k"]:
    return evaluated(modules["encoder"], clouds, together=_TOGETHER)


def within(field: Field) -> Field:
    """A learned field that is asked inside of [-4, 4]^d alone: a point beyond is first brought to the border.

    No training point lies there, and conditional norms make the network a polynomial of the place, of twice the degree
    for every norm: one stray point of a network that is hardly trained would otherwise fly to infinity.
    """

    def inside(points: Tensor, sigma: float) -> Tensor:
        kept = points.clamp(-REACH, REACH)
        return field(kept, sigma) + (kept - points)

    return inside


@contextmanager
def evaluating(decoder: nn.Module) -> Iterator[GradientDecoder]:
    """The decoder in evaluation within, in training mode again afterwards."""
    assert isinstance(decoder, GradientDecoder)
    decoder.eval()
    try:
        yield decoder
    finally:
        decoder.train()


def sampled(
    settings: FieldSettings, field: Field, count: int, *, seed: int, like: torch.device
) -> Float[Tensor, "b n d"]:
    """Points of so many shapes by annealed Langevin, from uniform points of the box."""
    start = langevin_start("uniform", (count, settings.n_points, settings.dims), seed=seed)
    # Another stream than that of the start, whose numbers would come again as the first noise.
    return annealed_langevin(
        field, start.to(like), noise_levels(1.0, 0.01, settings.ladder), seed=seed + 1_000_000
    ).points


def look(settings: FieldSettings, modules: Mapping[str, nn.Module]) -> Arrays:
    """The EMD of the first test shapes, and the first of them as it is made now."""
    made = made_of(settings, modules, settings.curve_shapes)
    value = matching(made, shapes(settings).reference[: len(made)]).mean()
    return {"value": np.array(float(value)), "made": preview(made[0])}


def measure(settings: FieldSettings, modules: Mapping[str, nn.Module]) -> Measured:
    data = shapes(settings)
    made = made_of(settings, modules, settings.test_shapes)
    found = of_shapes(made, data.reference)
    metrics = {name: float(values.double().mean()) for name, values in found.items()}
    updates = int(modules["progress"].get_buffer("updates"))
    arrays = {
        "shapes": torch.stack(list(found.values())).numpy().astype(np.float32),
        "shown": preview(made[: settings.shown]),
    }
    if row_of(settings, modules).model == OURS:
        arrays |= _of_codes(settings, modules)
    return Measured(metrics | {"updates": float(updates)}, arrays)


def _of_codes(settings: FieldSettings, modules: Mapping[str, nn.Module]) -> Arrays:
    """The codes of the test shapes, and the clouds between the first two of them."""
    given = shapes(settings).given[:, : row_of(settings, modules).given]
    found = codes(modules, given)
    share = torch.linspace(0, 1, BETWEEN, device=found.device)[:, None]
    with evaluating(modules["decoder"]) as decoder:
        field = within(decoder.field((1 - share) * found[0] + share * found[1]))
        between = sampled(settings, field, BETWEEN, seed=run_of(modules).seed, like=found.device)
    return {"codes": found.cpu().numpy().astype(np.float16), "between": preview(between)}


def previews(settings: FieldSettings, arrays: Mapping[Run, Arrays]) -> Arrays:
    """ "given" and "reference" (k, N, D); "<row>" (k, N, D) and "<row>/steps" (looks, N, D) of the first seed;
    "<row>/shapes" (seeds, metrics, T), each metric of each test shape; "labels" (T,); and of ours "codes" (T, K) and
    "between" (5, N, D), of the first seed."""
    data = shapes(settings)
    found = {
        "given": preview(data.given[: settings.shown]),
        "reference": preview(data.reference[: settings.shown]),
        "labels": np.array(data.labels),
    }
    for name in settings.rows:
        of = [arrays[Run((name,), seed)] for seed in settings.seeds]
        found[name] = of[0]["shown"]
        found[f"{name}/shapes"] = np.stack([each["shapes"] for each in of])
        if settings.row((name,)).model not in UNTRAINED:
            found[f"{name}/steps"] = of[0]["steps"]
        if name == OURS:
            found |= {"codes": of[0]["codes"], "between": of[0]["between"]}
    return found


def _device(modules: Mapping[str, nn.Module]) -> torch.device:
    """Where the networks are, or would be."""
    return modules["progress"].get_buffer("updates").device
