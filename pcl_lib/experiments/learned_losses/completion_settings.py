"""What the experiment on completion with a learned last stage depends on: one frozen dataclass."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import ClassVar

from pcl_lib.experiments.learned_losses.settings import BASELINE
from pcl_lib.experiments.named_losses import TABLE_LOSSES
from pcl_lib.experiments.runner.experiment import Configuration
from pcl_lib.experiments.runner.settings_checks import check_known, check_runs, evenly
from pcl_lib.experiments.runner.settings_hash import LATER

NETWORKS = ("PCN", "SnowflakeNet")


@dataclass(frozen=True)
class CompletionSettings:
    """What the result depends on. Networks are as small as in the experiment on losses of completion.

    All stages but the last are trained with the mean of both Chamfer means of lengths, the last with the loss of the
    configuration. Pairs are PCN-style views of airplanes. Task and loss networks share a warm-up and half a cosine.

    - `configurations`: a network, the loss of its last stage, and, in a search for rates, the rate. `rates`: by network
      and loss, where the configuration names none.
    - `held_back`, `held_back_seed`: as in the settings of the auto-encoders.
    - `n_shape`: points of a shape, `n_partial` of its partial view, `n_points` of a completion and of its truth.
    - `views`: of each training shape. A held-out shape has one.
    - `code_dim`, `points`, `pcn_*`, `snow_*`: arguments of `PCN` and `SnowflakeNet`.
    - `weight`: of a learned loss of the last stage beside the closed forms of the other stages. `pcn_extent`: half the
      side of the square from which PCN's last stage makes its points, PCN's own by default.
    - `looks`, `curve_shapes`, `mcd_centres`, `shown`, `cost_steps`: as in the settings of the auto-encoders.
    """

    curve_measure: ClassVar[str] = "MCD"

    configurations: tuple[Configuration, ...]
    rates: tuple[tuple[str, str, float], ...] = ()
    seeds: tuple[int, ...] = tuple(range(8))
    data: str = "airplanes"
    families: tuple[str, ...] = ()
    train_shapes: int = 624
    test_shapes: int = 96
    held_back: int = 0
    held_back_seed: int = 7
    n_shape: int = 1024
    n_partial: int = 256
    n_points: int = 512
    views: int = 3
    code_dim: int = 128
    points: tuple[tuple[int, ...], ...] = ((32, 64), (128,))
    pcn_coarse: int = 32
    pcn_grid: int = 4
    pcn_widths: tuple[int, ...] = (128, 128)
    pcn_fold: tuple[int, ...] = (64, 64)
    snow_code: int = 64
    snow_seeds: int = 32
    snow_merged: int = 128
    snow_up: tuple[int, ...] = (1, 4)
    snow_width: int = 32
    snow_centres: tuple[int, ...] = (64, 16)
    snow_k: int = 8
    batch_size: int = 8
    steps: int = 1200
    looks: int = 6
    curve_shapes: int = 48
    mcd_sizes: tuple[int, ...] = (4, 8, 16, 32, 64)
    mcd_centres: int = 64
    shown: int = 4
    cost_steps: int = 11
    weight: float = field(default=1.0, metadata=LATER)
    pcn_extent: float = field(default=0.05, metadata=LATER)

    def __post_init__(self) -> None:
        check_known("networks", tuple(dict.fromkeys(of[0] for of in self.configurations)), NETWORKS)
        check_known("losses", tuple(dict.fromkeys(of[1] for of in self.configurations)), TABLE_LOSSES)
        if not self.weight > 0:
            raise ValueError(f"weight must be positive, received {self.weight}; 1 is the paper's")
        for configuration in self.configurations:
            self.rate(configuration)
        made = {
            "PCN": self.pcn_coarse * self.pcn_grid**2,
            "SnowflakeNet": self.snow_merged * prod(self.snow_up),
        }
        for network, *_ in self.configurations:
            if made[network] != self.n_points:
                raise ValueError(
                    f"n_points is {self.n_points}, and the sizes of {network} make {made[network]} points; let them "
                    "agree"
                )
        check_runs(
            self,
            looks=self.looks,
            shown=self.shown,
            curve_shapes=self.curve_shapes,
            test_shapes=self.held_back or self.test_shapes,
        )

    @property
    def searched(self) -> bool:
        """Whether configurations name rates, to find one."""
        return len(self.configurations[0]) == 3

    @property
    def factors(self) -> tuple[str, ...]:
        return ("network", "loss", "rate") if self.searched else ("network", "loss")

    def rate(self, configuration: Configuration) -> float:
        """The rate of the task network."""
        if self.searched:
            return float(configuration[2])
        known = {(network, loss): rate for network, loss, rate in self.rates}
        if configuration not in known:
            raise ValueError(f"rates must name each configuration, received none for {configuration}")
        return known[configuration[0], configuration[1]]

    def baseline(self, configuration: Configuration) -> Configuration | None:
        """The same network with the Chamfer distance of lengths at all stages."""
        return None if self.searched else (configuration[0], BASELINE)

    @property
    def epochs(self) -> float:
        return self.steps * self.batch_size / ((self.train_shapes - self.held_back) * self.views)

    @property
    def logged_steps(self) -> tuple[int, ...]:
        return evenly(self.steps, self.looks)
