"""Clouds cut into cubes, and cubes made uneven: what a codec that keeps the density is trained on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from pcl_lib._checks import check_cloud, check_integer, check_option, check_positive
from pcl_lib.data import synthetic

SIDE = 100.0  # of the box that a cloud is scaled to before it is cut
THINNED = 0.1  # share of the points that stay where a cube is thinned
UNEVEN = ("half", "gradient", "far", "even")


class Cubes(NamedTuple):
    """The parts of a cloud: `points`, each (n, 3) in [-1, 1]; `rows`, where in the cloud each of them lay; and the
    `cells` (K, 3), which cube of the grid each part was."""

    points: tuple[Float[Tensor, "_ 3"], ...]
    rows: tuple[Int64[Tensor, "_"], ...]
    cells: Int64[Tensor, "k 3"]


class Patches(Sequence[Tensor]):
    """Clouds of different sizes as data for `fit`: `patches[rows]` is a list of those clouds.

    >>> patches = Patches([torch.zeros(20, 3), torch.ones(30, 3)])
    >>> len(patches), [len(cloud) for cloud in patches[torch.tensor([1, 0])]]
    (2, [30, 20])
    """

    def __init__(self, clouds: Iterable[Tensor]) -> None:
        self.clouds = tuple(clouds)
        if not self.clouds:
            raise ValueError("clouds must hold at least one cloud, received none")

    def __len__(self) -> int:
        return len(self.clouds)

    def __getitem__(self, rows):  # type: ignore[no-untyped-def]  # an integer, a slice, or rows as `fit` asks
        if isinstance(rows, Tensor):
            return [self.clouds[row] for row in rows.reshape(-1).tolist()]
        return self.clouds[rows]


def cut_cubes(points: Float[Tensor, "n 3"], *, edge: float = 22.0) -> Cubes:
    """A cloud scaled to 0..100 by its smallest and largest coordinate of all, and cut into cubes, each to [-1, 1].

    As D-PCC's release does it (streets: ``edge=12``), after the mean of its points is moved to the origin. No
    point is lost and no cube is left out, however few its points are; cubes come in the order of their cells,
    points in theirs. All axes are scaled alike.

    Cost: O(N log N). Errors: ValueError for what is not one finite cloud (N, 3), a cloud whose coordinates are all
    equal, or an edge that is not in (0, 100]. Reference: he2022dpcc.

    >>> cubes = cut_cubes(torch.tensor([[0.0, 0, 0], [0, 0, 0.1], [1, 1, 1]]), edge=50.0)
    >>> [len(part) for part in cubes.points], cubes.cells.tolist()
    ([2, 1], [[0, 0, 0], [1, 1, 1]])
    """
    check_positive("edge", edge, "length")
    if edge > SIDE:
        raise ValueError(f"edge must be at most {SIDE:.0f}, the side of the scaled cloud, received {edge}")
    scaled = _scaled(points)
    cell = (scaled / edge).floor().long().clamp_(0, int(np.ceil(SIDE / edge)) - 1)
    cells, member = cell.unique(dim=0, return_inverse=True)
    order = member.argsort(stable=True)
    rows = order.split(member.bincount(minlength=len(cells)).tolist())
    inside = 2 * (scaled / edge - cell) - 1
    return Cubes(tuple(inside[row] for row in rows), rows, cells)


def uneven(points: Float[Tensor, "n 3"], protocol: str, *, rng: np.random.Generator) -> Float[Tensor, "m 3"]:
    """A cloud of which some places keep a tenth of their points: something for a codec to preserve.

    By protocol: "half", one half along the longest axis is thinned to a tenth; "gradient", the share that stays grows
    along the longest axis from a tenth to all; "far", of the half farther from a point of the cloud a tenth stays;
    "even", all stay. Which end and which point are drawn. The release draws with repeats in the first two, until 70 %
    of the points are reached; here no point comes twice. Between one point and N stay, in their order.

    Errors: ValueError for another protocol. Reference: he2022dpcc.

    >>> from pcl_lib.data import synthetic
    >>> len(uneven(synthetic.sample("mug", 1000, seed=0).points, "far", rng=np.random.default_rng(0)))
    537
    """
    check_option("protocol", protocol, UNEVEN)
    if protocol == "even":
        return points
    x = points.double().numpy()
    low, high = x.min(0), x.max(0)
    axis = int((high - low).argmax())
    along = (x[:, axis] - low[axis]) / max(high[axis] - low[axis], np.finfo(float).tiny)
    if rng.random() < 0.5:
        along = 1 - along
    share = THINNED + (1 - THINNED) * along
    if protocol == "half":
        share = np.where(along < 0.5, THINNED, 1.0)
    if protocol == "far":
        distance = np.linalg.norm(x - x[rng.integers(len(x))], axis=1)
        share = np.where(distance > np.median(distance), THINNED, 1.0)
    stays = rng.random(len(x)) < share
    if not stays.any():
        stays[0] = True
    return points[torch.from_numpy(stays)]


def uneven_cubes(
    clouds: Iterable[Float[Tensor, "_ 3"]],
    *,
    seed: int,
    edge: float = 22.0,
    protocols: Sequence[str] = UNEVEN,
    fewest: int = 1024,
    most: int = 2048,
) -> Patches:
    """Cubes of clouds, each made uneven by a protocol that is drawn for it: training data for a codec.

    What a cloud gives depends on the seed and its place among the clouds alone. Cubes that have fewer than ``fewest``
    points left are not for training (a codec has to send them all the same), and of more than ``most`` so many are
    drawn. ``protocols=("even",)`` leaves cubes as they are, as the release does with vertices of meshes and scans.

    Cost: O(N log N) for each cloud. Errors: ValueError for no cube of enough points, and as `cut_cubes`, `uneven`.
    Reference: he2022dpcc.

    >>> from pcl_lib.data import synthetic
    >>> patches = uneven_cubes([synthetic.sample("chair", 20_000, seed=0).points], seed=0, fewest=300)
    >>> len(patches), max(len(patch) for patch in patches)
    (15, 1865)
    """
    for protocol in protocols:
        check_option("protocols", protocol, UNEVEN)
    check_integer("seed", seed, 0)
    check_integer("fewest", fewest, 1)
    check_integer("most", most, fewest)
    found = []
    for i, cloud in enumerate(clouds):
        rng = np.random.default_rng([seed, i])
        for cube in cut_cubes(cloud, edge=edge).points:
            part = uneven(cube, protocols[int(rng.integers(len(protocols)))], rng=rng)
            if len(part) > most:
                part = part[np.sort(rng.choice(len(part), most, replace=False))]
            if len(part) >= fewest:
                found.append(part)
    if not found:
        raise ValueError(
            f"clouds must have a cube of at least {fewest} points, received none; take more points, or larger cubes"
        )
    return Patches(found)


def dense_shape(family: str, n_points: int = 50_000, *, seed: int, by: str = "area") -> Float[Tensor, "n 3"]:
    """A synthetic shape of many points: ``by="area"`` uniform on its surface, ``by="vertices"`` the vertices of its
    mesh, whose triangles are divided until there are enough, and of which so many are then drawn.

    D-PCC is trained on both, four to one. The density of the second is that of the triangles.

    Shape: (n_points, 3) in [-1, 1]^3. Errors: ValueError for another ``by``, and as `synthetic.sample`.
    Reference: he2022dpcc.

    >>> dense_shape("mug", 5000, seed=0, by="vertices").shape
    torch.Size([5000, 3])
    """
    check_option("by", by, ("area", "vertices"))
    if by == "area":
        return synthetic.sample(family, n_points, seed=seed).points
    check_integer("n_points", n_points, 1)
    mesh = synthetic.mesh(family, seed=seed)
    while len(mesh.vertices) < n_points:
        mesh = mesh.subdivide()
    rows = np.random.default_rng(seed).choice(len(mesh.vertices), n_points, replace=False)
    return torch.from_numpy(np.asarray(mesh.vertices)[rows]).float()


def _scaled(points: Tensor) -> Tensor:
    check_cloud(points, "points", dims=3)
    if points.ndim != 2:
        raise ValueError(
            f"points must be one cloud (N, 3), received shape {tuple(points.shape)}; cut one after the other"
        )
    points = points - points.mean(0)
    low, high = points.min(), points.max()
    if not high > low:
        raise ValueError(
            f"points must differ in some coordinate, received {len(points)} in one place; there is nothing to cut"
        )
    return (points - low) * (SIDE / (high - low))
