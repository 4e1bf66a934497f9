"""The Chamfer family past `chamfer`, with its gradient: what a weight costs beside the search."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from pcl_lib.distances import (
    dcd,
    hyper_cd,
    info_cd,
    released_landau_cd,
    truncated_cd,
    weighted_chamfer,
)
from pcl_lib.distances._released_landau import RELEASED_FLOOR
from tests.benchmarks.chamfer import with_gradient
from tests.benchmarks.clouds import pairs
from tests.benchmarks.measure import Answer, Case, Peer
from tests.benchmarks.peers import Search, by_search, squares

SIZES = ((1, 2048), (1, 131_072), (32, 2048))
QUICK = ((1, 64), (2, 64))
ALPHA = 40.0
THRESHOLD = 0.02


def cases(device: torch.device, quick: bool) -> Iterator[Case]:
    losses: tuple[tuple[str, str, Callable, Callable], ...] = (
        ("weighted_chamfer", "Landau weight past its mode, both means", weighted_chamfer, _landau),
        ("released_landau_cd", "the released Landau loss, by means", _released_landau, _as_released),
        ("hyper_cd", "arccosh(1 + d^2), both means", hyper_cd, _hyper),
        ("truncated_cd", f"lengths cut at {THRESHOLD}, both means", _ours_truncated, _truncated),
        ("info_cd", "the contrastive form, tau = 2", info_cd, _info),
        ("dcd", "the form of the paper, alpha = 40", dcd, _crowded),
    )
    for clouds, points in QUICK if quick else SIZES:
        inputs = pairs(clouds, points, device, gradient=True)
        for name, job, ours, terms in losses:
            own = with_gradient(_averaged(ours))
            yield Case(
                name, f"{job}, with the gradient for both clouds", clouds, points, own, _by(terms), inputs
            )


def _by(terms: Callable[[Tensor, Tensor], Tensor]) -> dict[str, Peer]:
    """The loss around the search of each library: `terms` of squares (.., N) and partners (.., N), one a point."""

    def job(search: Search, x: Tensor, y: Tensor) -> Answer:
        def one_way(a: Tensor, b: Tensor) -> Tensor:
            index = search(a, b, 1)
            return terms(squares(a, b, index)[..., 0], index.reshape(a.shape[:-1])).mean()

        return with_gradient(lambda x, y: one_way(x, y) + one_way(y, x))(x, y)

    return by_search(job)


def _averaged(loss: Callable[..., Tensor]) -> Callable[..., Tensor]:
    return lambda x, y: loss(x, y).mean()


def _released_landau(x: Tensor, y: Tensor) -> Tensor:
    return released_landau_cd(x, y, reduction="mean", combine="sum")


def _ours_truncated(x: Tensor, y: Tensor) -> Tensor:
    return truncated_cd(x, y, threshold=THRESHOLD)


def _landau(sq_dist: Tensor, index: Tensor) -> Tensor:
    d = sq_dist.sqrt()
    return torch.exp(-(d + torch.exp(-d)) / 2) / math.sqrt(2 * math.pi) * d


def _as_released(sq_dist: Tensor, index: Tensor) -> Tensor:
    d = sq_dist.clamp(min=RELEASED_FLOOR).sqrt()
    fall = torch.exp(-d)
    return torch.exp(-(d + fall) / 2) * (1 - fall)


def _hyper(sq_dist: Tensor, index: Tensor) -> Tensor:
    # The same number; arccosh itself loses the digits of close pairs, and its gradient is then wrong by 0.2 %.
    return 2 * torch.asinh(sq_dist.sqrt() * math.sqrt(0.5))


def _truncated(sq_dist: Tensor, index: Tensor) -> Tensor:
    return sq_dist.sqrt().clamp(max=THRESHOLD)


def _info(sq_dist: Tensor, index: Tensor) -> Tensor:
    scaled = sq_dist.sqrt() / 2
    return scaled + torch.logsumexp(-scaled, -1, keepdim=True)


def _crowded(sq_dist: Tensor, index: Tensor) -> Tensor:
    crowd = torch.stack([torch.bincount(i)[i] for i in index.reshape(-1, index.shape[-1])]).view_as(index)
    return (1 - torch.exp(-ALPHA * sq_dist.sqrt()) / crowd) / 2
