"""Clouds that are parameters themselves: no network, nothing shared between shapes."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from pcl_lib._checks import check_cloud, check_integer, check_positive
from pcl_lib._seeded import Seed, seeded


class PointTable(nn.Module):
    """A table of clouds whose coordinates are the parameters, as the rows of `torch.nn.Embedding` are.

    Trained with a loss, it shows what the loss alone does with points that are free to go where they like.

    - `clouds`: (S, N, D), where the points start; `PointTable.uniform` draws them in a box.

    Shapes: index (B,) to points (B, N, D). S N D parameters. Errors: `ValueError` for anything that is not a batch of
    clouds.

    >>> table = PointTable.uniform(4, 16, seed=0)
    >>> table(torch.tensor([2, 0])).shape
    torch.Size([2, 16, 3])
    """

    def __init__(self, clouds: Float[Tensor, "*s n d"]) -> None:
        super().__init__()
        check_cloud(clouds, "clouds")
        if clouds.ndim != 3:
            raise ValueError(
                f"clouds must be a batch (S, N, D), received {tuple(clouds.shape)}; add an axis with [None]"
            )
        self.points = nn.Parameter(clouds.detach().clone())

    def forward(self, index: Int64[Tensor, "b"]) -> Float[Tensor, "b n d"]:
        return self.points[index]

    @classmethod
    def uniform(
        cls, shapes: int, n_points: int, *, dim: int = 3, half_width: float = 1.0, seed: Seed
    ) -> PointTable:
        """Clouds whose points are uniform in the box from -half_width to half_width along each axis."""
        check_integer("shapes", shapes, 1)
        check_integer("n_points", n_points, 1)
        check_positive("half_width", half_width, "length")
        return cls(half_width * (2 * torch.rand(shapes, n_points, dim, generator=seeded(seed)) - 1))
