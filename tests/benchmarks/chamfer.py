"""`chamfer` with its gradient: the whole job of a training loss."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from pcl_lib.distances import chamfer
from tests.benchmarks.clouds import pairs
from tests.benchmarks.measure import Case
from tests.benchmarks.peers import Search, by_cdist, by_search, squares

JOB = "squared means of both directions, with the gradient for both clouds"
SIZES = ((1, 512), (1, 2048), (1, 16_384), (1, 131_072), (1, 1_048_576), (32, 2048))
QUICK = ((1, 64), (2, 64))


def with_gradient(loss: Callable[..., Tensor]) -> Callable[..., tuple[Tensor, ...]]:
    """Value, and gradient with respect to both clouds."""

    def job(x: Tensor, y: Tensor) -> tuple[Tensor, ...]:
        x.grad = y.grad = None
        value = loss(x, y)
        value.backward()
        return value.detach(), x.grad, y.grad

    return job


def ours(x: Tensor, y: Tensor) -> Tensor:
    value = chamfer(x, y)
    return value if value.ndim == 0 else value.mean()


def searched(search: Search, x: Tensor, y: Tensor) -> tuple[Tensor, ...]:
    return with_gradient(
        lambda x, y: squares(x, y, search(x, y, 1)).mean() + squares(y, x, search(y, x, 1)).mean()
    )(x, y)


def cdist(x: Tensor, y: Tensor) -> Tensor:
    lengths = torch.cdist(x, y)
    return (lengths.min(-1).values ** 2).mean() + (lengths.min(-2).values ** 2).mean()


def cases(device: torch.device, quick: bool) -> Iterator[Case]:
    peers = by_search(searched) | by_cdist(with_gradient(cdist))
    for clouds, points in QUICK if quick else SIZES:
        inputs = pairs(clouds, points, device, gradient=True)
        yield Case("chamfer", JOB, clouds, points, with_gradient(ours), peers, inputs)
