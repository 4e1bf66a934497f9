"""CRN's critic: a value for each neighbourhood of a cloud."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn

from pcl_lib.models import AbstractionStage, Scale, SetAbstraction

SCALES = (Scale(0.1, 16, (16, 16, 32)), Scale(0.2, 32, (32, 32, 64)), Scale(0.4, 128, (32, 48, 64)))


class CRNCritic(nn.Module):
    """Says of each neighbourhood of a cloud how real it looks (the patch discriminator of CRN, "CRND").

    N / 8 centres by farthest-point sampling, and around each three balls of radius 0.1, 0.2 and 0.4 with at most 16, 32
    and 128 neighbours, through MLPs 16-16-32, 32-32-64 and 32-48-64 (leaky ReLU, 0.2); one linear value from the 160
    features. No batch norm, no maximum over the centres: a local dent changes the values near it alone.

    Shapes: (B, N, dim) to (B, N // 8), radii in the unit of x. 9,185 parameters. Cost: as `SetAbstraction`, whose
    balls take the nearest points and whose sampling starts far from the mean; the release takes the first points found
    and starts at the first point. Errors: `ValueError` for fewer than 8 points. Reference: wang2020crn.

    >>> import torch
    >>> critic = CRNCritic()
    >>> critic(torch.rand(2, 64, 3)).shape
    torch.Size([2, 8])
    """

    def __init__(self, dim: int = 3) -> None:
        super().__init__()
        self.stage = SetAbstraction(AbstractionStage(1, SCALES), dim=dim, norm=False, slope=0.2)
        self.head = nn.Linear(self.stage.width, 1)

    def forward(self, x: Float[Tensor, "b n d"]) -> Float[Tensor, "b m"]:
        if x.shape[1] < 8:
            raise ValueError(
                f"this critic has a centre for every 8 points and needs at least 8, received {x.shape[1]} points"
            )
        return self.head(self.stage(x, centres=x.shape[1] // 8)[1])[..., 0]
