"""A generator and a critic by turns: a GAN of Wasserstein's distance, on codes or on clouds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer

from pcl_lib._checks import check_integer
from pcl_lib.trainers._engine import Engine

Penalty = Callable[[Any, Tensor, Tensor], Tensor]


class LatentGAN:
    r"""Train a generator against a critic: ShapeGF's latent GAN on codes, and r-GAN on clouds.

    .. math:: L_D = \overline{D(G(\epsilon))} - \overline{D(x)} + P(D, x, G(\epsilon)), \quad
        L_G = -\overline{D(G(\epsilon))}

    Each step is one of the critic; after `critic_steps` of them comes one of the generator, on noise of its own.

    - `generator`: has `noise(count)`, and makes of it what the data hold: a `pcl_lib.models.LatentGenerator`, or a
      `PointGenerator` for clouds.
    - `critic`: one value for each row, without a sigmoid.
    - `generator_optimizer`, `critic_optimizer`: of their parameters. ShapeGF: Adam, rate 1e-4, betas (0.5, 0.9).
    - `penalty`: of (critic, real, fake), as `pcl_lib.losses.interpolate_penalty` (WGAN-GP, the paper's) or
      `zero_centred_penalty` (the release's, with `critic_steps=1`).

    Logs "critic", "distance" (what the critic tells real and made apart by, an estimate of Wasserstein's distance up to
    its slope), and "generator" in the steps that have one. The data are a float tensor of codes (S, K) or of clouds
    (S, N, D). Cost: a step of the critic is about six passes through it. Errors: `ValueError` for a generator without
    `noise`. Reference: cai2020shapegf, achlioptas2018latent, gulrajani2017wgangp.

    >>> import torch
    >>> from pcl_lib.losses import zero_centred_penalty
    >>> from pcl_lib.models import LatentCritic, LatentGenerator
    >>> from pcl_lib.trainers import fit
    >>> _ = torch.manual_seed(0)
    >>> generator, critic = LatentGenerator(1, noise_dim=4, widths=(16,)), LatentCritic(1, widths=(32,))
    >>> adam = [torch.optim.Adam(m.parameters(), lr=1e-2, betas=(0.5, 0.9)) for m in (generator, critic)]
    >>> method = LatentGAN(generator, critic, *adam, penalty=zero_centred_penalty, critic_steps=1)
    >>> _ = fit(method, 3 + torch.randn(256, 1), batch_size=64, steps=150, progress=False)
    >>> bool((generator(generator.noise(500, seed=0)).mean() - 3).abs() < 1)
    True
    """

    def __init__(
        self,
        generator: nn.Module,
        critic: nn.Module,
        generator_optimizer: Optimizer,
        critic_optimizer: Optimizer,
        *,
        penalty: Penalty,
        critic_steps: int = 5,
    ) -> None:
        noise: Any = getattr(generator, "noise", None)
        if not callable(noise):
            raise ValueError(
                f"generator must have noise(count), what it starts from, received {type(generator).__name__}; "
                "LatentGenerator and PointGenerator have it"
            )
        self.modules = {"generator": generator, "critic": critic}
        self.optimizers = {"generator": generator_optimizer, "critic": critic_optimizer}
        self.noise: Callable[[int], Tensor] = noise
        self.penalty, self.critic_steps = penalty, check_integer("critic_steps", critic_steps, 1)

    def step(self, batch: Tensor, index: Tensor, engine: Engine) -> Mapping[str, Tensor]:
        generator, critic = engine.modules["generator"], engine.modules["critic"]
        with engine.turn("critic"):
            fake = generator(self.noise(len(batch))).detach()
            distance = critic(batch).mean() - critic(fake).mean()
            loss = self.penalty(critic, batch, fake) - distance
            engine.descend(loss)
        logged = {"critic": loss, "distance": distance}
        if (engine.step + 1) % self.critic_steps == 0:
            with engine.turn("generator"):
                logged["generator"] = -critic(generator(self.noise(len(batch)))).mean()
                engine.descend(logged["generator"])
        return logged
