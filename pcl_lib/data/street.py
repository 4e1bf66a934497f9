"""A street to drive a LiDAR through: road, houses, parked cars, trees, lamp posts and people, in metres."""

from __future__ import annotations

import numpy as np
import trimesh

from pcl_lib._checks import check_integer
from pcl_lib.data import figures, synthetic
from pcl_lib.data._solids import Solid, box, ellipsoid, move, rod, scale, turn

LENGTH = 120.0  # along x, centred at the origin
ROAD, PAVEMENT = 9.0, 3.0  # widths
_STYLES = 40  # different cars and people to choose from


def _ground() -> list[Solid]:
    """Road and raised pavements in tiles: small ones, so that a ray meets few of them."""
    tiles = []
    for x in np.arange(-LENGTH / 2, LENGTH / 2, 6.0) + 3.0:
        tiles.append(box((6.0, ROAD, 0.2), (x, 0.0, -0.1)))
        for side in (-1, 1):
            tiles.append(box((6.0, PAVEMENT, 0.34), (x, side * (ROAD + PAVEMENT) / 2, -0.03)))
    return tiles


def _houses(rng: np.random.Generator, side: int) -> list[Solid]:
    """A row of houses with gaps, gabled or flat, doors and windows as shallow bays."""
    out, x = [], -LENGTH / 2
    front = side * (ROAD / 2 + PAVEMENT)
    while x < LENGTH / 2:
        wide, deep, high = rng.uniform(7, 14), rng.uniform(8, 11), rng.uniform(5, 11)
        middle, y = x + wide / 2, front + side * deep / 2
        out.append(box((wide, deep, high), (middle, y, high / 2)))
        if rng.random() < 0.6:  # a gable: a box edge-on, sunk into the walls
            half = deep / 2 / np.sqrt(2)
            roof = turn(box((wide, 2 * half, 2 * half)), "x", np.pi / 4)
            out.append(move(scale(roof, (1.0, 1.0, 0.7)), (middle, y, high)))
        for storey in np.arange(1.6, high - 1, 2.9):
            for w in np.arange(x + 1.4, x + wide - 1, 2.4):
                out.append(box((1.2, 0.2, 1.4), (w, front, storey)))
        x += wide + rng.choice([0.0, 0.0, rng.uniform(2, 5)])
    return out


def _tree(rng: np.random.Generator, x: float, y: float) -> list[Solid]:
    high = rng.uniform(4.5, 7.5)
    crown = [rod((x, y, 0), (x, y, 0.6 * high), 0.16, 0.1)]
    for _ in range(5):
        dx, dy = rng.normal(0, 0.55, 2)
        r = rng.uniform(0.8, 1.3)
        crown.append(ellipsoid((r, r, 0.85 * r), (x + dx, y + dy, high - rng.uniform(0.5, 2.2)), 12))
    return crown


def _lamp_post(x: float, y: float) -> list[Solid]:
    arm = -np.sign(y) * 1.2
    return [
        rod((x, y, 0), (x, y, 6.0), 0.07, 0.05),
        rod((x, y, 5.95), (x, y + arm, 6.1), 0.04),
        box((0.2, 0.5, 0.1), (x, y + arm, 6.08)),
    ]


def _grounded(mesh: trimesh.Trimesh, size: float, x: float, y: float, heading: float) -> Solid:
    """A synthetic object scaled, turned about z and set down at (x, y) on the ground."""
    v = np.asarray(mesh.vertices) * size
    solid = turn(Solid(v - np.array([0, 0, v[:, 2].min()]), np.asarray(mesh.faces)), "z", heading)
    return move(solid, (x, y, 0.0))


def street(*, seed: int) -> trimesh.Trimesh:
    """One street along x, 120 m long, z up, the road at z = 0: about 400,000 triangles, most of them of four walkers.

    A lane along y = -2 is kept free for the car that carries the sensor (`views.spinning_lidar`).
    Errors: ValueError for a negative seed. Cost: 0.1 s, and 0.4 s once per process for the body of the walkers.

    >>> extents = street(seed=0).extents
    >>> bool(extents[0] > 120), bool(extents[2] > 5)
    (True, True)
    """
    check_integer("seed", seed, 0)
    rng = np.random.default_rng([seed, 7])
    solids = _ground() + _houses(rng, -1) + _houses(rng, 1)
    kerb = ROAD / 2 + 0.8
    for x in np.arange(-LENGTH / 2 + 5, LENGTH / 2 - 4, 9.0):
        for side in (-1, 1):
            if rng.random() < 0.5:
                solids += _tree(rng, x + rng.uniform(-1.5, 1.5), side * kerb)
        if rng.random() < 0.5:
            solids += _lamp_post(x + 4.5, rng.choice([-1.0, 1.0]) * kerb)
        for y, share in ((1.2, 0.3), (ROAD / 2 - 1.1, 0.55)):  # oncoming, and parked at the far kerb
            if rng.random() < share:
                car = synthetic.mesh("car", seed=int(rng.integers(_STYLES)))
                solids.append(_grounded(car, rng.uniform(2.0, 2.35), x + rng.uniform(-1.5, 1.5), y, np.pi))
    for x in rng.uniform(-25, 25, 4):
        walker = figures.mesh(int(rng.integers(_STYLES)))
        y = rng.choice([-1.0, 1.0]) * (kerb + 1.2)
        solids.append(
            _grounded(walker, 0.9, x, y, rng.uniform(0, 2 * np.pi))
        )  # a figure is 2 high, a person 1.8
    offsets = np.cumsum([0] + [len(s.vertices) for s in solids[:-1]])
    faces = [s.faces + o for s, o in zip(solids, offsets, strict=True)]
    return trimesh.Trimesh(np.concatenate([s.vertices for s in solids]), np.concatenate(faces), process=False)
