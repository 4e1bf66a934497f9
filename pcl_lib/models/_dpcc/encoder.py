"""The encoder of D-PCC: down-sampling, layer after layer."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from jaxtyping import Float
from torch import Tensor, nn

from pcl_lib.models._dpcc.downsample import Downsample, Level


class DensityEncoder(nn.Module):
    """Down-sampling layers one after the other: what is left of the cloud, its features, and the levels passed.

    Shapes: points (N, 3), features (N, width), to latent points (M, 3), features (M, width), and a `Level` for each
    layer, from the whole cloud on. Reference: he2022dpcc.

    >>> from pcl_lib.models import parameter_count
    >>> parameter_count(DensityEncoder())
    55440
    """

    def __init__(
        self,
        width: int = 8,
        hidden: int = 64,
        *,
        rates: Sequence[float] = (1 / 3, 1 / 3, 1 / 3),
        k: int = 16,
        embeddings: Collection[str] = ("position", "density"),
    ) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            Downsample(width, hidden, rate=rate, k=k, embeddings=embeddings) for rate in rates
        )

    def forward(
        self, points: Float[Tensor, "n 3"], features: Float[Tensor, "n c"]
    ) -> tuple[Float[Tensor, "m 3"], Float[Tensor, "m c"], tuple[Level, ...]]:
        levels = []
        for layer in self.layers:
            points, features, level = layer(points, features)
            levels.append(level)
        return points, features, tuple(levels)
