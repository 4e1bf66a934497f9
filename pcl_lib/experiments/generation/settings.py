"""What the experiment on generated shapes depends on: one frozen dataclass."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from pcl_lib.experiments.runner.experiment import Configuration
from pcl_lib.experiments.runner.settings_checks import check_known, check_runs, evenly
from pcl_lib.experiments.runner.settings_hash import LATER

OURS, VAE, LGAN, RGAN = "ShapeGF", "VAE", "l-GAN", "r-GAN"
TRAIN, TWINS, MATCHED = "train", "train with twins", "train matched"
LEARNT = (OURS, VAE, LGAN, RGAN)
KNOWN = (TRAIN, TWINS, MATCHED)
"""Rows without a network: training shapes as samples."""
MODELS = (*LEARNT, *KNOWN)
SCORES = ("MMD", "COV", "1-NNA")
DISTANCES = ("CD", "EMD")
THINNED = ", thinned"


@dataclass(frozen=True)
class Settings:
    """What the result depends on.

    A run trains a model of the shapes of the training split and measures `test_shapes` samples of it against as many
    test shapes, each cloud moved into its box, longest side 2.

    - "ShapeGF": an auto-encoder of gradient fields for `first_steps` steps, then a GAN on its codes, standardised
      since the run is short, for `gan_steps` steps of the critic. "VAE": the same auto-encoder with Gaussian codes for
      `first_steps`, no second stage (appendix E). "l-GAN": a fully connected auto-encoder trained by Chamfer, then the
      same GAN. "r-GAN": a GAN on clouds for all steps.
    - "train": as many training shapes as there are references. "train with twins": of them and of the references a
      share `twins` are two draws of one shape. "train matched": of `candidates` training shapes those that lie
      nearest to the references, one for each: it has seen what it is measured by.

    - `data`: "digits" (2-D) or "families" (3-D, those in `families` in turn).
    - `pool`: points drawn of each training shape; each step trains with `drawn` of them. `n_points`: of samples and
      references. `emd`: "exact" on `emd_points` of them, or "approximate", the released one, on all.
    - `encoder`, `head`: layers of the encoder of fields before and after its maximum, as in `shapegf_encoder`;
      `hidden`, `blocks`: of the decoder; `ae_points`, `ae_widths`: of l-GAN's auto-encoder; `rgan_widths`,
      `rgan_points`: of r-GAN's generator and critic.
    - `batch_size`: shapes of a step; of the GAN on codes, which costs little, `gan_batch`.
    - `decoder_rate`, `encoder_rate`, `ae_rate`, `gan_rate`: of Adam. `kl_weight`: of the VAE.
    - `penalty`: "interpolates" (WGAN-GP) or "real" (released); `critic_steps`: for one of the generator.
    - `weighting`: of the noise levels in the loss of fields, "sigma2" (the paper's) or "sigma3" (released), which
      learns the wide levels first and so draws a shape sooner.
    - `levels`, `langevin_steps`: of sampling, from 1 down to 0.01.
    - `looks`: how often MMD-CD is taken of `curve_shapes` samples. `shown`: samples kept as previews.
    """

    factors: ClassVar[tuple[str, ...]] = ("model",)
    curve_measure: ClassVar[str] = "MMD-CD"
    cost_steps: ClassVar[int] = 0

    models: tuple[str, ...] = MODELS
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    data: str = "digits"
    families: tuple[str, ...] = ()
    train_shapes: int = 1442
    test_shapes: int = 355
    pool: int = 512
    drawn: int = 128
    n_points: int = 128
    emd: str = "exact"
    emd_points: int = 48
    code_dim: int = 32
    encoder: tuple[int, ...] = (64, 64, 128, 256)
    head: tuple[int, ...] = (128, 64)
    hidden: int = 96
    blocks: int = 4
    ae_points: tuple[int, ...] = (64, 128)
    ae_widths: tuple[int, ...] = (128, 256)
    rgan_widths: tuple[int, ...] = (128, 256)
    rgan_points: tuple[int, ...] = (32, 64, 128)
    batch_size: int = 16
    gan_batch: int = 64
    first_steps: int = 5000
    gan_steps: int = 6000
    decoder_rate: float = 3e-3
    encoder_rate: float = 3e-3
    ae_rate: float = 1e-3
    gan_rate: float = 1e-3
    kl_weight: float = 1e-3
    penalty: str = "interpolates"
    critic_steps: int = 5
    levels: int = 10
    langevin_steps: int = 10
    twins: float = 0.44
    candidates: int = 1000
    looks: int = 4
    curve_shapes: int = 32
    shown: int = 8
    weighting: str = field(default="sigma2", metadata=LATER)

    def __post_init__(self) -> None:
        check_known("models", self.models, MODELS)
        check_known("data", (self.data,), ("digits", "families"))
        check_known("emd", (self.emd,), ("exact", "approximate"))
        check_known("penalty", (self.penalty,), ("interpolates", "real"))
        check_known("weighting", (self.weighting,), ("sigma2", "sigma3"))
        if self.data == "families" and not self.families:
            raise ValueError("families must be named for families, received none")
        if self.train_shapes < self.test_shapes:
            raise ValueError(
                f"train_shapes must be at least test_shapes, as many are samples of the row {TRAIN!r}, received "
                f"{self.train_shapes} and {self.test_shapes}"
            )
        if not (self.drawn <= self.pool and self.emd_points <= self.n_points):
            raise ValueError(
                f"drawn must be at most pool and emd_points at most n_points, received {self.drawn} of {self.pool} and "
                f"{self.emd_points} of {self.n_points}"
            )
        if not self.test_shapes <= self.candidates <= self.train_shapes:
            raise ValueError(
                f"candidates must be from test_shapes to train_shapes, {self.test_shapes} to {self.train_shapes}, "
                f"received {self.candidates}"
            )
        if not 0 < self.twins < 1:
            raise ValueError(f"twins must be a share of the shapes between 0 and 1, received {self.twins}")
        check_runs(
            self,
            looks=self.looks,
            shown=self.shown,
            curve_shapes=self.curve_shapes,
            test_shapes=self.test_shapes,
        )

    @property
    def configurations(self) -> tuple[Configuration, ...]:
        return tuple((model,) for model in self.models)

    def baseline(self, configuration: Configuration) -> None:
        """Costs are relative to nothing: the models are too unlike."""

    @property
    def dim(self) -> int:
        """Coordinates of a point."""
        return 2 if self.data == "digits" else 3

    @property
    def steps(self) -> int:
        return self.first_steps + self.gan_steps

    @property
    def epochs(self) -> float:
        """Of the auto-encoder."""
        return self.first_steps * self.batch_size / self.train_shapes

    @property
    def logged_steps(self) -> tuple[int, ...]:
        return evenly(self.steps, self.looks)
