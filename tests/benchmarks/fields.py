"""The exact field of a cloud at several widths, against a softmax over all centres by hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from pcl_lib.distances import displacement, log_density, score
from tests.benchmarks.clouds import pairs
from tests.benchmarks.measure import Case, Peer

SIGMAS = (1.0, 0.2, 0.05, 0.01, 0.001)
POINTS = 20_000
REACH = {"cpu": 2**29, "cuda": 2**34}


def cases(device: torch.device, quick: bool) -> Iterator[Case]:
    points = 64 if quick else POINTS
    inputs = pairs(1, points, device)
    for sigma in SIGMAS[:1] if quick else SIGMAS:
        job = f"softmax mean of all centres for each point, sigma {sigma:g}"
        peers = {
            "KeOps": Peer(_by_keops(sigma), "pykeops", REACH),
            "torch": Peer(_by_hand(sigma), "torch", {"cpu": 2**27, "cuda": 2**31}, tolerance=1e-2),
        }
        yield Case("displacement", job, 1, points, _ours(displacement, sigma), peers, inputs)
    sigma = 0.05
    peers = {"torch": Peer(_density_by_hand(sigma), "torch", {"cpu": 2**27, "cuda": 2**31}, tolerance=1e-2)}
    points = 64 if quick else 8192
    inputs = pairs(1, points, device)
    job = f"logarithm of the density of Gaussians on all centres, sigma {sigma:g}"
    yield Case("log_density", job, 1, points, _ours(log_density, sigma), peers, inputs)
    job = f"gradient of that logarithm, sigma {sigma:g}"
    hand = _by_hand(sigma)
    peers = {
        "torch": Peer(
            lambda x, y: hand(x, y) / sigma**2, "torch", {"cpu": 2**27, "cuda": 2**31}, tolerance=1e-2
        )
    }
    yield Case("score", job, 1, points, _ours(score, sigma), peers, inputs)


def _ours(function: Callable[..., Tensor], sigma: float) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda x, y: function(x, y, sigma)


def _by_keops(sigma: float) -> Callable[[Tensor, Tensor], Tensor]:
    """As its documentation writes attention: a softmax of minus squared distances, times the centres."""

    def job(x: Tensor, y: Tensor) -> Tensor:
        from pykeops.torch import LazyTensor

        scale = math.sqrt(0.5) / sigma
        x_i, y_j = LazyTensor((x * scale)[:, None]), LazyTensor((y * scale)[None])
        squares = ((x_i - y_j) ** 2).sum(-1)
        return (-squares).sumsoftmaxweight(LazyTensor(y[None]), axis=1) - x

    return job


def _by_hand(sigma: float) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda x, y: (torch.cdist(x, y).square() / (-2 * sigma**2)).softmax(-1) @ y - x


def _density_by_hand(sigma: float) -> Callable[[Tensor, Tensor], Tensor]:
    def job(x: Tensor, y: Tensor) -> Tensor:
        normal = torch.distributions.Normal(0.0, sigma)
        away = torch.cdist(x, y)
        constant = (x.shape[-1] - 1) * math.log(sigma * math.sqrt(2 * math.pi)) + math.log(len(y))
        return normal.log_prob(away).logsumexp(-1) - constant

    return job
