"""Attention in completion networks: between all points (PointAttN), and to the nearest (SnowflakeNet)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pcl_lib._checks import check_integer
from pcl_lib.models._mlp import MLP
from pcl_lib.neighbors import knn
from pcl_lib.neighbors.building_blocks import take


class AttentionBlock(nn.Module):
    r"""Multi-head attention of some points to all points of a cloud, then two layers on each point.

    .. math::
        u = \mathrm{LN}_1(W x), \quad v = \mathrm{LN}_1(W y), \qquad
        z = \mathrm{LN}_2\bigl( u + \mathrm{MHA}(u, v, v) \bigr), \qquad z + W_2\, \mathrm{GELU}(W_1 z)

    With x the features of fewer points than y it is the step of PointAttN's geometric details perception (GDP), with
    x = y its self-feature augment (SFA). Neither looks at coordinates: what lies where is in the features alone.
    Order as in the authors' release, where the residual starts from the normed features.

    Shapes: x (B, M, inputs) and y (B, N, inputs) to (B, M, outputs). Equivariant to the order of x, invariant to that
    of y. Cost: O(M N outputs) time. Initialisation: torch's defaults; `outputs` must be a multiple of `heads`.
    Errors: `ValueError` where it is not. Reference: wang2024pointattn, vaswani2017attention.

    >>> from pcl_lib.models import parameter_count
    >>> parameter_count(AttentionBlock(128, 512, feedforward=1024))
    2168832
    """

    def __init__(self, inputs: int, outputs: int, *, feedforward: int, heads: int = 4) -> None:
        super().__init__()
        if outputs % heads:
            raise ValueError(
                f"the width of an attention must be a multiple of its heads, received width {outputs} and "
                f"{heads} heads; choose another width or number of heads"
            )
        self.project = nn.Linear(inputs, outputs)
        self.before = nn.LayerNorm(outputs)
        self.attend = nn.MultiheadAttention(outputs, heads, batch_first=True)
        self.after = nn.LayerNorm(outputs)
        self.mlp = nn.Sequential(nn.Linear(outputs, feedforward), nn.GELU(), nn.Linear(feedforward, outputs))

    def forward(self, x: Float[Tensor, "b m c"], y: Float[Tensor, "b n c"]) -> Float[Tensor, "b m f"]:
        query = self.before(self.project(x))
        value = query if y is x else self.before(self.project(y))
        mixed = self.after(query + self.attend(query, value, value, need_weights=False)[0])
        return mixed + self.mlp(mixed)


class NeighbourAttention(nn.Module):
    r"""Vector attention of each point to its k nearest, with a learnt encoding of where they lie.

    .. math::
        \delta_{ij} = h(x_i - x_j), \qquad a_{ij} = \mathrm{softmax}_j\, g(q_i - k_j + \delta_{ij}), \qquad
        f_i = v_i + \sum_{j \in N_k(i)} a_{ij} \odot \delta_{ij}

    h and g are MLPs with batch norm, the softmax runs over the neighbours in each channel by itself. As in
    SnowflakeNet's release, the value is that of the point, not of its neighbours as in the point transformer: the
    weights sum to one, so that v_i stands before the sum, and the neighbours act through q - k and their places.

    Shapes: x (B, N, 3), query, key, value (B, N, width), to (B, N, width); with fewer than k points all of them.
    Equivariant to the order of the points (ties apart). Gradient: with the neighbours held fixed.
    Cost: one search, O(B N k width) memory. Reference: xiang2021snowflakenet, zhao2021point.

    >>> attend = NeighbourAttention(64)
    >>> attend(torch.rand(2, 100, 3), *torch.rand(3, 2, 100, 64)).shape
    torch.Size([2, 100, 64])
    """

    def __init__(self, width: int, *, k: int = 16) -> None:
        super().__init__()
        check_integer("k", k, 1)
        self.k = k
        self.place = MLP(3, (width, width), end="linear")
        self.weigh = MLP(width, (4 * width, width), end="linear")

    def forward(
        self,
        x: Float[Tensor, "b n 3"],
        query: Float[Tensor, "b n c"],
        key: Float[Tensor, "b n c"],
        value: Float[Tensor, "b n c"],
    ) -> Float[Tensor, "b n c"]:
        index = knn(x.detach(), x.detach(), min(self.k, x.shape[1])).index
        place = self.place(x[:, :, None] - take(x, index))
        weights = self.weigh(query[:, :, None] - take(key, index) + place).softmax(2)
        return value + (weights * place).sum(2)


class PointTransformer(nn.Module):
    r"""Features of each point, refined by an attention to its k nearest points, beside themselves.

    .. math:: f'_i = f_i + W_2\, \mathrm{attention}_i(x;\; Q f^*, K f^*, V f^*), \qquad f^* = W_1 f

    Shapes: x (B, N, 3), features (B, N, inputs), to (B, N, inputs). `width` is that of the attention.
    Reference: xiang2021snowflakenet, zhao2021point.

    >>> from pcl_lib.models import parameter_count
    >>> parameter_count(PointTransformer(128, 64))
    67200
    """

    def __init__(self, inputs: int, width: int, *, k: int = 16) -> None:
        super().__init__()
        self.start = nn.Linear(inputs, width)
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.attend = NeighbourAttention(width, k=k)
        self.end = nn.Linear(width, inputs)

    def forward(self, x: Float[Tensor, "b n 3"], features: Float[Tensor, "b n c"]) -> Float[Tensor, "b n c"]:
        f = self.start(features)
        return features + self.end(self.attend(x, self.query(f), self.key(f), self.value(f)))


class SkipTransformer(nn.Module):
    r"""Features of each point from those of this step (the query) and of the step before (the key).

    .. math:: f_i = w_i + W\, \mathrm{attention}_i(x;\; Q q, K p, V w), \qquad w = r([p;\; q])

    q are the features of this step, p those with which the step before placed the same points; r is a `ResidualMLP`.
    By it a step of SnowflakeNet splits points in agreement with the steps before.

    Shapes: x (B, N, 3), before and now (B, N, inputs), to (B, N, inputs). `width` is that of the attention.
    Reference: xiang2021snowflakenet.

    >>> from pcl_lib.models import parameter_count
    >>> parameter_count(SkipTransformer(128, 64))
    153536
    """

    def __init__(self, inputs: int, width: int, *, k: int = 16) -> None:
        super().__init__()
        self.join = ResidualMLP(2 * inputs, inputs, inputs)
        self.query = nn.Linear(inputs, width)
        self.key = nn.Linear(inputs, width)
        self.value = nn.Linear(inputs, width)
        self.attend = NeighbourAttention(width, k=k)
        self.end = nn.Linear(width, inputs)

    def forward(
        self, x: Float[Tensor, "b n 3"], before: Float[Tensor, "b n c"], now: Float[Tensor, "b n c"]
    ) -> Float[Tensor, "b n c"]:
        joined = self.join(torch.cat((before, now), -1))
        return joined + self.end(self.attend(x, self.query(now), self.key(before), self.value(joined)))


class ResidualMLP(nn.Module):
    r"""Two layers with a linear way around them.

    .. math:: r(f) = W_2\, \mathrm{ReLU}(W_1 f) + W_3 f

    Shapes: f (.., inputs) to (.., outputs). Reference: xiang2021snowflakenet.

    >>> from pcl_lib.models import parameter_count
    >>> parameter_count(ResidualMLP(256, 128, 128))
    82304
    """

    def __init__(self, inputs: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.layers = MLP(inputs, (hidden, outputs), norm=False, end="linear")
        self.around = nn.Linear(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x) + self.around(x)
