"""PointNet: one small network for every point, then the maximum over the points."""

from __future__ import annotations

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from pcl_lib.models._input_checks import check_batch
from pcl_lib.models._mlp import MLP


class PointNet(nn.Module):
    r"""Code of a cloud that knows no order: features of each point, their maximum, layers on the result.

    .. math:: z = \gamma\Bigl( \max_{i} h(x_i) \Bigr)

    `widths` are the layers of h, `head` those of gamma; each is followed by batch norm and ReLU, except that h ends
    on batch norm where a head follows. `end="linear"` leaves the last layer of all without norm and ReLU. The code
    is as wide as the last layer.

    The defaults are the encoder of Achlioptas et al., which CALoss trains; see `shapegf_encoder` and
    `atlas_encoder` for those of ShapeGF and AtlasNet. None has the transformer networks of the original PointNet.
    Shapes: x (B, N, dim), any N, to (B, K). Invariant to the order of the points, and to repeated points in eval
    mode. Gradient: to the points that attain a maximum, at most K of them.
    Cost: O(B N sum of products of neighbouring widths). Initialisation: torch's defaults.
    Errors: `ValueError` for anything that is not a batch of clouds, for a batch of one in training where the head
    has batch norm. Reference: qi2017pointnet, achlioptas2018latent, huang2023caloss.

    >>> import torch
    >>> from pcl_lib.models import parameter_count
    >>> PointNet()(torch.zeros(2, 100, 3)).shape, parameter_count(PointNet())
    (torch.Size([2, 128]), 92416)
    """

    def __init__(
        self,
        widths: Sequence[int] = (64, 128, 128, 256, 128),
        head: Sequence[int] = (),
        *,
        dim: int = 3,
        end: str = "relu",
    ) -> None:
        super().__init__()
        self.dim = dim
        self.points = MLP(dim, widths, end="norm" if head else end)
        self.head = MLP(widths[-1], head, end=end) if head else nn.Identity()
        self.code_dim = head[-1] if head else widths[-1]

    def forward(self, x: Float[Tensor, "b n d"]) -> Float[Tensor, "b k"]:
        check_batch(x, self, self.dim)
        return self.head(self.points(x).max(1).values)


def shapegf_encoder(code_dim: int = 128, *, dim: int = 3) -> PointNet:
    """The encoder of ShapeGF and PointFlow: points 128-128-256-512, then 256-128 and a linear code.

    Batch norm and ReLU throughout, no ReLU before the maximum.

    - `dim`: of the clouds.

    Reference: cai2020shapegf, yang2019pointflow.

    >>> from pcl_lib.models import parameter_count
    >>> parameter_count(shapegf_encoder())
    365184
    """
    return PointNet((128, 128, 256, 512), (256, 128, code_dim), dim=dim, end="linear")


def atlas_encoder(code_dim: int = 1024) -> PointNet:
    """The encoder of AtlasNet and AtlasNetV2: points 64-128-K, then one layer of K, its ReLU kept.

    Reference: groueix2018atlasnet, deprelle2019atlasnetv2.

    >>> from pcl_lib.models import parameter_count
    >>> parameter_count(atlas_encoder())
    1194752
    """
    return PointNet((64, 128, code_dim), (code_dim,))
