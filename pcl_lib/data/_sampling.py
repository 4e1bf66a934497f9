"""Uniform points on a triangle surface."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pcl_lib._checks import check_integer


class SurfaceDraws(NamedTuple):
    """face (N,) int64 and barycentric (N, 3) float64: places on a surface that outlive its deformation."""

    face: NDArray[np.int64]
    barycentric: NDArray[np.float64]


def draw(vertices: NDArray, faces: NDArray, n_points: int, rng: np.random.Generator) -> SurfaceDraws:
    """Independent places, uniform by area, on a triangle surface.

    A face is drawn with probability proportional to its area; inside it (1 - sqrt(u), sqrt(u)(1 - v),
    sqrt(u) v) with u, v uniform on [0, 1) is uniform. The draws are independent and made point by point:
    the first m of them are what m points would have drawn. Cost: O(F + N log F).

    Errors: ValueError if ``n_points`` < 1 or the surface has no area.
    """
    check_integer("n_points", n_points, 1)
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    cumulative = np.cumsum(np.linalg.norm(np.cross(b - a, c - a), axis=-1))
    if len(cumulative) == 0 or not cumulative[-1] > 0:
        raise ValueError(
            f"mesh must have a surface of positive area, received {len(cumulative)} faces of no area"
        )
    u = rng.random((n_points, 3))  # one row per point: a longer run starts with the shorter one
    face = np.searchsorted(cumulative, u[:, 0] * cumulative[-1], side="right")
    face = np.minimum(face, len(cumulative) - 1)  # u * total may round up to total
    s, v = np.sqrt(u[:, 1]), u[:, 2]
    return SurfaceDraws(face, np.stack([1 - s, s * (1 - v), s * v], -1))


def place(vertices: NDArray, faces: NDArray, draws: SurfaceDraws) -> NDArray[np.float64]:
    """The points (N, 3) of surface places: sum over the corners of barycentric weight times vertex."""
    w = draws.barycentric
    corner = faces[draws.face]
    out = w[:, :1] * vertices[corner[:, 0]]
    out += w[:, 1:2] * vertices[corner[:, 1]]
    out += w[:, 2:] * vertices[corner[:, 2]]
    return out


def face_normals(vertices: NDArray, faces: NDArray) -> NDArray[np.float64]:
    """Unit normals (F, 3) by the right-hand rule; a face of no area (never drawn) gets the zero vector."""
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    n = np.cross(b - a, c - a)
    length = np.linalg.norm(n, axis=-1, keepdims=True)
    return np.divide(n, length, out=np.zeros_like(n), where=length > 0)
