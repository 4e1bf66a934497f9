"""PU-GAN's critic: one value for a cloud, from points that look at each other."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from pcl_lib.models import MLP


class PUGANCritic(nn.Module):
    r"""Says of a cloud how real it looks; points attend to each other (PU-GAN's discriminator, CALoss's "PUD").

    Points go through 3-32-64, each is joined with the maximum over all (128), and then attends to the others:

    .. math:: x_i \leftarrow x_i + \gamma \sum_j \operatorname{softmax}_j(q_i \cdot k_j) \, v_j

    with a gain gamma that starts at 0; then 128-128-256, the maximum, 256-256-1. No batch norm.

    Shapes: (B, N, dim) to (B, 1). 142,594 parameters. Cost: O(B N^2) time for the attention. Reference: li2019pugan.

    >>> critic = PUGANCritic()
    >>> critic(torch.rand(2, 64, 3)).shape
    torch.Size([2, 1])
    """

    def __init__(self, dim: int = 3) -> None:
        super().__init__()
        self.points = MLP(dim, (32, 64), norm=False, end="linear")
        self.query = MLP(128, (32,), norm=False)
        self.key = MLP(128, (32,), norm=False)
        self.value = MLP(128, (128,), norm=False)
        self.gain = nn.Parameter(torch.zeros(1))
        self.after = MLP(128, (128, 256), norm=False, end="linear")
        self.head = MLP(256, (256, 1), norm=False, end="linear")

    def forward(self, x: Float[Tensor, "b n d"]) -> Float[Tensor, "b 1"]:
        features = self.points(x)
        x = torch.cat([features, features.amax(1, keepdim=True).expand_as(features)], -1)
        # Plain products, as released: no division by the root of the width.
        seen = scaled_dot_product_attention(self.query(x), self.key(x), self.value(x), scale=1.0)
        x = x + self.gain * seen
        return self.head(self.after(x).amax(1))
