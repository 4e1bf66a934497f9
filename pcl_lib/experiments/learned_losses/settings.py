"""What the experiments on learned losses for auto-encoders depend on: one frozen dataclass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pcl_lib.experiments.named_losses import TABLE_LOSSES
from pcl_lib.experiments.runner.experiment import Configuration
from pcl_lib.experiments.runner.settings_checks import check_known, check_runs, evenly

NETWORKS = ("AE", "Folding")
BASELINE = "CD lengths"
METRICS = ("MCD", "HD", "CD lengths", "CD", "EMD", "uniformity")
EARLY = 3  # looks before the first of those that are evenly spread, each at half the steps of the next


@dataclass(frozen=True)
class Settings:
    """What the result depends on. The defaults are CALoss's sizes, for the airplanes of ModelNet40.

    From the released code: 2,048 points, a code of 128, batches of 16, 1,000 epochs, which are 39,000 steps of the 624
    airplanes that make whole batches; the weights and rates of the learned losses, see `named_losses`. Own: training
    clouds are normalised as the code normalises test clouds; the rate of the task network is chosen for each loss on
    shapes held back from the training split; task and loss networks share a warm-up and half a cosine down to 0, where
    the code has constant rates.

    - `configurations`: pairs of a network and a loss; each is run with each of the `seeds`.
    - `rates`: the rate of Adam for the task network, by loss.
    - `data`: "airplanes" (ModelNet40, from the folder in PCL_DATA) or "families" (synthetic, those in `families`).
    - `held_back`: so many of the `train_shapes` are not trained with and take the place of the test shapes, 0 for none;
      which ones is drawn with `held_back_seed`.
    - `points`, `ae_widths`, `fold_widths`: layers of the encoder, of the decoder of AE, and of each fold.
    - `anchors`: of PCLoss.
    - `looks`: how often MCD is taken on the first `curve_shapes` held-out shapes, evenly spread, and three times more
      before the first of these.
    - `mcd_sizes`, `mcd_centres`: of MCD. `disks`: shares of the surface in whose disks uniformity counts points.
    - `costly_shapes`: so many of the held-out shapes, the first, are measured by EMD and uniformity.
    - `compared`: so many of them are kept from each run, to say how far apart the outputs of two runs are.
    - `shown`: held-out shapes kept as previews. `cost_steps`: steps timed for each loss and seed.
    """

    factors: ClassVar[tuple[str, ...]] = ("network", "loss")

    configurations: tuple[Configuration, ...] = (("AE", "CD lengths"), ("AE", "CALoss"))
    rates: tuple[tuple[str, float], ...] = (("CD lengths", 1e-4), ("CALoss", 1e-4))
    seeds: tuple[int, ...] = (0, 1, 2)
    data: str = "airplanes"
    families: tuple[str, ...] = ()
    train_shapes: int = 624
    test_shapes: int = 100
    held_back: int = 0
    held_back_seed: int = 7
    n_points: int = 2048
    code_dim: int = 128
    points: tuple[int, ...] = (64, 128, 128, 256)
    ae_widths: tuple[int, ...] = (256, 256)
    fold_widths: tuple[int, ...] = (256, 256)
    anchors: int = 128
    batch_size: int = 16
    steps: int = 39_000
    looks: int = 20
    curve_measure: str = "MCD"
    curve_shapes: int = 32
    mcd_sizes: tuple[int, ...] = (4, 8, 16, 32, 64)
    mcd_centres: int = 128
    disks: tuple[float, ...] = (0.02, 0.05)
    costly_shapes: int = 16
    compared: int = 16
    shown: int = 4
    cost_steps: int = 21

    def __post_init__(self) -> None:
        check_known(
            "networks", tuple(dict.fromkeys(network for network, *_ in self.configurations)), NETWORKS
        )
        check_known("losses", self.losses, TABLE_LOSSES)
        check_known("curve_measure", (self.curve_measure,), METRICS)
        missing = [loss for loss in self.losses if loss not in dict(self.rates)]
        if missing:
            raise ValueError(f"rates must name each loss, received none for {', '.join(missing)}")
        if len(set(self.configurations)) < len(self.configurations):
            raise ValueError(f"configurations must differ from each other, received {self.configurations}")
        few = min(self.measured_shapes, self.train_shapes - self.held_back)
        if not 1 <= min(self.costly_shapes, self.compared) <= max(self.costly_shapes, self.compared) <= few:
            raise ValueError(
                f"costly_shapes and compared must be from 1 to the {few} shapes there are, received "
                f"{self.costly_shapes} and {self.compared}"
            )
        check_runs(
            self,
            looks=self.looks,
            shown=self.shown,
            curve_shapes=self.curve_shapes,
            test_shapes=self.measured_shapes,
        )

    @property
    def losses(self) -> tuple[str, ...]:
        """The losses of the configurations, each once."""
        return tuple(dict.fromkeys(loss for _, loss, *_ in self.configurations))

    @property
    def measured_shapes(self) -> int:
        """How many shapes the metrics are taken on."""
        return self.held_back or self.test_shapes

    def rate(self, configuration: Configuration) -> float:
        """The rate of the task network."""
        return dict(self.rates)[configuration[1]]

    def baseline(self, configuration: Configuration) -> Configuration | None:
        """The same network with the Chamfer distance of lengths."""
        return configuration[0], BASELINE

    @property
    def epochs(self) -> float:
        return self.steps * self.batch_size / (self.train_shapes - self.held_back)

    @property
    def logged_steps(self) -> tuple[int, ...]:
        even = evenly(self.steps, self.looks)
        early = (even[0] >> k for k in range(EARLY, 0, -1))
        return (*sorted({step for step in early if step}), *even)


@dataclass(frozen=True)
class RateSettings(Settings):
    """Of the search for rates: each configuration names its rate too, and nothing is relative to anything."""

    factors: ClassVar[tuple[str, ...]] = ("network", "loss", "rate")

    def rate(self, configuration: Configuration) -> float:
        return float(configuration[2])

    def baseline(self, configuration: Configuration) -> Configuration | None:  # noqa: ARG002
        return None
