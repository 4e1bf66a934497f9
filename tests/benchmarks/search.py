"""Who is nearest: one neighbour each way, k, all within a radius, and the farthest points."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor

from pcl_lib.neighbors import farthest_points, knn, nearest, nearest_each_way, radius
from tests.benchmarks.clouds import pairs
from tests.benchmarks.measure import Case, Peer
from tests.benchmarks.peers import CDIST, TREE, Search, by_cdist, by_fpsample, by_search, squares

K = 8
RADIUS = 0.05
EACH_WAY = ((1, 2048), (1, 131_072), (1, 1_048_576))
EACH_WAY_QUICK = ((1, 64), (2, 64))
# Clouds, points of each, how many to choose.
FARTHEST = ((1, 2048, 512), (32, 2048, 512), (1, 16_384, 1024), (1, 131_072, 4096))
FARTHEST_QUICK = ((1, 128, 8), (2, 128, 8))


def cases(device: torch.device, quick: bool) -> Iterator[Case]:
    job = "index and squared length of the nearest point, both ways"
    peers = by_search(_each_way) | by_cdist(_each_way_by_cdist)
    for clouds, points in EACH_WAY_QUICK if quick else EACH_WAY:
        inputs = pairs(clouds, points, device)
        yield Case("nearest_each_way", job, clouds, points, _ours_each_way, peers, inputs)

    points = 128 if quick else 16_384
    inputs = pairs(1, points, device)
    job = "index and squared length of the nearest point, one way"
    peers = by_search(lambda search, x, y: squares(x, y, search(x, y, 1))[..., 0])
    peers |= by_cdist(lambda x, y: torch.cdist(x, y).amin(-1) ** 2)
    yield Case("nearest", job, 1, points, lambda x, y: nearest(x, y).sq_dist, peers, inputs)
    job = f"index and squared length of the {K} nearest points"
    peers = by_search(lambda search, x, y: squares(x, y, search(x, y, K)))
    peers |= by_cdist(lambda x, y: torch.cdist(x, y).topk(K, largest=False).values ** 2)
    yield Case("knn", job, 1, points, lambda x, y: knn(x, y, K).sq_dist, peers, inputs)
    job = f"index and squared length of all points within {RADIUS}, nearest first"
    yield Case("radius", job, 1, points, _ours_radius, BALLS, inputs, judged_by=_count_and_sum)
    yield from farthest_cases(device, quick)


def farthest_cases(device: torch.device, quick: bool) -> Iterator[Case]:
    """Against the library whose one job this is; the loop of PyTorch takes part on a GPU, and in small."""
    for clouds, points, chosen in FARTHEST_QUICK if quick else FARTHEST:
        job = f"{chosen:,} points, each the farthest from those before it"
        peers = {
            # From another start the worst point is a little nearer or farther.
            "fpsample": Peer(by_fpsample(chosen), "fpsample", TREE, tolerance=0.05),
            "torch loop": Peer(_loop(chosen), "torch", {"cpu": 2**22, "cuda": 2**40}),
        }
        inputs = pairs(clouds, points, device)
        ours = _ours_farthest(chosen)
        yield Case("farthest_points", job, clouds, points, ours, peers, inputs, judged_by=_cover)


def _ours_each_way(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    there, back = nearest_each_way(x, y)
    return there.sq_dist, back.sq_dist


def _each_way(search: Search, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    return squares(x, y, search(x, y, 1))[..., 0], squares(y, x, search(y, x, 1))[..., 0]


def _each_way_by_cdist(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    lengths = torch.cdist(x, y)
    return lengths.min(-1).values ** 2, lengths.min(-2).values ** 2


# Squared lengths and index of all neighbours, nearest first, and how many each point has.
Balls = tuple[Tensor, Tensor, Tensor]


def _ours_radius(x: Tensor, y: Tensor) -> Balls:
    ball = radius(x, y, RADIUS)
    return ball.sq_dist, ball.index, ball.count


def _scipy_radius(x: Tensor, y: Tensor) -> Balls:
    a, b = x.numpy(), y.numpy()
    found = cKDTree(b).query_ball_point(a, RADIUS, workers=-1)
    count = np.fromiter(map(len, found), dtype=np.int64, count=len(found))
    row, index = np.repeat(np.arange(len(a)), count), np.concatenate(found).astype(np.int64)
    sq_dist = ((a[row] - b[index]) ** 2).sum(-1)
    order = np.lexsort((sq_dist, row))
    return torch.from_numpy(sq_dist[order]), torch.from_numpy(index[order]), torch.from_numpy(count)


def _scikit_radius(x: Tensor, y: Tensor) -> Balls:
    from sklearn.neighbors import NearestNeighbors

    trees = NearestNeighbors(radius=RADIUS, n_jobs=-1).fit(y.numpy())
    lengths, index = trees.radius_neighbors(x.numpy(), sort_results=True)
    count = np.fromiter(map(len, index), dtype=np.int64, count=len(index))
    sq_dist = torch.from_numpy(np.concatenate(lengths) ** 2)
    return sq_dist, torch.from_numpy(np.concatenate(index)), torch.from_numpy(count)


def _cdist_radius(x: Tensor, y: Tensor) -> Balls:
    lengths = torch.cdist(x, y)
    count = (lengths <= RADIUS).sum(-1)
    nearby = lengths.topk(int(count.max()), largest=False)
    sq_dist = (nearby.values**2).where(nearby.values <= RADIUS, torch.inf)
    return sq_dist, nearby.indices, count


BALLS = {
    "scipy": Peer(_scipy_radius, "scipy", TREE),
    "scikit-learn": Peer(_scikit_radius, "sklearn", TREE),
    "torch.cdist": Peer(_cdist_radius, "torch", CDIST, tolerance=0.05),
}


def _count_and_sum(inputs: tuple, answer: Balls) -> tuple[Tensor, Tensor]:
    sq_dist, _, count = answer
    return count, sq_dist[sq_dist.isfinite()].sum()


def _ours_farthest(chosen: int) -> Callable[[Tensor, Tensor], Tensor]:
    def job(x: Tensor, y: Tensor) -> Tensor:
        return farthest_points(x, chosen)

    return job


def _loop(chosen: int) -> Callable[[Tensor, Tensor], Tensor]:
    """The loop that circulates with PyTorch versions of PointNet++."""

    def job(x: Tensor, y: Tensor) -> Tensor:
        clouds = x if x.ndim == 3 else x[None]
        rows = torch.arange(len(clouds), device=x.device)
        index = torch.zeros(len(clouds), chosen, dtype=torch.long, device=x.device)
        gap = torch.full(clouds.shape[:2], torch.inf, device=x.device)
        farthest = torch.zeros(len(clouds), dtype=torch.long, device=x.device)
        for i in range(chosen):
            index[:, i] = farthest
            gap = torch.minimum(gap, ((clouds - clouds[rows, farthest][:, None]) ** 2).sum(-1))
            farthest = gap.argmax(-1)
        return index if x.ndim == 3 else index[0]

    return job


def _cover(inputs: tuple, index: Tensor) -> Tensor:
    """How far the worst point is from those chosen: a tie, decided by rounding, changes the points but not this."""
    x = inputs[0]
    chosen = x.take_along_dim(index[..., None], -2)
    return nearest(x, chosen).sq_dist.amax(-1).sqrt()
