"""What `autoencoder_distances` depends on: one frozen dataclass, and its sizes for each use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from pcl_lib.experiments.plan import check_known, check_runs, evenly

NAME = "autoencoder-distances"
VERSION = 1  # raise it when the same settings would give other results
NETWORKS = ("AE", "Folding")
LOSSES = ("CD", "CD lengths", "augmented CD", "EMD", "Sinkhorn")
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
    - `blur`, `scaling`: of `sinkhorn`. `shown`: held-out shapes kept as previews.
    - `cost_steps`: steps timed for each loss and seed.
    - `kd_leaf`, `mcd_sizes`, `mcd_centres`: of the metrics EM-kD and MCD.
    """

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

    def __post_init__(self) -> None:
        check_known("networks", self.networks, NETWORKS)
        check_known("losses", self.losses, LOSSES)
        check_known("curve_measure", (self.curve_measure,), METRICS)
        check_runs(self)

    @property
    def logged_steps(self) -> tuple[int, ...]:
        return evenly(self.steps, self.looks)


def record() -> Settings:
    """The sizes of the paper, for a GPU."""
    return Settings()


def record_cpu() -> Settings:
    """Real airplanes on two CPU cores in well under an hour: 256 of their points, small networks, few steps.

    At 512 points a step of Folding with EMD takes 3 s in the beginning, when all its points lie close together.
    """
    return Settings(
        train_shapes=624,
        test_shapes=48,
        n_points=256,
        code_dim=64,
        points=(32, 64, 128),
        ae_widths=(128, 128),
        fold_widths=(64, 64),
        batch_size=8,
        learning_rate=2e-3,
        steps=1000,
        looks=8,
        curve_shapes=8,
        cost_steps=11,
        kd_leaf=32,
    )


def live() -> Settings:
    """Synthetic airplanes, chairs and tables, small enough for about a minute on two CPU cores."""
    return replace(
        record_cpu(),
        seeds=(0, 1),
        data="families",
        families=("airplane", "chair", "table"),
        train_shapes=192,
        test_shapes=24,
        code_dim=32,
        points=(32, 64),
        ae_widths=(128,),
        fold_widths=(48, 48),
        learning_rate=5e-3,
        steps=64,
        curve_shapes=6,
        cost_steps=3,
    )


def tiny() -> Settings:
    """Every part once, in seconds: for tests."""
    return replace(
        live(),
        train_shapes=12,
        test_shapes=3,
        n_points=64,
        code_dim=4,
        points=(8,),
        ae_widths=(8,),
        fold_widths=(8,),
        batch_size=4,
        steps=4,
        looks=2,
        curve_shapes=2,
        shown=2,
        cost_steps=1,
        kd_leaf=16,
        mcd_sizes=(4, 8),
        mcd_centres=8,
    )


PRESETS: dict[str, Callable[[], Settings]] = {
    "live": live,
    "record": record,
    "record-cpu": record_cpu,
    "tiny": tiny,
}
