"""From space to paper: a camera that is cheaper and cleaner than mplot3d's."""

from typing import NamedTuple

import numpy as np


class Projected(NamedTuple):
    """`xy` (N, 2) on the paper; `depth` (N,) from 0 (nearest) to 1 (farthest); `size` (N,) about 1."""

    xy: np.ndarray
    depth: np.ndarray
    size: np.ndarray


def camera(view: tuple[float, float]) -> np.ndarray:
    """Rows: right, up, towards the eye; Z points up. `view` is (elevation, azimuth) in degrees, as in matplotlib.

    >>> camera((0.0, 0.0)).round(3).tolist()
    [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    elevation, azimuth = np.radians(view)
    eye = np.array(
        [np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)]
    )
    right = np.array([-np.sin(azimuth), np.cos(azimuth), 0.0])
    return np.stack([right, np.cross(eye, right), eye]) + 0.0


def project(points: np.ndarray, view: tuple[float, float], *, centre: np.ndarray, radius: float) -> Projected:
    """Weak perspective from five radii away; a 2-D cloud lies on the paper already.

    `centre` (D,) and `radius` are those of everything drawn together, so that several clouds share one camera.
    """
    if points.shape[1] == 2:
        return Projected((points - centre) / radius, np.zeros(len(points)), np.ones(len(points)))
    seen = (points - centre) / radius @ camera(view).T
    scale = 5.0 / (5.0 - seen[:, 2])
    depth = np.clip((1.0 - seen[:, 2]) / 2.0, 0.0, 1.0)
    return Projected(seen[:, :2] * scale[:, None], depth, scale**2)


def frame_of(clouds: list[np.ndarray]) -> tuple[np.ndarray, float]:
    """Centre of the bounding box of all clouds, and the radius of the ball around it that holds them."""
    everything = np.concatenate(clouds)
    centre = (everything.min(axis=0) + everything.max(axis=0)) / 2
    radius = float(np.linalg.norm(everything - centre, axis=1).max())
    return centre, radius if radius > 0 else 1.0
