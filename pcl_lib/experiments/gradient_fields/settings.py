"""What the experiments on gradient fields depend on: a frozen dataclass for each, on one base."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from pcl_lib.experiments.gradient_fields.published import CELLS, FULL
from pcl_lib.experiments.runner.experiment import Configuration
from pcl_lib.experiments.runner.settings_checks import check_known, check_runs, evenly
from pcl_lib.models import GRADIENT_DECODERS

OURS, ORACLE, EXACT = "ShapeGF", "oracle", "no network"
UNTRAINED = (ORACLE, EXACT)
BASELINES = ("l-GAN CD", "l-GAN EMD", "AtlasNet sphere", "AtlasNet patches")
MODELS = (*UNTRAINED, OURS, *BASELINES)
# Those of Table 8, and two that it has not: the decoder of the released checkpoints, and one that never sees sigma.
VARIANTS = tuple(GRADIENT_DECODERS)
DATA = ("digits", "families", "airplanes")
METRICS = ("CD", "CD to truth", "CD coverage", "EMD", "approximate EMD")


class Row(NamedTuple):
    """What is trained for a configuration: a `model`, for ours the decoder's `variant`; the `pool` of points of a
    training shape, and how many of them are drawn and `given` in a step, or to be encoded at the end."""

    model: str
    variant: str
    pool: int
    given: int


@dataclass(frozen=True)
class FieldSettings:
    """What all of them depend on. From the paper: ten sigmas from 1 to 0.01, ten steps each, the decay of the rates.

    - `rows`: the runs by name, each with each of the `seeds`.
    - `data`: "digits" (scikit-learn's, 2-D), "families" (synthetic shapes of the `family`) or "airplanes" (ModelNet40,
      from the folder in PCL_DATA: 2,048 points each, so half of them are given and half are the reference).
    - `pool`: points of each training shape, independent draws, of which each step draws anew. `n_points`: points of a
      cloud that is given, made and held against as many others of the same shape.
    - `code_dim`, `encoder`, `head`: the encoder, the same for all; the paper's are 128, (128, 128, 256, 512) and
      (256, 128). `hidden`, `blocks`: of the gradient decoder.
    - `rates`: the rate of Adam by model; the encoder has it too.
    - `weighting`, `levels`: of the loss, see `denoising_loss`: one level a shape and step, as released. `ladder`: how
      many noise levels there are. `loss_points`: of the points that are given in a step, so many at most are moved by
      noise, so that a step with many costs about what one with few does; 0 for all, as in the paper.
    - `shapes_per_update`: of a step. `rounds` of training, each of `seconds` / `rounds` on the clock, or, where
      `seconds` is 0, of `updates` steps.
    - `looks`: how often the EMD is taken on the first `curve_shapes` test shapes. `shown`: shapes kept as previews.
    """

    factors: ClassVar[tuple[str, ...]] = ("model",)
    curve_measure: ClassVar[str] = "EMD"
    known: ClassVar[tuple[str, ...]] = MODELS
    cost_steps: ClassVar[int] = 0

    rows: tuple[str, ...] = MODELS
    seeds: tuple[int, ...] = (0, 1, 2)
    data: str = "digits"
    family: str = "chair"
    train_shapes: int = 1442
    test_shapes: int = 100
    pool: int = 1024
    n_points: int = 256
    code_dim: int = 32
    encoder: tuple[int, ...] = (64, 64, 128, 256)
    head: tuple[int, ...] = (128, 64)
    hidden: int = 96
    blocks: int = 4
    rates: tuple[tuple[str, float], ...] = ()
    weighting: str = "sigma2"
    levels: str = "one"
    ladder: int = 10
    loss_points: int = 0
    shapes_per_update: int = 16
    rounds: int = 20
    seconds: float = 0.0
    updates: int = 1
    looks: int = 5
    curve_shapes: int = 16
    shown: int = 4

    def __post_init__(self) -> None:
        check_known("rows", self.rows, self.known)
        check_known("data", (self.data,), DATA)
        missing = [model for model in self.trained if model not in dict(self.rates)]
        if missing:
            raise ValueError(f"rates must name each trained model, received none for {', '.join(missing)}")
        if not 1 <= self.shapes_per_update <= self.train_shapes:
            raise ValueError(
                f"shapes_per_update must be from 1 to the {self.train_shapes} train_shapes, received "
                f"{self.shapes_per_update}"
            )
        if self.seconds < 0 or (not self.seconds and self.updates < 1):
            raise ValueError(
                "seconds must be the length of a run, or 0 with updates at least 1, received "
                f"{self.seconds} and {self.updates}"
            )
        check_runs(
            self,
            looks=self.looks,
            shown=self.shown,
            curve_shapes=self.curve_shapes,
            test_shapes=self.test_shapes,
        )

    @property
    def configurations(self) -> tuple[Configuration, ...]:
        return tuple((row,) for row in self.rows)

    @property
    def trained(self) -> tuple[str, ...]:
        """The models that are trained, each once."""
        models = (self.row(configuration).model for configuration in self.configurations)
        return tuple(dict.fromkeys(model for model in models if model not in UNTRAINED))

    def row(self, configuration: Configuration) -> Row:
        return Row(configuration[0], FULL, self.pool, self.n_points)

    def rate(self, model: str) -> float:
        return dict(self.rates)[model]

    def baseline(self, configuration: Configuration) -> Configuration | None:  # noqa: ARG002
        return None

    @property
    def dims(self) -> int:
        return 2 if self.data == "digits" else 3

    @property
    def steps(self) -> int:
        return self.rounds

    @property
    def batch_size(self) -> int:
        """A round is handed all shapes, and draws its own batches."""
        return self.train_shapes

    @property
    def epochs(self) -> float:
        """Passes over the shapes; nan where the clock decides: the rows say then how many updates there were."""
        if self.seconds:
            return math.nan
        return self.rounds * self.updates * self.shapes_per_update / self.train_shapes

    @property
    def logged_steps(self) -> tuple[int, ...]:
        return evenly(self.rounds, self.looks)


@dataclass(frozen=True)
class ArchitectureSettings(FieldSettings):
    """Of Table 8: the same, by variant of the decoder, for as many steps; what decides is the excess loss.

    - `dense`: points of a test shape whose exact field stands for that of the shape itself. `excess_shapes`: test
      shapes on which the excess loss is taken, on `excess_points` of these points.
    """

    factors: ClassVar[tuple[str, ...]] = ("variant",)
    known: ClassVar[tuple[str, ...]] = VARIANTS

    rows: tuple[str, ...] = VARIANTS
    dense: int = 4096
    excess_shapes: int = 24
    excess_points: int = 1024

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.excess_shapes <= self.test_shapes or not 1 <= self.excess_points <= self.dense:
            raise ValueError(
                f"excess_shapes and excess_points must be from 1 to the {self.test_shapes} test_shapes and the "
                f"{self.dense} dense points, received {self.excess_shapes} and {self.excess_points}"
            )

    def row(self, configuration: Configuration) -> Row:
        return Row(OURS, configuration[0], self.pool, self.n_points)


def cell(n: int, m: int) -> str:
    """The name of a cell of Table 2.

    >>> cell(10_000, 128)
    '10000 x 128'
    """
    return f"{n} x {m}"


# The 13 cells, and the exact field of the points that are given, whatever N is.
SPARSE_ROWS = (
    *(cell(*each) for each in CELLS),
    *(f"{EXACT} x {m}" for m in dict.fromkeys(m for _, m in CELLS)),
)


@dataclass(frozen=True)
class SparseSettings(FieldSettings):
    """Of Table 2: M points of N are given, 2,048 are made. `divisor`: N and M over this, for tests; the rows keep their
    names."""

    factors: ClassVar[tuple[str, ...]] = ("N x M",)
    known: ClassVar[tuple[str, ...]] = SPARSE_ROWS

    rows: tuple[str, ...] = SPARSE_ROWS
    divisor: int = 1

    def row(self, configuration: Configuration) -> Row:
        n, m = configuration[0].split(" x ")
        given = int(m) // self.divisor
        if n == EXACT:
            return Row(EXACT, FULL, self.pool, given)
        return Row(OURS, FULL, int(n) // self.divisor, given)
