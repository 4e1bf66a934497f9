"""What the experiments on shape completion depend on: one frozen dataclass."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import ClassVar

from pcl_lib.experiments.runner.experiment import Configuration
from pcl_lib.experiments.runner.settings_checks import check_known, check_runs, evenly
from pcl_lib.experiments.runner.settings_hash import LATER

NETWORKS = ("Folding", "PCN", "PointAttN", "SnowflakeNet")
LOSSES = (
    "CD",
    "EMD",
    "truncated CD",
    "DCD",
    "HyperCD",
    "InfoCD",
    "Weibull CD",
    "Normal CD",
    "Logistic CD",
    "Log-Logistic CD",
    "Extreme-Value CD",
    "Chi-Squared CD",
    "Gamma CD",
    "Landau CD",
    "CD sums",
    "released Landau CD",
)
TWO_SIDED = ("EMD", "DCD", "InfoCD")  # they have no part that asks for the input alone
BASELINE = "CD"
CURVE_MEASURE = "CD-L1"


@dataclass(frozen=True)
class Settings:
    """What the result depends on. The defaults are the papers' sizes, for PCN's benchmark of 16,384 points.

    Networks and their sizes from their papers and releases, see their classes. Own: the data, which anyone can make;
    half of the training pairs are PCN-style views, half ShapeNet-55-style random crops of the same shapes, so that
    one network is measured on both benchmarks; one learning rate of Adam for all losses, which warms up from a
    twentieth of it over the first twentieth of the steps, as the release of Landau CD does, then falls to 0 along half
    a cosine; one seed of weights and one order of batches for all losses, so that the loss alone differs.

    - `networks`, `losses`, `seeds`: every combination is a run.
    - `data`: "airplanes" (ModelNet40, from the folder in PCL_DATA) or "families" (synthetic, those in `families`);
      `train_shapes`, `test_shapes` of `n_shape` points, in the unit ball or in [-1, 1]^3.
    - `n_partial`: points of the input. `n_points`: of a completion and of its truth, farthest points of the shape.
    - `views`, `crops`: partial clouds of each training shape. `test_crops`: viewpoints of each difficulty in the
      test, which has one view of each shape. `scans`: LiDAR-like cars, where there are cars among the families.
    - `code_dim`, `points`: encoder of Folding and PCN; `folding_*`, `pcn_*`, `attn_*`, `snow_*`: arguments of
      `FoldingCompletion`, `PCN`, `PointAttN`, `SnowflakeNet` of the names that follow.
    - `batch_size`, `learning_rate`, `steps`: of training. PCN's weight of its fine stage grows over the steps.
      `attn_learning_rate`: of PointAttN, whose attention stays at the mean shape with a rate that the others take.
    - `looks`: how often CD-L1 is taken on `curve_shapes` held-out views, evenly spread over the steps and the shapes.
    - `tf32`: whether a GPU multiplies matrices in TF32.
    - `shown`: held-out shapes (and scans) kept as previews, evenly spread. `cost_steps`: steps timed for each loss.
    """

    factors: ClassVar[tuple[str, ...]] = ("network", "loss")

    networks: tuple[str, ...] = NETWORKS
    losses: tuple[str, ...] = ("CD", "HyperCD", "Landau CD", "CD sums")
    seeds: tuple[int, ...] = (0, 1, 2)
    data: str = "families"
    families: tuple[str, ...] = ("airplane", "car", "chair", "lamp", "table")
    train_shapes: int = 1000
    test_shapes: int = 150
    n_shape: int = 16_384
    n_partial: int = 2048
    n_points: int = 16_384
    views: int = 8
    crops: int = 8
    test_crops: int = 8
    scans: int = 64
    code_dim: int = 1024
    points: tuple[tuple[int, ...], ...] = ((128, 256), (512,))
    folding_widths: tuple[int, ...] = (512, 512)
    pcn_coarse: int = 1024
    pcn_grid: int = 4
    pcn_widths: tuple[int, ...] = (1024, 1024)
    pcn_fold: tuple[int, ...] = (512, 512)
    attn_coarse: int = 256
    attn_merged: int = 512
    attn_up: tuple[int, ...] = (4, 8)
    attn_width: int = 64
    attn_heads: int = 4
    attn_centres: tuple[int, ...] = (512, 256, 128)
    snow_code: int = 512
    snow_seeds: int = 256
    snow_merged: int = 512
    snow_up: tuple[int, ...] = (1, 4, 8)
    snow_width: int = 128
    snow_centres: tuple[int, ...] = (512, 128)
    snow_k: int = 16
    batch_size: int = 32
    learning_rate: float = 1e-3
    attn_learning_rate: float = 1e-4
    steps: int = 100_000
    looks: int = 20
    curve_shapes: int = 50
    shown: int = 5
    cost_steps: int = 21
    tf32: bool = field(default=False, metadata=LATER)

    def __post_init__(self) -> None:
        check_known("networks", self.networks, NETWORKS)
        check_known("losses", self.losses, LOSSES)
        check_runs(
            self,
            looks=self.looks,
            shown=self.shown,
            curve_shapes=self.curve_shapes,
            test_shapes=self.test_shapes,
        )
        two_sided = [loss for loss in self.losses if loss in TWO_SIDED]
        if "SnowflakeNet" in self.networks and two_sided:
            raise ValueError(
                f"SnowflakeNet needs a one-sided form of each loss, which {', '.join(two_sided)} have not; leave "
                "them or the network out"
            )
        made = {
            "PCN": self.pcn_coarse * self.pcn_grid**2,
            "PointAttN": self.attn_merged * prod(self.attn_up),
            "SnowflakeNet": self.snow_merged * prod(self.snow_up),
        }
        for network in self.networks:
            if made.get(network, self.n_points) != self.n_points:
                raise ValueError(
                    f"n_points is {self.n_points}, and the sizes of {network} make {made[network]} points; let them "
                    "agree"
                )
        if not self.n_points <= self.n_shape:
            raise ValueError(
                f"n_points must be at most the {self.n_shape} points of a shape, received {self.n_points}"
            )
        if min(self.views, self.crops) < 1 or self.views != self.crops:
            raise ValueError(
                f"views and crops make half of the pairs each, at least 1, received {self.views} and {self.crops}"
            )

    @property
    def curve_measure(self) -> str:
        return CURVE_MEASURE

    @property
    def epochs(self) -> float:
        return self.steps * self.batch_size / (self.train_shapes * (self.views + self.crops))

    @property
    def logged_steps(self) -> tuple[int, ...]:
        return evenly(self.steps, self.looks)

    @property
    def configurations(self) -> tuple[Configuration, ...]:
        return tuple((network, loss) for network in self.networks for loss in self.losses)

    def baseline(self, configuration: Configuration) -> Configuration:
        """The same network with the Chamfer distance."""
        return configuration[0], BASELINE
