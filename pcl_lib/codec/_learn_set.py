"""Train the network that a data set is stored as."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from jaxtyping import Float
from lightning_fabric import Fabric
from torch import Tensor

from pcl_lib._checks import check_cloud, check_integer, check_option, check_positive
from pcl_lib._files import write_whole
from pcl_lib.models import NEURALQAAD_SIZES, NeuralQAAD, PointNet
from pcl_lib.trainers import QAAD, Assignments, fit

SETTINGS = "settings.json"
DEVICES = ("auto", "cpu", "cuda")
_CHECKPOINT_SECONDS = 60.0  # what a stopped run loses at most


class LearntSet(NamedTuple):
    """A network that makes each cloud of a data set in the box [-1, 1], and where that box lies: `centre`, half side
    `scale`."""

    model: NeuralQAAD
    centre: tuple[float, float, float]
    scale: float


@dataclass(frozen=True)
class _Settings:
    """What a run in a folder is known by."""

    shapes: int
    points: int
    code_size: int
    patches: int
    trunk: tuple[int, ...]
    heads: tuple[int, ...]
    steps: int
    batch: int
    sample: int
    rate: float
    seed: int


def learn_set(
    clouds: Float[Tensor, "s n 3"],
    *,
    code_size: int = 10,
    patches: int = 16,
    trunk: Sequence[int] = NEURALQAAD_SIZES["128 three times"].trunk,
    heads: Sequence[int] = NEURALQAAD_SIZES["128 three times"].heads,
    steps: int = 3000,
    batch: int = 8,
    sample: int = 512,
    rate: float = 1e-3,
    seed: int = 0,
    folder: str | Path | None = None,
    device: str = "auto",
    progress: bool = True,
) -> LearntSet:
    r"""Train a NeuralQAAD on clouds of one size, in any unit and any order of points.

    .. math:: u = (x - c) / h \in [-1, 1]^3

    One box for the whole data set, centre c and half side h, so that a small cloud stays smaller than a large one.

    - `code_size`: numbers for each cloud.
    - `patches`: a power of two that divides N.
    - `trunk`, `heads`: widths of the layers, as in `pcl_lib.models.NeuralQAAD`; smaller ones for few clouds.
    - `steps`: of training; the first quarter by the augmented Chamfer distance, the others on assigned points.
    - `batch`: clouds in a step, at least 2; all where there are fewer.
    - `sample`: points of each in a step, rounded down to a multiple of the patches; all where there are fewer.
    - `rate`: of Adam.
    - `seed`: of everything that is drawn.
    - `folder`: where checkpoints go; a run that was stopped goes on from there.
    - `device`: "cpu", "cuda", or "auto": a GPU where there is one.
    - `progress`: a bar on stderr.

    Shapes: clouds (S, N, 3) with S of at least 2. Returns a `LearntSet`; the network is on the CPU. Cost: a
    step is O(batch sample) time; about 60 ms of one core with the defaults; the greedy start takes about a
    second for each cloud of 65,536 points. Errors: `ValueError` for clouds that are not finite or all one
    point, sizes that do not fit each other, a folder with another run. Reference: neuralqaad2022.

    >>> _ = torch.manual_seed(0)
    >>> clouds = torch.rand(4, 32, 3) * torch.tensor([1.0, 2.0, 3.0, 4.0])[:, None, None]
    >>> learnt = learn_set(clouds, code_size=2, patches=2, trunk=(16,), steps=20, progress=False)
    >>> learnt.model.codes.weight.shape, 1.9 < learnt.scale < 2.0
    (torch.Size([4, 2]), True)
    """
    check_cloud(clouds, "clouds", dims=3)
    if clouds.ndim != 3 or len(clouds) < 2:
        raise ValueError(f"clouds must be at least 2 of one size, (S, N, 3), received {tuple(clouds.shape)}")
    check_option("device", device, DEVICES)
    check_positive("rate", rate)
    shapes, points, _ = clouds.shape
    patches = check_integer("patches", patches, 1, points, of=f"the {points} points of a cloud")
    sample = max(1, min(check_integer("sample", sample, 1), points) // patches) * patches
    batch = min(check_integer("batch", batch, 2), shapes)
    settings = _Settings(
        shapes, points, code_size, patches, tuple(trunk), tuple(heads), steps, batch, sample, rate, seed
    )  # fmt: skip
    centre, scale = _box(clouds)
    boxed = torch.stack([((cloud.double() - centre) / scale).float() for cloud in clouds])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        start = boxed[int(torch.randint(shapes, ()))]
        model = NeuralQAAD(shapes, points, code_size, patches, trunk=trunk, heads=heads, start=start)
        encoder = PointNet((64, 128, 256), (code_size,), end="linear")
    method = QAAD(model, encoder, boxed, Assignments(shapes, points), steps=steps, points=sample, rate=rate)
    if folder is not None:
        _claim(Path(folder), settings)
    cuda = device == "cuda" or (device == "auto" and torch.cuda.is_available())
    fit(
        method,
        boxed,
        batch_size=batch,
        steps=steps,
        seed=seed,
        folder=folder,
        checkpoint_every=100,
        checkpoint_seconds=_CHECKPOINT_SECONDS,
        progress=progress,
        fabric=Fabric(accelerator="cuda" if cuda else "cpu", devices=1),
    )
    x, y, z = centre.tolist()
    return LearntSet(model.cpu().eval(), (x, y, z), scale)


def _box(clouds: Tensor) -> tuple[Tensor, float]:
    """Centre and half of the longest side of the box of all clouds together, in double precision."""
    low, high = (end.double() for end in torch.aminmax(clouds.flatten(0, 1), dim=0))
    scale = float((high - low).max()) / 2
    if not scale > 0:
        raise ValueError("clouds must have an extent, received points that are all the same")
    return (low + high) / 2, scale


def _claim(folder: Path, settings: _Settings) -> None:
    """Make the folder that of this run, or find that it is."""
    path = folder / SETTINGS
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps(asdict(settings)).encode())
        return
    found = json.loads(path.read_text(encoding="utf-8"))
    now = json.loads(json.dumps(asdict(settings)))
    other = [f"{name} {found.get(name)} (now {now[name]})" for name in now if found.get(name) != now[name]]
    if other:
        raise ValueError(
            f"the folder {folder} holds a run with {', '.join(other)}; go on with the same options, delete the "
            "folder, or take another"
        )
