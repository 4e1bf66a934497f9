"""The latent points of D-PCC on their way through a bottleneck of their own."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn

from pcl_lib.models._dpcc.layers import TwoLayers
from pcl_lib.models._entropy_bottleneck import EntropyBottleneck


class LatentCoordinates(nn.Module):
    """Latent points to channels that can be coded, and back: two layers, a bottleneck, two layers.

    Shapes: points (M, 3) to points (M, 3) and likelihoods (1, width, M). Reference: he2022dpcc.

    >>> from pcl_lib.models import parameter_count
    >>> [parameter_count(part) for part in LatentCoordinates().children()]
    [904, 488, 899]
    """

    def __init__(self, width: int = 8, hidden: int = 64) -> None:
        super().__init__()
        self.analysis = TwoLayers(3, hidden, width)
        self.bottleneck = EntropyBottleneck(width)
        self.synthesis = TwoLayers(width, hidden, 3)

    def forward(self, points: Float[Tensor, "m 3"]) -> tuple[Float[Tensor, "m 3"], Float[Tensor, "1 c m"]]:
        channels, likelihoods = through(self.bottleneck, self.analysis(points))
        return self.synthesis(channels), likelihoods


def through(
    bottleneck: nn.Module, channels: Float[Tensor, "m c"]
) -> tuple[Float[Tensor, "m c"], Float[Tensor, "1 c m"]]:
    """Rows of channels through a bottleneck, which takes channels of entries."""
    values, likelihoods = bottleneck(channels.mT[None])
    return values[0].mT, likelihoods
