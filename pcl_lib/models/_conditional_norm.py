"""Batch norm whose scale and shift are told by what the point is and which shape it belongs to."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from pcl_lib._checks import check_integer


class JoinedLinear(nn.Module):
    """One linear layer of the joined array [point, code], the code the same for all points of a cloud.

    Shapes: points (B, N, D), code (B, K) to (B, N, features). The part of the code is computed once a cloud, so a
    point costs D and not D + K products for each feature.

    >>> import torch
    >>> JoinedLinear(3, 5, 8)(torch.zeros(2, 4, 3), torch.zeros(2, 5)).shape
    torch.Size([2, 4, 8])
    """

    def __init__(self, dims: int, code_size: int, features: int) -> None:
        super().__init__()
        self.dims = dims
        self.joined = nn.Linear(dims + code_size, features)

    def forward(self, points: Tensor, code: Tensor) -> Tensor:
        weight = self.joined.weight
        of_point, of_code = weight[:, : self.dims], weight[:, self.dims :]
        shared = linear(code, of_code, self.joined.bias)[:, None]
        return linear(points, of_point) + shared if self.dims else shared


class ConditionalBatchNorm(nn.Module):
    r"""Batch norm with a scale and a shift for each point, made of its condition c = [point, code].

    .. math:: f_{out} = \gamma(c)\, \frac{f_{in} - \mu}{\sqrt{\sigma'^2 + \varepsilon}} + \beta(c)

    Mean and variance are those of all rows of the batch in training, and running ones (momentum 0.1) in eval mode, as
    in any batch norm; the paper's sentence has the running ones in both. At the start gamma is 1 and beta 0 for every
    condition.

    - `features`: channels of f. `dims`: width of the part of the condition that each point has of its own (0: none).
      `code_size`: width of the part that all points of a cloud share.
    - `layers`: gamma and beta are one linear layer each, as released (their counts are those of the release), or two
      with a ReLU between them, as "two FC layers" can also be read.

    Shapes: f (B, N, features), points (B, N, dims), code (B, code_size) to (B, N, features).
    Reference: cai2020shapegf (Eq. 16).

    >>> import torch
    >>> norm = ConditionalBatchNorm(4, dims=3, code_size=2)
    >>> made = norm(torch.randn(2, 50, 4), torch.rand(2, 50, 3), torch.rand(2, 2))
    >>> round(made.std().item(), 1), made.shape
    (1.0, torch.Size([2, 50, 4]))
    """

    def __init__(self, features: int, *, dims: int, code_size: int, layers: int = 1) -> None:
        super().__init__()
        check_integer("layers", layers, 1, 2)
        self.norm = nn.BatchNorm1d(features, affine=False)
        self.scale = _Told(dims, code_size, features, layers, start=1.0)
        self.shift = _Told(dims, code_size, features, layers, start=0.0)

    def forward(self, f: Tensor, points: Tensor, code: Tensor) -> Tensor:
        normed = self.norm(f.reshape(-1, f.shape[-1])).reshape(f.shape)
        return torch.addcmul(self.shift(points, code), self.scale(points, code), normed)


class _Told(nn.Module):
    """One or two layers on the condition, which begin as a constant."""

    def __init__(self, dims: int, code_size: int, features: int, layers: int, start: float) -> None:
        super().__init__()
        self.first = JoinedLinear(dims, code_size, features)
        self.second = nn.Linear(features, features) if layers == 2 else None
        last = self.first.joined if self.second is None else self.second
        nn.init.zeros_(last.weight)
        nn.init.constant_(last.bias, start)

    def forward(self, points: Tensor, code: Tensor) -> Tensor:
        found = self.first(points, code)
        return found if self.second is None else self.second(found.relu())
