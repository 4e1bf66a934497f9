"""What the experiments of NeuralQAAD depend on: a frozen dataclass for each, on one base."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from pcl_lib.experiments.neuralqaad.published import ATLAS, CHAMFER, GREEDY, OURS, PRETRAINING, RANDOM
from pcl_lib.experiments.runner.experiment import Configuration
from pcl_lib.experiments.runner.settings_checks import check_known, check_runs, evenly

# Beside the paper's: reassignment without greedy, which it speaks of and does not show, and the true correspondence,
# which leaves what the network alone cannot do.
ALONE, TRUE = "reassignment alone", "true correspondence"
# Nothing to train: a linear code of the same length on the true correspondence, and other points of the same surfaces.
PCA, FLOOR = "PCA", "two samples"
ASSIGNED = (RANDOM, GREEDY, OURS, ALONE, TRUE)
TRAINED = (ATLAS, CHAMFER, *ASSIGNED)
UNTRAINED = (PCA, FLOOR)
SETS = ("faces", "figures")
MODES = ("shuffled", "independent")
STARTS = ("one sample", "mean of samples")

# Metrics. Those in lengths are also given in per cent of the mean distance to the mean shape: a millimetre and a metre
# cannot be compared, and these can.
EM_KD, COARSE, PLACE = "EM-kD", "EM-kD, leaves of 1,024", "to the true place"
SEAM, INSIDE, AWAY = "error at seams", "error inside", "input cloud away"
PER_CENT = " %"
QUADRATIC = "E(A)"


class Row(NamedTuple):
    """What is trained for a configuration: a `method` on a data `set`, with so many `patches`, `shared` layers of six
    and `points` of a cloud in a step, from a `start` of the input cloud."""

    set: str
    method: str
    patches: int
    shared: int
    points: int
    start: str


@dataclass(frozen=True)
class QaadSettings:
    """What all of them depend on.

    Seeds. The paper's effects are 20 to 90 per cent of the EM-kD. Three seeds give an interval of 2.48 paired spreads
    on either side, and errors of one training and another differ by a few per cent: enough for the order of the rows,
    and for no claim that two of them are equal. Rates are 1e-3 for all, as printed; no other was tried.

    - `sets`: "faces" (the ICT face model) and "figures" (synthetic), `shapes` clouds of `cloud_points` points each, in
      one affine frame. `mode`: "shuffled", the same places of the surface in another order for each cloud, so that an
      assignment without error exists; or "independent", fresh places for each, as scans have.
    - `rows`: the runs by name, each on each set and with each of the `seeds`: of weights, of the shape that the input
      cloud begins as, of the random assignment and of the batches.
    - `code_dim`, `patches`, `trunk`, `heads`: of the network; of the default trunk and heads, 256-128-128-128 and 64-3,
      a fourth or less fits a core. The decoder of AtlasNetV2 has as many patches, and the width that brings it closest
      to the same number of weights. `encoder`: layers of the PointNet, whose weights are not counted.
    - `batch_size` clouds and `step_points` points of each in a step; `steps` for every row, with `pretraining` of them
      by the augmented Chamfer distance where an assignment follows. `rate`: of Adam, for all that is trained.
    - `evaluated`: clouds that are measured whole, evenly spread over the training set, which is what is compressed.
      `leaf_size`: of EM-kD; on `coarse` of them also with leaves of 1,024 points.
    - `looks`: how often the EM-kD is taken on `curve_shapes` clouds. `shown`: clouds kept as previews, of which
      `shown_points` points. `assigned_points`: on which the quadratic cost of an assignment is taken.
    """

    factors: ClassVar[tuple[str, ...]] = ("set", "row")
    curve_measure: ClassVar[str] = "EM-kD"
    known: ClassVar[tuple[str, ...]] = (*TRAINED, *UNTRAINED)
    # By the clock of a training alone: a step depends on how far it is, and timed on its own it would be the first.
    cost_steps: ClassVar[int] = 0

    rows: tuple[str, ...] = (*TRAINED, *UNTRAINED)
    sets: tuple[str, ...] = SETS
    seeds: tuple[int, ...] = (0, 1, 2)
    mode: str = "shuffled"
    shapes: int = 128
    cloud_points: int = 8192
    code_dim: int = 10
    patches: int = 16
    trunk: tuple[int, ...] = (256, 128, 128, 128)
    heads: tuple[int, ...] = (64, 3)
    encoder: tuple[int, ...] = (64, 128, 256)
    batch_size: int = 8
    step_points: int = 512
    steps: int = 3000
    pretraining: float = PRETRAINING
    rate: float = 1e-3
    evaluated: int = 32
    leaf_size: int = 256
    coarse: int = 4
    looks: int = 8
    curve_shapes: int = 4
    shown: int = 1
    shown_points: int = 2048
    assigned_points: int = 512

    def __post_init__(self) -> None:
        check_known("rows", self.rows, self.known)
        check_known("sets", self.sets, SETS)
        check_known("mode", (self.mode,), MODES)
        for configuration in self.configurations:
            self._check_row(self.row(configuration))
        if not 0 < self.pretraining < 1:
            raise ValueError(f"pretraining must be a share between 0 and 1, received {self.pretraining}")
        for name, most, of in (
            ("batch_size", self.shapes, "shapes"),
            ("evaluated", self.shapes, "shapes"),
            ("shown_points", self.cloud_points, "cloud_points"),
            ("assigned_points", self.cloud_points, "cloud_points"),
        ):
            if not 1 <= getattr(self, name) <= most:
                raise ValueError(f"{name} must be from 1 to the {most} {of}, received {getattr(self, name)}")
        if not 0 <= self.coarse <= self.evaluated:
            raise ValueError(
                f"coarse must be from 0 to the {self.evaluated} evaluated clouds, received {self.coarse}"
            )
        check_runs(
            self,
            looks=self.looks,
            shown=self.shown,
            curve_shapes=self.curve_shapes,
            test_shapes=self.evaluated,
        )

    def _check_row(self, row: Row) -> None:
        for what, points in (("cloud_points", self.cloud_points), ("step_points", row.points)):
            if points % row.patches or points < row.patches:
                raise ValueError(
                    f"{what} must be a multiple of the {row.patches} patches, each of which gives as many points, "
                    f"received {points}"
                )
        if row.points > self.cloud_points:
            raise ValueError(
                f"step_points must be at most the {self.cloud_points} cloud_points, received {row.points}"
            )

    @property
    def configurations(self) -> tuple[Configuration, ...]:
        return tuple((data, row) for data in self.sets for row in self.rows)

    def row(self, configuration: Configuration) -> Row:
        data, method = configuration
        return Row(data, method, self.patches, len(self.trunk), self.step_points, STARTS[0])

    def baseline(self, configuration: Configuration) -> Configuration | None:  # noqa: ARG002
        return None

    def follows(self, configuration: Configuration) -> bool:
        """Whether the previews show how this one changes while it trains."""
        return configuration[1] == OURS

    @property
    def pretraining_steps(self) -> int:
        return max(1, round(self.pretraining * self.steps))

    @property
    def epochs(self) -> float:
        return self.steps * self.batch_size / self.shapes

    @property
    def logged_steps(self) -> tuple[int, ...]:
        return evenly(self.steps, self.looks)


PATCH_COUNTS, SHARED = (1, 4, 16, 64), (0, 2, 4)
USUAL_PATCHES, USUAL_SHARED = 16, 4
USUAL = f"{USUAL_PATCHES} patches, {USUAL_SHARED} shared"
MEAN_START = f"{USUAL}, {STARTS[1]}"
DESIGNS = (
    *(f"{k} patches, {USUAL_SHARED} shared" for k in PATCH_COUNTS),
    *(f"{USUAL_PATCHES} patches, {shared} shared" for shared in SHARED if shared != USUAL_SHARED),
    MEAN_START,
)


@dataclass(frozen=True)
class DesignSettings(QaadSettings):
    """Of the design: the number of patches, of shared layers, and the start of the input cloud, at equal weights.

    Each row has the whole training, greedy and reassignment. The six layers are 2w-w-w-w-w/2-3, with the even w that
    brings the weights closest to those of the usual network.
    """

    factors: ClassVar[tuple[str, ...]] = ("set", "design")
    known: ClassVar[tuple[str, ...]] = DESIGNS

    rows: tuple[str, ...] = DESIGNS
    sets: tuple[str, ...] = ("faces",)

    def row(self, configuration: Configuration) -> Row:
        data, design = configuration
        patches, shared, *start = design.split(", ")
        count, layers = int(patches.split()[0]), int(shared.split()[0])
        return Row(data, OURS, count, layers, self.step_points, start[0] if start else STARTS[0])

    def follows(self, configuration: Configuration) -> bool:
        return configuration[1] in (USUAL, MEAN_START)


POINTS = (64, 128, 256, 512, 1024)


@dataclass(frozen=True)
class SamplingSettings(QaadSettings):
    """Of Fig. 5: three methods by the number of points of a cloud in a step. `divisor`: these numbers over this, for
    tests; the configurations keep their names."""

    factors: ClassVar[tuple[str, ...]] = ("set", "row", "points")

    rows: tuple[str, ...] = (ATLAS, CHAMFER, OURS)
    sets: tuple[str, ...] = ("faces",)
    seeds: tuple[int, ...] = (0, 1)
    counts: tuple[int, ...] = POINTS
    divisor: int = 1

    @property
    def configurations(self) -> tuple[Configuration, ...]:
        return tuple((data, row, str(n)) for data in self.sets for row in self.rows for n in self.counts)

    def row(self, configuration: Configuration) -> Row:
        data, method, points = configuration
        count = int(points) // self.divisor
        return Row(data, method, self.patches, len(self.trunk), count, STARTS[0])

    def follows(self, configuration: Configuration) -> bool:  # noqa: ARG002
        return False
