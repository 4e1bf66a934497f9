"""The decoder of D-PCC: up-sampling, layer after layer."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn

from pcl_lib.models._dpcc.layers import TwoLayers
from pcl_lib.models._dpcc.upsample import Upsample

Stages = tuple[Tensor, ...]


class DensityDecoder(nn.Module):
    """Up-sampling layers one after the other, and normals at the end if they are asked for.

    Shapes: latent points (M, 3), features (M, width), to the clouds of all stages, coarse to fine, the counts by which
    each came out of the one before (stage 0 out of the latent points), and normals (n, 3) of the last, in (-1, 1), or
    None. A cloud has at most candidates^layers times the latent points. Reference: he2022dpcc.

    >>> from pcl_lib.models import parameter_count
    >>> parameter_count(DensityDecoder())
    28539
    """

    def __init__(
        self,
        width: int = 8,
        hidden: int = 64,
        *,
        layers: int = 3,
        candidates: int = 8,
        normals: bool = False,
    ) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Upsample(width, hidden, candidates=candidates) for _ in range(layers))
        self.normals = TwoLayers(width, hidden, 3, norm=False) if normals else None

    def forward(
        self, points: Float[Tensor, "m 3"], features: Float[Tensor, "m c"]
    ) -> tuple[Stages, Stages, Tensor | None]:
        stages, counts = [], []
        for layer in self.layers:
            points, features, count = layer(points, features)
            stages.append(points)
            counts.append(count)
        normals = None if self.normals is None else self.normals(features).tanh()
        return tuple(stages), tuple(counts), normals
