"""DGCNN: convolutions on the edges of a graph of nearest neighbours that follows the features."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pcl_lib._checks import check_integer
from pcl_lib.models._input_checks import check_batch, check_widths
from pcl_lib.models._mlp import MLP
from pcl_lib.neighbors import knn
from pcl_lib.neighbors.building_blocks import take

SLOPE = 0.2


class EdgeConv(nn.Module):
    r"""New features of each point: the maximum over its k nearest neighbours of one layer on the edge.

    .. math:: x'_i = \max_{j \in N_k(i)} \mathrm{LeakyReLU}\bigl( \mathrm{BN}(W [x_j - x_i;\; x_i]) \bigr)

    Shapes: x (B, N, C) to (B, N, out), k nearest in the space of x, the point itself among them; with fewer than k
    points all of them. Equivariant to the order of the points (ties apart).
    Gradient: with the graph held fixed. Cost: one search in C dimensions, O(B N k out) memory.
    Reference: wang2019dgcnn.

    >>> EdgeConv(3, 64, k=5)(torch.rand(2, 100, 3)).shape
    torch.Size([2, 100, 64])
    """

    def __init__(self, inputs: int, outputs: int, *, k: int = 20) -> None:
        super().__init__()
        check_integer("k", k, 1)
        self.k = k
        self.linear = nn.Linear(2 * inputs, outputs, bias=False)
        self.norm = nn.BatchNorm1d(outputs)

    def forward(self, x: Float[Tensor, "b n c"]) -> Float[Tensor, "b n f"]:
        points = x.detach().float() if x.dtype in (torch.float16, torch.bfloat16) else x.detach()
        index = knn(points, points, min(self.k, x.shape[1])).index
        # W [x_j - x_i; x_i] = W_1 x_j + (W_2 - W_1) x_i: two products per point instead of one per edge.
        of_edge, of_point = self.linear.weight.chunk(2, 1)
        edges = take(x @ of_edge.T, index) + (x @ (of_point - of_edge).T)[:, :, None]
        edges = self.norm(edges.flatten(0, 2)).reshape(edges.shape)
        return nn.functional.leaky_relu(edges, SLOPE).max(2).values


class DGCNN(nn.Module):
    """Code of a cloud by edge convolutions, each on the nearest-neighbour graph of the features before it.

    `widths` are the edge convolutions; their results are joined, brought to `embed` features, and the maximum and
    the mean over the points go through `head`. The last layer of the head is linear. The defaults are the authors'
    PyTorch release, which with 40 classes for a code has 1,809,576 parameters; its dropout is left out. The DGCNN of
    PCLoss and CALoss is the older TensorFlow release: it ends in the maximum alone, and begins with a transformer.

    Shapes: x (B, N, dim), any N, to (B, K). Invariant to the order of the points (ties apart).
    Cost: four searches; those in the space of features compare every pair of points, O(B N^2 C) time; O(B N k C)
    memory. Initialisation: torch's defaults. Errors: `ValueError` for anything that is not a batch of clouds, for a
    batch of one in training. Reference: wang2019dgcnn.

    >>> from pcl_lib.models import parameter_count
    >>> parameter_count(DGCNN(head=(512, 256, 40)))
    1809576
    """

    def __init__(
        self,
        widths: Sequence[int] = (64, 64, 128, 256),
        embed: int = 1024,
        head: Sequence[int] = (512, 256, 128),
        *,
        k: int = 20,
        dim: int = 3,
    ) -> None:
        super().__init__()
        check_widths(widths, "widths")
        if len(head) < 2:
            raise ValueError(f"head must have a hidden layer and the width of the code, received {head!r}")
        self.dim = dim
        self.convs = nn.ModuleList(EdgeConv(a, b, k=k) for a, b in zip((dim, *widths), widths, strict=False))
        self.embed = MLP(sum(widths), (embed,), bias=False, slope=SLOPE)
        self.head = nn.Sequential(
            MLP(2 * embed, head[:1], bias=False, slope=SLOPE),
            MLP(head[0], head[1:], end="linear", slope=SLOPE),
        )
        self.code_dim = head[-1]

    def forward(self, x: Float[Tensor, "b n d"]) -> Float[Tensor, "b k"]:
        check_batch(x, self, self.dim)
        levels = []
        for conv in self.convs:
            x = conv(x)
            levels.append(x)
        features = self.embed(torch.cat(levels, -1))
        return self.head(torch.cat((features.max(1).values, features.mean(1)), -1))
