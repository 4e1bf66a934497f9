"""PF-Net's critic: one value for a cloud, from the maxima of three layers."""

from __future__ import annotations

from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pcl_lib.models import MLP


class PFNetCritic(nn.Module):
    """Says of a cloud how real it looks; coarse and fine features side by side (PF-Net's discriminator, "PFD").

    Points go through 3-64-64-128-256 with ReLU; the maxima of the last three layers are joined (448) and go through
    256-128-16-1. No batch norm.

    Shapes: (B, N, dim) to (B, 1). 195,681 parameters. Cost: O(B N). Reference: huang2020pfnet.

    >>> critic = PFNetCritic()
    >>> critic(torch.rand(2, 64, 3)).shape
    torch.Size([2, 1])
    """

    def __init__(self, dim: int = 3) -> None:
        super().__init__()
        widths = (dim, 64, 64, 128, 256)
        self.layers = nn.ModuleList(MLP(a, (b,), norm=False) for a, b in pairwise(widths))
        self.head = MLP(448, (256, 128, 16, 1), norm=False, end="linear")

    def forward(self, x: Float[Tensor, "b n d"]) -> Float[Tensor, "b 1"]:
        maxima = []
        for layer in self.layers:
            x = layer(x)
            maxima.append(x.amax(1))
        return self.head(torch.cat(maxima[1:], -1))
