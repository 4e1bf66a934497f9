"""The distances by transport: exact, by auction, cell by cell, and blurred."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from torch import Tensor

from pcl_lib.distances import auction, em_kd, emd, sinkhorn, transport_plan
from tests.benchmarks.chamfer import with_gradient
from tests.benchmarks.clouds import pairs
from tests.benchmarks.measure import Case, Peer

ANYWHERE = {"cpu": inf, "cuda": inf}
PIVOTS = 10_000_000
BLUR = 0.05
# The last increment of the bids, and with it the excess, is at most this share of the mean matched length.
AUCTION_MAY_EXCEED = 0.08


def cases(device: torch.device, quick: bool) -> Iterator[Case]:
    exact = {"scipy": SCIPY, "POT": Peer(_pot_emd, "ot", ANYWHERE)}
    job = "the exact value and matching of two samples of one shape"
    for clouds, points in ((1, 32), (2, 32)) if quick else ((1, 512), (1, 2048), (8, 512)):
        inputs = pairs(clouds, points, device)
        yield Case("emd", job, clouds, points, lambda x, y: emd(x, y).value, exact, inputs)

    points = 32 if quick else 1024
    fewer = 3 * points // 4
    job = f"the cheapest plan from {fewer:,} points"
    inputs = [(x[:fewer], y) for x, y in pairs(1, points, device)]
    peers = {"POT": Peer(_pot_plan, "ot", ANYWHERE)}
    yield Case("transport_plan", job, 1, points, lambda x, y: tuple(transport_plan(x, y)), peers, inputs)

    like, unlike = "two samples of one shape", "a shape and a blob"
    runs = ((1, 32, like), (1, 32, unlike), (2, 32, like))
    if not quick:
        runs = ((1, 2048, like), (1, 2048, unlike), (1, 4096, like), (32, 2048, like))
    for clouds, points, what in runs:
        yield Case(
            "auction",
            f"a matching of {what}, against the exact one",
            clouds,
            points,
            lambda x, y: auction(x, y).value,
            {"scipy": SCIPY},
            pairs(clouds, points, device, unlike=what == unlike),
            once=clouds > 1,
            may_exceed=AUCTION_MAY_EXCEED,
        )

    points, leaf = (256, 32) if quick else (16_384, 1024)
    job = f"a matching with leaves of {leaf:,}, against the exact one"
    yield Case(
        "em_kd",
        job,
        1,
        points,
        lambda x, y: em_kd(x, y, leaf_size=leaf).value,
        {"scipy": SCIPY},
        pairs(1, points, device)[:1],
        once=True,
        may_exceed=inf,  # an upper bound, without a promise how near
    )

    job = f"value and gradient at blur {BLUR}, squared lengths"
    peers = {"geomloss": Peer(with_gradient(_geomloss), "geomloss", ANYWHERE)}
    for clouds, points in ((1, 32), (2, 32)) if quick else ((1, 2048), (32, 512)):
        inputs = pairs(clouds, points, device, gradient=True)
        yield Case("sinkhorn", job, clouds, points, with_gradient(_sinkhorn), peers, inputs)


def _each(x: Tensor, y: Tensor, one) -> Tensor:
    """The values of all clouds of a batch, or of one cloud, by a function of numpy arrays in float64."""
    a, b = x.cpu().double().numpy(), y.cpu().double().numpy()
    return torch.tensor(one(a, b) if x.ndim == 2 else [one(*pair) for pair in zip(a, b, strict=True)])


def _scipy_emd(x: Tensor, y: Tensor) -> Tensor:
    def one(a: np.ndarray, b: np.ndarray) -> float:
        cost = cdist(a, b)
        return cost[linear_sum_assignment(cost)].mean()

    return _each(x, y, one)


SCIPY = Peer(_scipy_emd, "scipy", ANYWHERE)


def _pot_emd(x: Tensor, y: Tensor) -> Tensor:
    import ot

    return _each(x, y, lambda a, b: ot.emd2([], [], cdist(a, b), numItermax=PIVOTS))


def _pot_plan(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    import ot

    cost = cdist(x.cpu().double().numpy(), y.cpu().double().numpy())
    plan = ot.emd([], [], cost, numItermax=PIVOTS)
    return torch.tensor((plan * cost).sum()), torch.from_numpy(plan)


def _sinkhorn(x: Tensor, y: Tensor) -> Tensor:
    return sinkhorn(x, y, blur=BLUR, squared=True).mean()


def _geomloss(x: Tensor, y: Tensor) -> Tensor:
    from geomloss import SamplesLoss

    # Its cost is |x - y|^2 / 2.
    return 2 * SamplesLoss("sinkhorn", p=2, blur=BLUR, scaling=0.5)(x, y).mean()
