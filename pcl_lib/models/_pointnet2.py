"""PointNet++: PointNet applied to neighbourhoods, then to neighbourhoods of neighbourhoods, then to all."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pcl_lib.models._input_checks import check_batch
from pcl_lib.models._mlp import MLP
from pcl_lib.models._set_abstraction import AbstractionStage, Scale, build_stages

SINGLE_SCALE = (
    AbstractionStage(512, (Scale(0.2, 32, (64, 64, 128)),)),
    AbstractionStage(128, (Scale(0.4, 64, (128, 128, 256)),)),
)
MULTI_SCALE = (
    AbstractionStage(
        512, (Scale(0.1, 16, (32, 32, 64)), Scale(0.2, 32, (64, 64, 128)), Scale(0.4, 128, (64, 96, 128)))
    ),
    AbstractionStage(
        128,
        (Scale(0.2, 32, (64, 64, 128)), Scale(0.4, 64, (128, 128, 256)), Scale(0.8, 128, (128, 128, 256))),
    ),
)
CALOSS_SCALES = (
    AbstractionStage(512, (Scale(0.2, 16, (32, 32, 64)),)),
    AbstractionStage(128, (Scale(0.4, 16, (64, 64, 128)),)),
)


class PointNet2(nn.Module):
    """Code of a cloud by set abstraction: stages of local features, then one maximum over all centres, then layers.

    `stages` are the set abstractions, `SINGLE_SCALE` or `MULTI_SCALE` of the paper; `widths` the MLP of the last
    one, which takes all centres at once; `head` the layers on its maximum, the last of them linear. Without a head
    the maximum is the code. The released classifiers are the two defaults with 40 classes for a code; their dropout
    is left out.

    Shapes: x (B, N, dim) to (B, K). Radii are lengths: the paper's suit clouds within the unit sphere. Any N;
    clouds with fewer points than centres keep all of them. Invariant to the order of the points (ties apart).
    Cost: farthest-point sampling takes 512 steps one after the other; most of the time goes to the MLPs.
    Initialisation: torch's defaults. Errors: `ValueError` for anything that is not a batch of clouds, for a batch of
    one in training where there is a head. Reference: qi2017pointnet2.

    >>> from pcl_lib.models import parameter_count
    >>> parameter_count(PointNet2(head=(512, 256, 40))), parameter_count(PointNet2(MULTI_SCALE, head=(512, 256, 40)))
    (1475688, 1747368)
    """

    def __init__(
        self,
        stages: Sequence[AbstractionStage] = SINGLE_SCALE,
        widths: Sequence[int] = (256, 512, 1024),
        head: Sequence[int] = (512, 256, 128),
        *,
        dim: int = 3,
    ) -> None:
        super().__init__()
        self.dim = dim
        self.stages, width = build_stages(stages, dim)
        self.all = MLP(dim + width, widths)
        self.head = MLP(widths[-1], head, end="linear") if head else nn.Identity()
        self.code_dim = head[-1] if head else widths[-1]

    def forward(self, x: Float[Tensor, "b n d"]) -> Float[Tensor, "b k"]:
        check_batch(x, self, self.dim)
        first, *others = self.stages
        centres, features = first(x)
        for stage in others:
            centres, features = stage(centres, features)
        return self.head(self.all(torch.cat((centres, features), -1)).max(1).values)


def caloss_pointnet2(code_dim: int = 128) -> PointNet2:
    """The PointNet++ encoder of CALoss and PCLoss: two small stages of 16 neighbours, then 128-256-K.

    Reference: huang2023caloss, huang2022pcloss.

    >>> from pcl_lib.models import parameter_count
    >>> parameter_count(caloss_pointnet2())
    104736
    """
    return PointNet2(CALOSS_SCALES, (128, 256, code_dim), head=())
