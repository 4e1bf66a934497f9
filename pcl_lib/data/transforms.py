"""Normalisations, subsets and perturbations, each named after the convention it follows.

A normalisation returns `Normalized(points, center, scale)`, everything else a tensor, of the type of the
cloud; inside they compute in double precision. Clouds are (N, D) or (B, N, D); in a batch each cloud is
treated by itself. Random functions take ``seed``: an integer (the same
integer, the same result, on any device) or a CPU `torch.Generator` that is advanced.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from pcl_lib._checks import check_cloud, check_integer, check_not_negative
from pcl_lib._seeded import Seed, seeded
from pcl_lib.neighbors import farthest_points


class Normalized(NamedTuple):
    """points = (original - center) / scale; center (*b, 1, D) and scale (*b, 1, 1) in the original unit.

    The points come from the exact centre; ``center`` is that centre in their type, float32 as a rule.
    """

    points: Float[Tensor, "*b n d"]
    center: Float[Tensor, "*b 1 d"]
    scale: Float[Tensor, "*b 1 1"]

    def restore(self, points: Float[Tensor, "*b m d"]) -> Float[Tensor, "*b m d"]:
        """Clouds of the normalised frame (a reconstruction, say) back in the original one."""
        restored = points.double() * self.scale.double() + self.center.double()
        return restored.to(points.dtype)


def _normalized(x: Tensor, points: Tensor, center: Tensor, scale: Tensor) -> Normalized:
    """``points`` = x - center, in double precision: the mean of coordinates near 4.5e6 is no float32."""
    if not bool((scale > 0).all()):
        raise ValueError(
            f"x must be clouds of positive extent, received one whose points all coincide, shape {tuple(x.shape)}; "
            "drop it, there is nothing to scale"
        )
    return Normalized((points / scale).to(x.dtype), center.to(x.dtype), scale.to(x.dtype))


def unit_sphere(x: Float[Tensor, "*b n d"]) -> Normalized:
    r"""Mean at the origin, the farthest point at distance 1 (PointNet, ShapeNet-55, ModelNet practice).

    .. math:: (x - \bar x) / \max_i \lVert x_i - \bar x \rVert

    The result lies in the unit ball and touches its sphere. It depends on the sampling: the mean of the
    points is not the centre of the surface. Cost: O(N D).
    Errors: `ValueError` for anything that is not a cloud, and for a cloud of coinciding points.

    >>> unit_sphere(torch.tensor([[0.0, 0.0], [4.0, 0.0]])).points.tolist()
    [[-1.0, 0.0], [1.0, 0.0]]
    """
    check_cloud(x)
    double = x.double()
    center = double.mean(-2, keepdim=True)
    points = double - center
    return _normalized(x, points, center, points.norm(dim=-1, keepdim=True).amax(-2, keepdim=True))


def bounding_box(x: Float[Tensor, "*b n d"]) -> Normalized:
    r"""Box centre at the origin, longest side from -1 to 1.

    .. math:: (x - \tfrac{1}{2}(\max x + \min x)) / \tfrac{1}{2} \max_d (\max x_d - \min x_d)

    The proportions are kept: the shorter sides end inside [-1, 1]. Cost: O(N D).
    Errors: `ValueError` for anything that is not a cloud, and for a cloud of coinciding points.

    >>> bounding_box(torch.tensor([[0.0, 0.0], [4.0, 2.0]])).points.tolist()
    [[-1.0, -0.5], [1.0, 0.5]]
    """
    check_cloud(x)
    double = x.double()
    low, high = double.amin(-2, keepdim=True), double.amax(-2, keepdim=True)
    center = (low + high) / 2
    return _normalized(x, double - center, center, (high - low).amax(-1, keepdim=True) / 2)


def caloss_test_normalization(x: Float[Tensor, "*b n d"]) -> Normalized:
    """What CALoss's released code does to its test clouds, and to no training cloud: `unit_sphere`.

    The paper says that all data are normalised to -1..1; the evaluation script centres each test cloud at
    its mean and divides by its largest radius, while training uses the files as they are.
    Errors: as `unit_sphere`. Reference: huang2023caloss.

    >>> float(caloss_test_normalization(torch.tensor([[0.0, 0.0], [4.0, 0.0]])).scale)
    2.0
    """
    return unit_sphere(x)


def shapegf_normalization(x: Float[Tensor, "*b n d"]) -> Normalized:
    """What ShapeGF does to each whole cloud of 15,000 points before it draws from it: `bounding_box`.

    Draw afterwards with `shapegf_training_points` and `shapegf_test_points`. Reconstruction errors are
    reported after `Normalized.restore`, generation metrics in the normalised frame.
    Errors: as `bounding_box`. Reference: cai2020shapegf.

    >>> float(shapegf_normalization(torch.tensor([[0.0, 0.0], [4.0, 2.0]])).scale)
    2.0
    """
    return bounding_box(x)


def shapegf_training_points(
    x: Float[Tensor, "*b n d"], n_points: int = 2048, *, pool: int = 10_000, seed: Seed
) -> Float[Tensor, "*b m d"]:
    """ShapeGF's training draw: ``n_points`` of the first ``pool`` points, with replacement.

    So a training cloud holds repeated points (of 2,048 drawn from 10,000 about 200 are repeats); a method
    that divides by distances between points of one cloud must allow for zeros. Cost: O(n_points).
    Errors: `ValueError` for anything that is not a cloud, n_points < 1, fewer than ``pool`` points.
    Reference: cai2020shapegf.

    >>> x = torch.arange(30.0).reshape(10, 3)
    >>> shapegf_training_points(x, 5, pool=4, seed=0).shape
    torch.Size([5, 3])
    """
    check_cloud(x)
    check_integer("n_points", n_points, 1)
    check_integer("pool", pool, 1, x.shape[-2], of=_points_of(x))
    generator = seeded(seed)
    shape = (*x.shape[:-2], n_points)
    return _take(x, torch.randint(pool, shape, generator=generator, device=generator.device))


def shapegf_test_points(
    x: Float[Tensor, "*b n d"], n_points: int = 2048, *, start: int = 10_000
) -> Float[Tensor, "*b m d"]:
    """ShapeGF's test cloud: the first ``n_points`` after the ``start`` points that training draws from.

    Errors: `ValueError` for anything that is not a cloud, n_points < 1, fewer than start + n_points points.
    Reference: cai2020shapegf.

    >>> shapegf_test_points(torch.arange(12.0).reshape(6, 2), 2, start=3).tolist()
    [[6.0, 7.0], [8.0, 9.0]]
    """
    check_cloud(x)
    check_integer("n_points", n_points, 1)
    check_integer("start", start, 0)
    if start + n_points > x.shape[-2]:
        raise ValueError(
            f"x must have at least start + n_points = {start} + {n_points} points, received shape {tuple(x.shape)}; "
            "pass a smaller start"
        )
    return x[..., start : start + n_points, :]


def random_subset(x: Float[Tensor, "*b n d"], n_points: int, *, seed: Seed) -> Float[Tensor, "*b m d"]:
    """``n_points`` of the points, without replacement, in random order, another choice for each cloud.

    Cost: O(N log N).
    Errors: `ValueError` for anything that is not a cloud, n_points outside 1..N (to go up: `resample`).

    >>> random_subset(torch.arange(8.0).reshape(4, 2), 3, seed=0).shape
    torch.Size([3, 2])
    """
    check_cloud(x)
    check_integer("n_points", n_points, 1, x.shape[-2], of=_points_of(x), hint="; resample goes beyond")
    return _take(x, _permutations(x, seeded(seed))[..., :n_points])


def farthest_point_subset(
    x: Float[Tensor, "*b n d"], n_points: int, *, start: int = 0
) -> Float[Tensor, "*b m d"]:
    """``n_points`` points chosen by farthest-point sampling from point ``start``; see `farthest_points`.

    Cost: O(N n_points D). Errors: as `pcl_lib.neighbors.farthest_points`. Reference: eldar1997fps.

    >>> farthest_point_subset(torch.tensor([[0.0], [1.0], [5.0], [2.5]]), 3).ravel().tolist()
    [0.0, 5.0, 2.5]
    """
    return _take(x, farthest_points(x, n_points, start=start))


def resample(x: Float[Tensor, "*b n d"], n_points: int, *, seed: Seed) -> Float[Tensor, "*b m d"]:
    """Exactly ``n_points`` points: a random subset going down; going up, all points and random repeats.

    The convention of PCN's data loader: a random order, cut at ``n_points``; if it is too short, points drawn
    with replacement follow. Cost: O(N log N + n_points).
    Errors: `ValueError` for anything that is not a cloud, n_points < 1. Reference: yuan2018pcn.

    >>> resample(torch.tensor([[1.0], [2.0]]), 5, seed=0).ravel().sort().values.tolist()
    [1.0, 2.0, 2.0, 2.0, 2.0]
    """
    check_cloud(x)
    check_integer("n_points", n_points, 1)
    generator = seeded(seed)
    index = _permutations(x, generator)[..., :n_points]
    missing = n_points - index.shape[-1]
    if missing > 0:
        shape = (*index.shape[:-1], missing)
        extra = torch.randint(x.shape[-2], shape, generator=generator, device=generator.device)
        index = torch.cat([index, extra], -1)
    return _take(x, index)


def jitter(
    x: Float[Tensor, "*b n d"], *, sigma: float = 0.003, clip: float = 0.2, seed: Seed
) -> Float[Tensor, "*b n d"]:
    r"""Add clipped Gaussian noise to every coordinate; the defaults are CALoss's perturbation.

    .. math:: x + \mathrm{clip}(\sigma \epsilon, -c, c), \quad \epsilon \sim N(0, 1)

    sigma and clip in the unit of x. PointNet's augmentation is sigma=0.01, clip=0.05. Cost: O(N D).
    Errors: `ValueError` for anything that is not a cloud, sigma < 0, clip <= 0. Reference: huang2023caloss.

    >>> x = torch.zeros(1000, 3)
    >>> float(jitter(x, sigma=1.0, clip=0.5, seed=0).abs().max())
    0.5
    """
    check_cloud(x)
    check_not_negative("sigma", sigma)
    if not clip > 0:
        raise ValueError(f"clip must be positive, received {clip!r}; math.inf clips nothing")
    generator = seeded(seed)
    noise = torch.randn(x.shape, generator=generator, device=generator.device, dtype=x.dtype)
    return x + (sigma * noise).clamp_(-clip, clip).to(x.device)


def random_rotation(x: Float[Tensor, "*b n d"], *, axis: str = "z", seed: Seed) -> Float[Tensor, "*b n d"]:
    """Rotate each cloud about the origin by its own random rotation.

    ``axis``: "x", "y" or "z" turns by an angle uniform on [0, 2 pi) about that axis ("z" is up in the
    synthetic families, "y" in ShapeNet); "any" draws uniformly from all rotations (a normalised Gaussian
    quaternion). 2-D clouds turn in their plane, axis "z". Lengths are kept. Cost: O(N D).
    Errors: `ValueError` for anything that is not a 2-D or 3-D cloud, an unknown axis, another axis in 2-D.

    >>> x = torch.tensor([[1.0, 0.0, 5.0]])
    >>> y = random_rotation(x, seed=1)
    >>> float(y[0, 2]), round(float(y.norm() - x.norm()), 5)
    (5.0, 0.0)
    """
    check_cloud(x, dims=(2, 3))
    dim = x.shape[-1]
    known = ("x", "y", "z", "any") if dim == 3 else ("z",)
    if axis not in known:
        allowed = ", ".join(map(repr, known))
        raise ValueError(f"axis must be one of {allowed} for {dim}-D clouds, received {axis!r}")
    batch = x.shape[:-2]
    generator = seeded(seed)
    if axis == "any":
        q = torch.randn((*batch, 4), generator=generator, device=generator.device, dtype=torch.float64)
        matrix = _quaternion_matrix(q / q.norm(dim=-1, keepdim=True))
    else:
        draws = torch.rand(batch, generator=generator, device=generator.device, dtype=torch.float64)
        angle = 2 * math.pi * draws
        i, j = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
        matrix = torch.eye(dim, device=angle.device, dtype=torch.float64).repeat(*batch, 1, 1)
        matrix[..., i, i] = matrix[..., j, j] = angle.cos()
        matrix[..., j, i], matrix[..., i, j] = angle.sin(), -angle.sin()
    # In double precision, which autocast leaves alone; a product in bfloat16 would not keep lengths.
    return (x.double() @ matrix.mT.to(x.device)).to(x.dtype)


def _quaternion_matrix(q: Tensor) -> Tensor:
    w, x, y, z = q.unbind(-1)
    rows = [
        1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
        2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
        2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y),
    ]  # fmt: skip
    return torch.stack(rows, -1).unflatten(-1, (3, 3))


def _permutations(x: Tensor, generator: torch.Generator) -> Tensor:
    """A random order of the points for each cloud (*b, N)."""
    # float64: with a million float32 draws, ties would prefer low indices
    shape, device = x.shape[:-1], generator.device
    return torch.rand(shape, generator=generator, device=device, dtype=torch.float64).argsort(-1)


def _take(x: Tensor, index: Tensor) -> Tensor:
    """x at index (*b, M), with the gradient passed through."""
    return x.gather(-2, index.to(x.device)[..., None].expand(*index.shape, x.shape[-1]))


def _points_of(x: Tensor) -> str:
    return f"the {x.shape[-2]} points of x {tuple(x.shape)}"
