"""What else is made of nearest neighbours: the Hausdorff distance and the F-score."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from scipy.spatial.distance import directed_hausdorff
from torch import Tensor

from pcl_lib.distances import f_score, hausdorff
from tests.benchmarks.clouds import pairs
from tests.benchmarks.measure import Answer, Case, Peer
from tests.benchmarks.peers import TREE, Search, by_cdist, by_search, squares

THRESHOLD = 0.02
SIZES = ((1, 2048), (1, 131_072), (32, 2048))
QUICK = ((1, 64), (2, 64))


def cases(device: torch.device, quick: bool) -> Iterator[Case]:
    own = {
        "scipy's own": Peer(_scipy_hausdorff, "scipy", TREE),
        "point-cloud-utils' own": Peer(_pcu_hausdorff, "point_cloud_utils", TREE),
    }
    worst = own | by_search(_hausdorff) | by_cdist(_hausdorff_by_cdist)
    share = by_search(_f_score) | by_cdist(_f_score_by_cdist)
    for clouds, points in QUICK if quick else SIZES:
        inputs = pairs(clouds, points, device)
        yield Case("hausdorff", "the worst of both directions", clouds, points, hausdorff, worst, inputs)
        job = f"F-score, precision and recall at {THRESHOLD}"
        yield Case(
            "f_score", job, clouds, points, lambda x, y: tuple(f_score(x, y, THRESHOLD)), share, inputs
        )


def _each(x: Tensor, y: Tensor, one) -> Tensor:
    """The values of all clouds of a batch, or of one cloud, by a function of numpy arrays."""
    if x.ndim == 2:
        return torch.tensor(one(x.numpy(), y.numpy()))
    return torch.tensor([one(a.numpy(), b.numpy()) for a, b in zip(x, y, strict=True)])


def _scipy_hausdorff(x: Tensor, y: Tensor) -> Tensor:
    return _each(x, y, lambda a, b: max(directed_hausdorff(a, b)[0], directed_hausdorff(b, a)[0]))


def _pcu_hausdorff(x: Tensor, y: Tensor) -> Tensor:
    import point_cloud_utils

    return _each(x, y, point_cloud_utils.hausdorff_distance)


def _hausdorff(search: Search, x: Tensor, y: Tensor) -> Tensor:
    there, back = (squares(a, b, search(a, b, 1)).amax((-2, -1)) for a, b in ((x, y), (y, x)))
    return torch.maximum(there, back).sqrt()


def _hausdorff_by_cdist(x: Tensor, y: Tensor) -> Tensor:
    lengths = torch.cdist(x, y)
    return torch.maximum(lengths.amin(-1).amax(-1), lengths.amin(-2).amax(-1))


def _f_score(search: Search, x: Tensor, y: Tensor) -> Answer:
    return _score(*(squares(a, b, search(a, b, 1))[..., 0].sqrt() for a, b in ((x, y), (y, x))))


def _f_score_by_cdist(x: Tensor, y: Tensor) -> Answer:
    lengths = torch.cdist(x, y)
    return _score(lengths.amin(-1), lengths.amin(-2))


def _score(there: Tensor, back: Tensor) -> Answer:
    precision, recall = ((lengths < THRESHOLD).float().mean(-1) for lengths in (there, back))
    total = precision + recall
    return torch.where(total > 0, 2 * precision * recall / total, 0), precision, recall
