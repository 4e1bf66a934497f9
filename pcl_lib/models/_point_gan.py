"""The two networks of r-GAN: clouds straight from noise, and how real a cloud looks."""

from __future__ import annotations

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from pcl_lib._checks import check_integer, check_not_negative, check_positive
from pcl_lib._seeded import Seed
from pcl_lib.models._input_checks import check_batch, check_code, check_points
from pcl_lib.models._latent_gan import gaussian_noise
from pcl_lib.models._mlp import MLP


class PointGenerator(nn.Module):
    """r-GAN's generator: fully connected layers from noise to the coordinates of a fixed number of points.

    ReLU between the layers, no batch norm. The released code of latent_3d_points has a layer of 64 before these:
    `widths=(64, 128, 512, 1024)`.

    - `noise_dim`, `std`: width and standard deviation of the noise that `noise` draws;
    - `widths`: hidden layers; `dim`: coordinates of a point.

    Shapes: noise (B, noise_dim) to (B, n_points, dim). Initialisation: torch's defaults.
    Errors: `ValueError` for noise of another width. Reference: achlioptas2018latent.

    >>> from pcl_lib.models import parameter_count
    >>> generator = PointGenerator()
    >>> generator(generator.noise(2, seed=0)).shape, parameter_count(generator)
    (torch.Size([2, 2048, 3]), 6905472)
    """

    def __init__(
        self,
        n_points: int = 2048,
        *,
        noise_dim: int = 128,
        widths: Sequence[int] = (128, 512, 1024),
        std: float = 0.2,
        dim: int = 3,
    ) -> None:
        super().__init__()
        check_points(n_points)
        check_positive("std", std)
        self.noise_dim, self.std = check_integer("noise_dim", noise_dim, 1), std
        self.n_points, self.dim = n_points, check_integer("dim", dim, 1)
        self.layers = MLP(noise_dim, (*widths, n_points * dim), norm=False, end="linear")

    def forward(self, noise: Float[Tensor, "b n"]) -> Float[Tensor, "b m d"]:
        check_code(noise, self, self.noise_dim)
        return self.layers(noise).unflatten(-1, (self.n_points, self.dim))

    def noise(self, count: int, *, seed: Seed | None = None) -> Float[Tensor, "c n"]:
        """Noise for so many clouds, on the device of the network; with a `seed` the same on every device."""
        return gaussian_noise(self, count, self.noise_dim, self.std, seed)


class PointCritic(nn.Module):
    """r-GAN's critic: a PointNet without batch norm, with leaky ReLU, and a number at its end.

    Points go through 64-128-256-256-512, their maximum through 128-64-1. In latent_3d_points the number goes through
    a sigmoid, for a GAN of cross entropy; for one of Wasserstein's distance it stays as it is. Its released code has
    plain ReLU: `slope=0.0`.

    - `points`: layers before the maximum, `head`: hidden layers after it;
    - `slope`: leak of the ReLU on the negative side; `dim`: coordinates of a point.

    Shapes: (B, N, dim), any N, to (B,). Invariant to the order of the points. Cost: O(B N).
    Initialisation: torch's defaults. Errors: `ValueError` for anything that is not a batch of clouds.
    Reference: achlioptas2018latent.

    >>> import torch
    >>> from pcl_lib.models import parameter_count
    >>> critic = PointCritic()
    >>> critic(torch.rand(2, 100, 3)).shape, parameter_count(critic)
    (torch.Size([2]), 312961)
    """

    def __init__(
        self,
        *,
        points: Sequence[int] = (64, 128, 256, 256, 512),
        head: Sequence[int] = (128, 64),
        slope: float = 0.2,
        dim: int = 3,
    ) -> None:
        super().__init__()
        check_not_negative("slope", slope)
        self.dim = check_integer("dim", dim, 1)
        self.points = MLP(dim, points, norm=False, slope=slope)
        self.head = MLP(points[-1], (*head, 1), norm=False, end="linear", slope=slope)

    def forward(self, x: Float[Tensor, "b n d"]) -> Float[Tensor, "b"]:
        check_batch(x, self, self.dim)
        return self.head(self.points(x).max(1).values).squeeze(-1)
