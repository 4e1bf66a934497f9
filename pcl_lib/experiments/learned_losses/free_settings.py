"""What the experiment on free clouds depends on: one frozen dataclass, and the names of its rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from pcl_lib.experiments.runner.experiment import Configuration
from pcl_lib.experiments.runner.settings_checks import check_known, check_runs, evenly

BASELINE = "CD squares"
FULL = "CALoss"
PRE_TRAINED = "pre-trained CALoss"
CLOSED_FORMS = ("CD squares", "CD lengths", "EMD", "Sinkhorn", "DCD")
# CALoss with one part changed, by the name of the row: the arguments of `CALoss`.
ABLATIONS: dict[str, dict[str, Any]] = {
    # Table 6
    "L_adv alone": {"contrast": False, "width": 0.0},
    "L_p alone": {"negatives": None, "weight": "none", "width": 0.0},
    "L_p, in-batch": {"negatives": "in-batch", "weight": "none", "width": 0.0},
    "L_p, in-batch, weighted": {"negatives": "in-batch", "width": 0.0},
    "L_p, L_adv": {"weight": "none", "width": 0.0},
    "L_p, L_adv, width": {"weight": "none"},
    "constant weight": {"weight": "constant"},
    # Table 7
    "controller max": {"controller": "max"},
    "controller mean": {"controller": "mean"},
    # Table 8
    "pooling max": {"pooling": "max"},
    "pooling mean": {"pooling": "mean"},
}
LOSSES = (*CLOSED_FORMS, "PCLoss", FULL, *ABLATIONS, PRE_TRAINED)
METRICS = ("MCD", "HD", "CD", "EMD", "uniformity", "thin parts")


@dataclass(frozen=True)
class Settings:
    """What the result depends on.

    From the released code: the rates of the learned losses, which have no schedule. Own: everything else, for the
    paper has no free clouds. Points start uniform in the box [-1, 1]^3, with a start of its own for each seed, the
    same for every loss, and go down the loss by Adam, whose rate falls to zero along a cosine.

    - `losses`: rows, of `LOSSES`. `families`, `per_family`: the shapes, in the unit ball; all are one batch.
    - `rate`: of the points. `own_rate`, `pcloss_rate`: of the networks of CALoss and PCLoss.
    - `path_steps`, `path_every`: looks at equal distances in the beginning (the paper's Fig. 4 ends at 600);
      `late_looks`: evenly after them, to the end.
    - `blur`, `scaling`: of `sinkhorn`. `shown`: shapes kept as previews, of which the first has its path.
    - `mcd_sizes`, `mcd_centres`, `disks`: of MCD, and the shares of the surface of which uniformity is the mean.
    - `cost_steps`: steps timed for each loss and seed.
    """

    factors: ClassVar[tuple[str, ...]] = ("loss",)
    curve_measure: ClassVar[str] = "MCD"

    losses: tuple[str, ...] = LOSSES
    seeds: tuple[int, ...] = (0, 1, 2)
    families: tuple[str, ...] = ("chair", "table", "lamp", "mug")
    per_family: int = 4
    n_points: int = 256
    rate: float = 0.01
    own_rate: float = 3e-3
    pcloss_rate: float = 5e-3
    steps: int = 1600
    path_steps: int = 600
    path_every: int = 50
    late_looks: int = 5
    blur: float = 0.05
    scaling: float = 0.5
    shown: int = 4
    mcd_sizes: tuple[int, ...] = (4, 8, 16, 32, 64)
    mcd_centres: int = 64
    disks: tuple[float, ...] = (0.05, 0.1)
    cost_steps: int = 5

    def __post_init__(self) -> None:
        check_known("losses", self.losses, LOSSES)
        if self.path_steps % self.path_every or not 0 < self.path_steps <= self.steps:
            raise ValueError(
                f"path_steps must be a multiple of path_every ({self.path_every}) up to the {self.steps} steps, "
                f"received {self.path_steps}"
            )
        check_runs(
            self,
            looks=len(self.logged_steps),
            shown=self.shown,
            curve_shapes=self.batch_size,
            test_shapes=self.batch_size,
        )

    @property
    def configurations(self) -> tuple[Configuration, ...]:
        return tuple((loss,) for loss in self.losses)

    def baseline(self, configuration: Configuration) -> Configuration:  # noqa: ARG002
        return (BASELINE,)

    @property
    def batch_size(self) -> int:
        """All shapes at once."""
        return len(self.families) * self.per_family

    @property
    def epochs(self) -> float:
        return float(self.steps)

    @property
    def logged_steps(self) -> tuple[int, ...]:
        path = range(self.path_every, self.path_steps + 1, self.path_every)
        after = self.steps - self.path_steps
        late = evenly(after, min(self.late_looks, after)) if after else ()
        return (*path, *(self.path_steps + step for step in late))
