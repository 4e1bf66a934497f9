"""From space to paper: a camera that is cheaper and cleaner than mplot3d's."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

Number = float | int
Range = tuple[Number, Number]
View = tuple[Number, Number]  # elevation and azimuth in degrees, as in matplotlib
Up = str  # "z" or "y"

EYE = 4.5  # distance of the eye from the centre, in radii


class Projected(NamedTuple):
    """`xy` (N, 2) on the paper, in the cloud's own unit of length; `depth` (N,) from 0 (near) to 1 (far)."""

    xy: np.ndarray
    depth: np.ndarray


def camera(view: View) -> np.ndarray:
    """Rows: right, up, towards the eye; Z points up.

    >>> camera((0.0, 0.0)).tolist()
    [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    elevation, azimuth = np.radians(view)
    eye = np.array(
        [np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)]
    )
    right = np.array([-np.sin(azimuth), np.cos(azimuth), 0.0])
    return np.stack([right, np.cross(eye, right), eye]) + 0.0  # + 0.0 turns -0.0 into 0.0


def z_up(points: np.ndarray, up: Up) -> np.ndarray:
    """The cloud with Z up; data sets made for rendering (ShapeNet) often have Y up."""
    if up == "z" or points.shape[1] == 2:
        return points
    if up == "y":
        return points[:, [0, 2, 1]] * [1.0, -1.0, 1.0]
    raise ValueError(f"up must be 'z' or 'y', received {up!r}")


@dataclass(frozen=True)
class Scene:
    """What clouds that are drawn together share: a camera and limits. Make it with `scene_of`."""

    view: View
    up: Up
    centre: np.ndarray
    radius: float
    depth_range: tuple[float, float]
    low: np.ndarray
    high: np.ndarray

    def project(self, points: np.ndarray) -> Projected:
        """Weak perspective; a 2-D cloud lies on the paper already and keeps its coordinates."""
        if points.shape[1] == 2:
            return Projected(points, np.zeros(len(points)))
        xy, distance = perspective(z_up(points, self.up), self.view, self.centre, self.radius)
        near, far = self.depth_range
        return Projected(xy, np.clip((distance - near) / max(far - near, 1e-12), 0.0, 1.0))


def perspective(
    points: np.ndarray, view: View, centre: np.ndarray, radius: float
) -> tuple[np.ndarray, np.ndarray]:
    """`xy` (N, 2) in the unit of the points, and the distance (N,) from the eye in radii."""
    seen = (points - centre) @ camera(view).T
    distance = EYE - seen[:, 2] / radius
    # A point behind the eye has no image; stop it just in front of the lens.
    return seen[:, :2] * (EYE / np.maximum(distance, 0.5))[:, None], distance


def scene_of(clouds: list[np.ndarray], *, view: View, up: Up) -> Scene:
    """A scene that holds all points of `clouds`."""
    everything = np.concatenate([z_up(cloud, up) for cloud in clouds])
    centre = (everything.min(axis=0) + everything.max(axis=0)) / 2
    radius = float(np.linalg.norm(everything - centre, axis=1).max()) or 1.0
    if everything.shape[1] == 2:
        xy, depth_range = everything, (0.0, 1.0)
    else:
        xy, distance = perspective(everything, view, centre, radius)
        # A few stray points should not use up the whole range of ink.
        near, far = np.percentile(distance, [1, 99])
        depth_range = (float(near), float(far))
    low, high = xy.min(axis=0), xy.max(axis=0)
    # A line or a single point still needs paper around it.
    half = np.maximum((high - low) / 2, 0.15 * radius)
    middle = (low + high) / 2
    return Scene(view, up, centre, radius, depth_range, middle - 1.06 * half, middle + 1.06 * half)
