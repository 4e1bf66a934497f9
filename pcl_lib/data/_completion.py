"""Pairs of a partial and a complete cloud, made as the completion benchmarks make them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from tqdm import tqdm

from pcl_lib._checks import check_cloud, check_integer, check_option
from pcl_lib._seeded import seeded
from pcl_lib.data._cloud import stack
from pcl_lib.data.readers._pcn import CompletionPair
from pcl_lib.data.transforms import farthest_point_subset, resample
from pcl_lib.data.views import VIEWPOINTS, crop, eight_views

# share of the points that is cut off; ShapeNet-55 calls them simple, moderate and hard, its code easy, median, hard
DIFFICULTIES: dict[str, float] = {"simple": 1 / 4, "moderate": 1 / 2, "hard": 3 / 4}
_RANDOM = (1 / 4, 3 / 4)
_AT_ONCE = 64  # clouds ordered together: enough to hide the cost of a step, few enough to stay in the cache


class Pairs(NamedTuple):
    """S partial clouds, each beside its complete one, as a training loop takes them.

    partial (S, M, 3); complete (S, N, 3) in farthest-point order: its first n points are its farthest-point
    subset of n, for every n; shape (S,) int64: which shape a pair shows. The pairs of a shape follow each other.
    """

    partial: Float[Tensor, "s m 3"]
    complete: Float[Tensor, "s n 3"]
    shape: Int64[Tensor, " s"]


def view_pairs(
    complete: Float[Tensor, "t n 3"],
    *,
    views: int = 8,
    n_partial: int = 2048,
    n_complete: int | None = None,
    seed: int = 0,
    progress: bool = False,
) -> Pairs:
    """Partial clouds of each shape as seen from random places around it, as in PCN.

    A partial cloud is a subset of the cloud that was given: the points that `views.eight_views` sees.

    - `views`: of each shape, 1 to 8; PCN trains with 8 and tests with 1;
    - `n_partial`: what is seen becomes so many points: a random subset, or all of it and random repeats where there
      are fewer (`transforms.resample`). A quarter to a half of the points are seen, so give clouds of 4 `n_partial`
      points or more where repeats are not wanted;
    - `n_complete`: makes the target the farthest-point subset of that size; None keeps all points;
    - `seed`: the views of shape t depend on it and t alone;
    - `progress`: show a bar.

    Shapes: see `Pairs`; S = T views. Cost: a hull a view, and O(N n_complete) a shape for the farthest-point order:
    with 8 views about 20 ms for a shape of 512 points, 70 ms for 2,048, 2 s for 16,384.
    Errors: `ValueError` for anything that is not a batch of 3-D clouds, views outside 1..8, n_partial < 1, n_complete
    outside 1..N, a negative seed, fewer than 4 points, points on one line. Reference: yuan2018pcn.

    >>> from pcl_lib.data import stack, synthetic
    >>> chairs = stack(synthetic.dataset(["chair"], 2, n_points=256))
    >>> pairs = view_pairs(chairs, views=3, n_partial=64, n_complete=128)
    >>> pairs.partial.shape, pairs.complete.shape, pairs.shape.tolist()
    (torch.Size([6, 64, 3]), torch.Size([6, 128, 3]), [0, 0, 0, 1, 1, 1])
    """
    _check(complete, views, n_partial, seed)
    partial = []
    for shape, points in enumerate(tqdm(complete, disable=not progress, desc="views")):
        draws = _generator(seed, shape)
        eyes = int(torch.randint(2**31, (), generator=draws, device="cpu"))
        seen = eight_views(points, count=views, seed=eyes)
        partial += [resample(points[index], n_partial, seed=draws) for index in seen]
    return _pairs(torch.stack(partial), complete, _each(len(complete), views), n_complete, progress)


def crop_pairs(
    complete: Float[Tensor, "t n 3"],
    *,
    difficulty: str = "random",
    views: int = 8,
    n_partial: int = 2048,
    n_complete: int | None = None,
    seed: int = 0,
    progress: bool = False,
) -> Pairs:
    """Partial clouds of each shape, the points nearest to a viewpoint cut off, as in ShapeNet-55.

    - `difficulty`: "simple", "moderate" and "hard" cut off 1/4, 1/2 and 3/4 of the points, seen from the
      first `views` of the eight fixed `views.VIEWPOINTS`: PoinTr's test. "random" draws for each pair a share
      uniform on [1/4, 3/4) and a direction uniform on the unit sphere: its training;
    - `views`: crops of each shape, 1 to 8;
    - `n_partial`: what is left becomes so many points by farthest-point sampling, or all of it and random repeats
      where it has fewer. PoinTr's clouds have 8,192 points in the unit ball (`transforms.unit_sphere`), so that 2,048
      are left of the hardest;
    - `n_complete`: makes the target the farthest-point subset of that size; None keeps all points;
    - `seed`: random crops of shape t depend on it and t alone;
    - `progress`: show a bar.

    Shapes: see `Pairs`; S = T views. Cost: O(N n_partial) a pair and O(N n_complete) a shape: about 6 ms a pair of
    256 from 512 points (1 ms where the viewpoints are fixed), 0.1 s a pair of 2,048 from 8,192.
    Errors: `ValueError` for anything that is not a batch of 3-D clouds, an unknown difficulty, fewer than 4 points,
    views outside 1..8, n_partial < 1, n_complete outside 1..N, a negative seed. Reference: yu2021pointr.

    >>> ball = torch.nn.functional.normalize(torch.randn(1, 64, 3, generator=torch.Generator().manual_seed(0)), dim=-1)
    >>> hard = crop_pairs(ball, difficulty="hard", views=2, n_partial=16)
    >>> hard.partial.shape, bool(hard.partial[0].sum(-1).max() < ball.sum(-1).max())
    (torch.Size([2, 16, 3]), True)
    """
    _check(complete, views, n_partial, seed)
    check_option("difficulty", difficulty, (*DIFFICULTIES, "random"))
    if complete.shape[1] < 4:
        raise ValueError(
            f"complete must have at least 4 points, to cut a quarter off, received shape {tuple(complete.shape)}"
        )
    if difficulty == "random":
        partial = _random_crops(complete, views, n_partial, seed, progress)
    else:
        partial = _fixed_crops(complete, DIFFICULTIES[difficulty], views, n_partial, seed, progress)
    return _pairs(partial, complete, _each(len(complete), views), n_complete, progress)


def as_pairs(
    completions: Sequence[CompletionPair],
    *,
    n_partial: int | None = None,
    n_complete: int | None = None,
    seed: int = 0,
    progress: bool = False,
) -> Pairs:
    """The pairs that a reader such as `pcn` returns, in its order, as one batch.

    Pairs whose complete cloud is the same object are of one shape. Complete clouds must be of one size.

    - `n_partial`: resamples the partial clouds (a random subset, or repeats); None takes them as they are, which must
      then be of one size too;
    - `n_complete`: makes the target the farthest-point subset of that size; None keeps all points;
    - `seed`: of the resampling;
    - `progress`: show a bar.

    Cost: O(N n_complete) a shape for the farthest-point order: 0.8 s for all of PCN's 16,384 points, 0.1 s for 2,048.
    Errors: `ValueError` for an empty list, clouds of unequal sizes or not in 3-D, n_partial < 1, n_complete outside
    1..N.

    >>> from pcl_lib.data import Cloud
    >>> whole, half = Cloud(torch.eye(3)), Cloud(torch.eye(3)[:2])
    >>> pairs = as_pairs([CompletionPair(half, whole), CompletionPair(half, whole)], n_partial=5)
    >>> pairs.partial.shape, pairs.shape.tolist()
    (torch.Size([2, 5, 3]), [0, 0])
    """
    if len(completions) == 0:
        raise ValueError("completions must hold at least one pair, received an empty list")
    whole = {id(pair.complete): pair.complete for pair in completions}
    place = {key: index for index, key in enumerate(whole)}
    partial = stack([pair.partial for pair in completions], n_partial, seed)
    shape = torch.tensor([place[id(pair.complete)] for pair in completions], device=partial.device)
    return _pairs(partial, stack(list(whole.values())), shape, n_complete, progress)


def _fixed_crops(
    complete: Tensor, fraction: float, views: int, n_partial: int, seed: int, progress: bool
) -> Tensor:
    draws, partial = _generator(seed, 0), []
    for view in tqdm(range(views), disable=not progress, desc="crops"):
        left = crop(complete, fraction=fraction, viewpoint=view, n_partial=None).partial
        partial.append(_sized(left, n_partial, draws))
    return torch.stack(partial, 1).flatten(0, 1)


def _random_crops(complete: Tensor, views: int, n_partial: int, seed: int, progress: bool) -> Tensor:
    low, high = _RANDOM
    partial: list[Tensor] = []
    enough: list[int] = []
    for shape, points in enumerate(tqdm(complete, disable=not progress, desc="crops")):
        draws = _generator(seed, shape)
        share = low + (high - low) * torch.rand(views, generator=draws, device="cpu", dtype=torch.float64)
        eyes = torch.nn.functional.normalize(
            torch.randn(views, 3, generator=draws, device="cpu", dtype=torch.float64)
        )
        for fraction, eye in zip(share.tolist(), eyes, strict=True):
            left = crop(points, fraction=fraction, viewpoint=eye, n_partial=None).partial
            if len(left) >= n_partial:
                enough.append(len(partial))
                partial.append(left)
            else:
                partial.append(resample(left, n_partial, seed=draws))
    _spread(partial, enough, n_partial)
    return torch.stack(partial)


def _spread(clouds: list[Tensor], which: list[int], n_points: int) -> None:
    """Put so many farthest points in the place of each of the clouds (.., 3) named, many clouds in one step.

    Shorter clouds are filled up with copies of their first point, where the choice begins: a copy of a chosen point is
    taken after all others, so never, for each cloud has enough.
    """
    by_length = sorted(which, key=lambda k: len(clouds[k]))
    for start in range(0, len(by_length), _AT_ONCE):
        block = by_length[start : start + _AT_ONCE]
        longest = len(clouds[block[-1]])
        filled = [torch.cat([c, c[:1].expand(longest - len(c), -1)]) for c in (clouds[k] for k in block)]
        for k, cloud in zip(block, farthest_point_subset(torch.stack(filled), n_points), strict=True):
            clouds[k] = cloud


def _sized(left: Tensor, n_points: int, draws: torch.Generator) -> Tensor:
    """Spread evenly where there are enough points, all of them and random repeats where not."""
    enough = left.shape[-2] >= n_points
    return farthest_point_subset(left, n_points) if enough else resample(left, n_points, seed=draws)


def _pairs(partial: Tensor, complete: Tensor, shape: Tensor, n_complete: int | None, progress: bool) -> Pairs:
    """Partial clouds beside the complete ones at ``shape``, these brought into farthest-point order."""
    check_cloud(partial, "partial", dims=3)
    check_cloud(complete, "complete", dims=3)
    most = complete.shape[1]
    of = f"the {most} points of complete {tuple(complete.shape)}"
    n = most if n_complete is None else check_integer("n_complete", n_complete, 1, most, of=of)
    blocks = tqdm(complete.split(_AT_ONCE), disable=not progress, desc="farthest points")
    ordered = torch.cat([farthest_point_subset(block, n) for block in blocks])
    shape = shape.to(ordered.device)
    return Pairs(partial, ordered[shape], shape)


def _check(complete: Tensor, views: int, n_partial: int, seed: int) -> None:
    check_cloud(complete, "complete", dims=3)
    if complete.ndim != 3:
        raise ValueError(
            f"complete must be a batch of clouds (T, N, 3), received {tuple(complete.shape)}; "
            "add the missing axis with complete[None]"
        )
    check_integer("views", views, 1, len(VIEWPOINTS), of=f"{len(VIEWPOINTS)} views of each shape")
    check_integer("n_partial", n_partial, 1)
    check_integer("seed", seed, 0)


def _generator(seed: int, shape: int) -> torch.Generator:
    """Draws for one shape, the same whichever others are there."""
    return seeded(1_000_000 * seed + shape)


def _each(shapes: int, views: int) -> Tensor:
    return torch.arange(shapes, device="cpu").repeat_interleave(views)
