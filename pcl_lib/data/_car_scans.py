"""Cars as a LiDAR on another car sees them: sparse and from one side, in the frame of the synthetic family."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
import trimesh
from jaxtyping import Float, Int64
from torch import Tensor
from tqdm import tqdm

from pcl_lib._checks import check_integer
from pcl_lib._seeded import seeded
from pcl_lib.data import synthetic
from pcl_lib.data.transforms import resample
from pcl_lib.data.views import spinning_lidar

SENSOR = (0.0, 0.0, 1.73)  # KITTI's, metres above the road
LANE = 12.0  # how far to the side a car stands at most, metres
VIEW = np.radians(40.0)  # half the camera's field of view: KITTI labels what its camera sees


class CarScans(NamedTuple):
    """C scans of single cars, in the frame of ``synthetic.mesh("car")``: z up, facing +x, box from -1 to 1 along x.

    partial (C, M, 3): the returns, resampled to M. returns (C,) int64: how many there were, the number of distinct
    points of ``partial`` where it is at most M. sensor (C, 3): where the LiDAR is, in the same frame.
    distance (C,): from the sensor to the centre of the box, metres. car (C,) int64: the seed of the car.
    """

    partial: Float[Tensor, "c m 3"]
    returns: Int64[Tensor, " c"]
    sensor: Float[Tensor, "c 3"]
    distance: Float[Tensor, " c"]
    car: Int64[Tensor, " c"]


def lidar_cars(
    count: int,
    *,
    n_partial: int = 2048,
    distance: tuple[float, float] = (8.0, 50.0),
    range_noise: float = 0.02,
    seed: int = 0,
    progress: bool = False,
) -> CarScans:
    """Scans of ``count`` synthetic cars by KITTI's LiDAR, brought into one frame by their true boxes.

    Our stand-in for the KITTI cars of PCN. Each car is 4.0 to 4.7 m long and stands on the road, in sight of a camera
    that looks ahead and at most 12 m to the side; it drives along the road, with or against us, within 10 degrees or
    so, and one in eight any other way. `views.spinning_lidar` with the defaults (64 beams) scans it. Its box, known
    here and labelled in KITTI, takes the returns into the frame and scale of the synthetic family, as PCN does with
    KITTI's boxes. The scene holds the car alone: the ground never hides a car that stands on it, and a box without
    returns of other things is what is left when they are removed. KITTI's cars, unlike these, are also hidden by
    others.

    - `n_partial`: the returns, about 1,600 at 10 m and 50 at 50 m, become so many points by `transforms.resample`: most
      points of a far car are repeats;
    - `distance`: of the cars, uniform between these two (metres);
    - `range_noise`: standard deviation of a range (metres);
    - `seed`: car i is the synthetic car of seed ``1_000_000 * seed + i``, and its scan does not depend on ``count``; a
      data set made with the same seed holds the same cars, so take another one;
    - `progress`: show a bar.

    Shapes: see `CarScans`. Cost: 20 to 100 ms a scan, most for near cars.
    Errors: `ValueError` for count < 1, n_partial < 1, a distance range that descends or is not inside [4, 80],
    range_noise < 0, a negative seed. References: yuan2018pcn, geiger2012kitti.

    >>> scans = lidar_cars(2, n_partial=256, seed=3)
    >>> scans.partial.shape, scans.returns.shape
    (torch.Size([2, 256, 3]), torch.Size([2]))
    """
    low, high = distance
    check_integer("count", count, 1, 1_000_000, of="1,000,000 cars")
    check_integer("n_partial", n_partial, 1)
    if not 4 <= low <= high <= 80:
        raise ValueError(
            f"distance must be (low, high) in metres, 4 <= low <= high <= 80, received {distance}; "
            "a nearer car would meet the sensor, of a farther one hardly a beam returns"
        )
    check_integer("seed", seed, 0)
    partial, returns, sensor, away = [], [], [], []
    cars = [1_000_000 * seed + i for i in range(count)]
    for car in tqdm(cars, disable=not progress, desc="scans"):
        rng = np.random.default_rng([car, 8])
        mesh = synthetic.mesh("car", seed=car)
        half_length, centre, turn = _pose(rng, mesh, rng.uniform(low, high))
        scene = trimesh.Trimesh(mesh.vertices * half_length @ turn.T + centre, mesh.faces, process=False)
        scan = spinning_lidar(scene, origin=SENSOR, range_noise=range_noise, seed=int(rng.integers(2**31)))
        points = (scan.points.double().numpy() - centre) @ turn / half_length
        draws = seeded(int(rng.integers(2**31)))
        partial.append(resample(torch.from_numpy(points).float(), n_partial, seed=draws))
        returns.append(len(points))
        sensor.append((np.array(SENSOR) - centre) @ turn / half_length)
        away.append(np.linalg.norm(np.array(SENSOR) - centre))
    return CarScans(
        torch.stack(partial),
        torch.tensor(returns, device="cpu"),
        torch.from_numpy(np.array(sensor)).float(),
        torch.tensor(away, device="cpu").float(),
        torch.tensor(cars, device="cpu"),
    )


def _pose(
    rng: np.random.Generator, mesh: trimesh.Trimesh, away: float
) -> tuple[float, np.ndarray, np.ndarray]:
    """Half the length of a car in metres, the centre of its box on the road, its rotation about z."""
    half_length = rng.uniform(2.0, 2.35)
    side = rng.uniform(-1, 1) * min(LANE, away * np.sin(VIEW))
    along = rng.normal(0.0, np.radians(5.0)) + rng.choice([0.0, np.pi])
    heading = rng.uniform(0, 2 * np.pi) if rng.random() < 1 / 8 else along
    c, s = np.cos(heading), np.sin(heading)
    centre = np.array([np.sqrt(away**2 - side**2), side, -mesh.bounds[0, 2] * half_length])
    return half_length, centre, np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
