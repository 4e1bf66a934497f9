"""Displacement fields that the tests of surfaces know in closed form."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import normalize

Field = Callable[[Tensor], Tensor]


def ball(x: Tensor) -> Tensor:
    """To the nearest point of the unit sphere: the norm is the distance, at the centre too."""
    return normalize(x + 1e-7, dim=-1) - x


def exact(cloud: Tensor, sigma: float) -> Field:
    """To the mean of the cloud under softmax weights of temperature 2 sigma^2."""

    def field(x: Tensor) -> Tensor:
        return torch.cat([weights(part, cloud, sigma) @ cloud - part for part in x.split(2048)])

    return field


def exact_jacobian(cloud: Tensor, sigma: float) -> Field:
    """Its Jacobian: the covariance under these weights, over sigma^2, minus one."""

    def jacobian(x: Tensor) -> Tensor:
        w = weights(x, cloud, sigma)
        off = cloud - (w @ cloud)[:, None]
        return torch.einsum("nk,nki,nkj->nij", w, off, off) / sigma**2 - torch.eye(cloud.shape[1])

    return jacobian


def weights(x: Tensor, cloud: Tensor, sigma: float) -> Tensor:
    return torch.softmax(-torch.cdist(x, cloud).square() / (2 * sigma**2), -1)
