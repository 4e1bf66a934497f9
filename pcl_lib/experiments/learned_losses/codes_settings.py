"""What the experiment on the codes of auto-encoders depends on: one frozen dataclass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pcl_lib.experiments.learned_losses.settings import BASELINE, NETWORKS
from pcl_lib.experiments.named_losses import TABLE_LOSSES
from pcl_lib.experiments.runner.experiment import Configuration
from pcl_lib.experiments.runner.settings_checks import check_known, check_runs, evenly

UNTRAINED = "untrained"
"""The control: the same network at a rate of 0, which only its batch norm lives through."""


@dataclass(frozen=True)
class CodesSettings:
    """What the result depends on.

    Auto-encoders are trained without labels on all shapes, and their codes are then classified by a linear support
    vector machine on standardised codes. Its C is chosen by cross-validation inside the training part of each fold.

    - `configurations`: a network and a loss, or "untrained"; `rates`: of the task network, by loss.
    - `data`: "digits" (2-D, ten classes) or "families" (3-D, those in `families`, `shapes` in all, the class of each).
    - `code_dim`, `points`, `ae_widths`, `fold_widths`, `anchors`: as in the settings of the other auto-encoders.
    - `folds`: of the classification, and of the cross-validation inside each. `strengths`: the values of C.
    - `curve_strength`: the C of the curves, which are of the accuracy on the test parts and decide nothing.
    - `digits`: so many digits, the first; `cost_steps`: steps timed for each loss and seed.
    """

    factors: ClassVar[tuple[str, ...]] = ("network", "loss")
    curve_measure: ClassVar[str] = "accuracy"

    configurations: tuple[Configuration, ...]
    rates: tuple[tuple[str, float], ...]
    seeds: tuple[int, ...] = tuple(range(10))
    data: str = "digits"
    families: tuple[str, ...] = ()
    shapes: int = 1797
    n_points: int = 128
    code_dim: int = 32
    points: tuple[int, ...] = (32, 64)
    ae_widths: tuple[int, ...] = (128, 128)
    fold_widths: tuple[int, ...] = (64, 64)
    anchors: int = 64
    batch_size: int = 16
    steps: int = 3000
    looks: int = 3
    folds: int = 5
    strengths: tuple[float, ...] = (1e-3, 1e-2, 1e-1, 1.0, 1e1, 1e2, 1e3)
    curve_strength: float = 1.0
    cost_steps: int = 11

    def __post_init__(self) -> None:
        check_known("networks", tuple(dict.fromkeys(network for network, _ in self.configurations)), NETWORKS)
        losses = tuple(dict.fromkeys(loss for _, loss in self.configurations))
        check_known("losses", losses, (*TABLE_LOSSES, UNTRAINED))
        missing = [loss for loss in losses if loss not in dict(self.rates) and loss != UNTRAINED]
        if missing:
            raise ValueError(f"rates must name each loss, received none for {', '.join(missing)}")
        if self.folds < 2 or not self.strengths or min(self.strengths) <= 0:
            raise ValueError(
                f"folds must be at least 2 and strengths positive, received {self.folds} and {self.strengths}"
            )
        check_runs(self, looks=self.looks, shown=1, curve_shapes=1, test_shapes=self.shapes)

    @property
    def dim(self) -> int:
        """Coordinates of a point."""
        return 2 if self.data == "digits" else 3

    def rate(self, loss: str) -> float:
        """The rate of the task network."""
        return 0.0 if loss == UNTRAINED else dict(self.rates)[loss]

    def baseline(self, configuration: Configuration) -> Configuration:
        """The same network with the Chamfer distance of lengths."""
        return configuration[0], BASELINE

    @property
    def epochs(self) -> float:
        return self.steps * self.batch_size / self.shapes

    @property
    def logged_steps(self) -> tuple[int, ...]:
        return evenly(self.steps, self.looks)
