"""What the experiments on auto-encoders depend on: one frozen dataclass."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from pcl_lib.experiments.runner.experiment import Configuration
from pcl_lib.experiments.runner.settings_checks import check_known, check_runs, evenly
from pcl_lib.experiments.runner.settings_hash import LATER

NETWORKS = ("AE", "Folding")
LOSSES = ("CD", "CD lengths", "augmented CD", "EMD", "Sinkhorn")
BASELINE = "CD"
METRICS = ("CD", "CD lengths", "MCD", "HD", "EMD", "EM-kD")


@dataclass(frozen=True)
class Settings:
    """What the result depends on. The defaults are those of CALoss, where it or its released code says.

    From the released code: 2,048 points, a code of 128, batches of 16, Adam with 1e-4 and no schedule; 1,000 epochs
    (39 batches each on the 626 training airplanes). Own: the networks see points in the unit ball in training too
    (the code normalises test clouds alone), Folding makes as many points as it is given, so that every distance
    applies (the code makes 2,025), and the losses' constants. "CD" is of squared lengths, "augmented CD" the larger of
    both directions' mean lengths, "EMD" the mean length by `auction`, "Sinkhorn" the divergence of lengths.

    - `data`: "airplanes" (ModelNet40, from the folder in PCL_DATA) or "families" (synthetic, those in `families`).
    - `points`, `ae_widths`, `fold_widths`: layers of the encoder, of the decoder of AE, and of each fold.
    - `looks`: how often `curve_measure` looks at the first `curve_shapes` held-out shapes, evenly spread.
    - `tf32`: whether a GPU multiplies matrices in TF32.
    - `blur`, `scaling`: of `sinkhorn`. `shown`: held-out shapes kept as previews.
    - `cost_steps`: steps timed for each loss and seed.
    - `kd_leaf`, `mcd_sizes`, `mcd_centres`: of the metrics EM-kD and MCD.
    """

    factors: ClassVar[tuple[str, ...]] = ("network", "loss")

    networks: tuple[str, ...] = NETWORKS
    losses: tuple[str, ...] = LOSSES
    seeds: tuple[int, ...] = (0, 1, 2)
    data: str = "airplanes"
    families: tuple[str, ...] = ()
    train_shapes: int = 626
    test_shapes: int = 100
    n_points: int = 2048
    code_dim: int = 128
    points: tuple[int, ...] = (64, 128, 128, 256)
    ae_widths: tuple[int, ...] = (256, 256)
    fold_widths: tuple[int, ...] = (256, 256)
    batch_size: int = 16
    learning_rate: float = 1e-4
    steps: int = 39_000
    blur: float = 0.05
    scaling: float = 0.5
    looks: int = 10
    curve_measure: str = "EMD"
    curve_shapes: int = 16
    shown: int = 4
    cost_steps: int = 21
    kd_leaf: int = 256
    mcd_sizes: tuple[int, ...] = (4, 8, 16, 32, 64)
    mcd_centres: int = 128
    tf32: bool = field(default=False, metadata=LATER)

    def __post_init__(self) -> None:
        check_known("networks", self.networks, NETWORKS)
        check_known("losses", self.losses, LOSSES)
        check_known("curve_measure", (self.curve_measure,), METRICS)
        check_runs(
            self,
            looks=self.looks,
            shown=self.shown,
            curve_shapes=self.curve_shapes,
            test_shapes=self.test_shapes,
        )

    @property
    def configurations(self) -> tuple[Configuration, ...]:
        return tuple((network, loss) for network in self.networks for loss in self.losses)

    def baseline(self, configuration: Configuration) -> Configuration:
        """The same network with the Chamfer distance."""
        return configuration[0], BASELINE

    @property
    def epochs(self) -> float:
        return self.steps * self.batch_size / self.train_shapes

    @property
    def logged_steps(self) -> tuple[int, ...]:
        return evenly(self.steps, self.looks)
