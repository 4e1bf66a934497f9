"""The two networks of a GAN on codes: one makes codes from noise, one says how real a code looks."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pcl_lib._checks import check_integer, check_not_negative, check_positive
from pcl_lib._seeded import Seed, seeded
from pcl_lib.models._input_checks import check_code
from pcl_lib.models._mlp import MLP


class LatentGenerator(nn.Module):
    """Codes from Gaussian noise by fully connected layers, ReLU between them, no batch norm: ShapeGF's latent GAN.

    The defaults are the paper's: noise N(0, 0.2²) of 256, layers 256-256, codes of 256. The released configurations
    have `LatentGenerator(128, noise_dim=128, std=1.0)`.

    - `noise_dim`, `std`: width and standard deviation of the noise that `noise` draws;
    - `widths`: hidden layers.

    Shapes: noise (B, noise_dim) to (B, code_dim). Initialisation: torch's defaults.
    Errors: `ValueError` for noise of another width. Reference: cai2020shapegf, achlioptas2018latent.

    >>> from pcl_lib.models import parameter_count
    >>> generator = LatentGenerator()
    >>> generator(generator.noise(3, seed=0)).shape, parameter_count(generator)
    (torch.Size([3, 256]), 197376)
    """

    def __init__(
        self,
        code_dim: int = 256,
        *,
        noise_dim: int = 256,
        widths: Sequence[int] = (256, 256),
        std: float = 0.2,
    ) -> None:
        super().__init__()
        check_positive("std", std)
        self.noise_dim, self.std = check_integer("noise_dim", noise_dim, 1), std
        self.layers = MLP(noise_dim, (*widths, code_dim), norm=False, end="linear")

    def forward(self, noise: Float[Tensor, "b n"]) -> Float[Tensor, "b k"]:
        check_code(noise, self, self.noise_dim)
        return self.layers(noise)

    def noise(self, count: int, *, seed: Seed | None = None) -> Float[Tensor, "c n"]:
        """Noise for so many codes, on the device of the network; with a `seed` the same on every device."""
        return gaussian_noise(self, count, self.noise_dim, self.std, seed)


class LatentCritic(nn.Module):
    """How real a code looks, a number without bounds: ShapeGF's critic, 512-512, leaky ReLU 0.2, no batch norm.

    - `widths`: hidden layers;
    - `slope`: leak of the ReLU on the negative side.

    Shapes: code (B, code_dim) to (B,). Initialisation: torch's defaults. Errors: `ValueError` for a code of another
    width. Reference: cai2020shapegf, achlioptas2018latent.

    >>> from pcl_lib.models import parameter_count
    >>> critic = LatentCritic()
    >>> critic(torch.zeros(3, 256)).shape, parameter_count(critic)
    (torch.Size([3]), 394753)
    """

    def __init__(
        self, code_dim: int = 256, *, widths: Sequence[int] = (512, 512), slope: float = 0.2
    ) -> None:
        super().__init__()
        check_not_negative("slope", slope)
        self.code_dim = code_dim
        self.layers = MLP(code_dim, (*widths, 1), norm=False, end="linear", slope=slope)

    def forward(self, code: Float[Tensor, "b k"]) -> Float[Tensor, "b"]:
        check_code(code, self, self.code_dim)
        return self.layers(code).squeeze(-1)


def gaussian_noise(
    network: nn.Module, count: int, width: int, std: float, seed: Seed | None
) -> Float[Tensor, "c n"]:
    """Rows of N(0, std²) where the network is and in its number type, from torch's own stream or from a seed."""
    check_integer("count", count, 1)
    weight = next(network.parameters())
    if seed is None:
        return std * torch.randn(count, width, device=weight.device, dtype=weight.dtype)
    drawn = torch.randn(count, width, generator=seeded(seed), device="cpu", dtype=torch.float32)
    return std * drawn.to(weight)
