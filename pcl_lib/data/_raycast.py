"""Where rays from one point first meet a triangle mesh: exact, with numpy alone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_PAIRS = 2_000_000  # candidate (ray, triangle) pairs tested at once: about 200 MB


class Hits(NamedTuple):
    """Per ray of the (beams, steps) grid: distance (inf where nothing is hit) and face (-1 there)."""

    distance: NDArray[np.float64]
    face: NDArray[np.int64]


def first_hits(triangles: NDArray, elevations: NDArray, steps: int) -> Hits:
    """Nearest hit along each ray from the origin at the given elevations (radians) and ``steps`` azimuths.

    Ray (b, s): (cos e_b cos a_s, cos e_b sin a_s, sin e_b), a_s = 2 pi s / steps. Seen from the origin a
    triangle (F, 3, 3) fills a part of the cone around its corners; only rays inside that cone are tested
    (Moeller and Trumbore 1997). ``elevations`` ascend. Cost: O(sum over triangles of the rays in its cone).
    """
    directions = ray_directions(elevations, steps)
    distance = np.full(directions.shape[:2], np.inf)
    face = np.full(directions.shape[:2], -1, np.int64)
    lo, hi, left, width = _windows(triangles, elevations, steps)
    count = np.maximum(hi - lo, 0) * width
    order = np.flatnonzero(count)
    # cut the list of triangles into runs of at most _PAIRS candidates (a single larger one by itself)
    run = (np.cumsum(count[order]) - 1) // _PAIRS
    for block in np.split(order, np.flatnonzero(np.diff(run)) + 1):
        tri = np.repeat(block, count[block])
        local = np.arange(len(tri)) - np.repeat(np.cumsum(count[block]) - count[block], count[block])
        beam = lo[tri] + local // width[tri]
        step = (left[tri] + local % width[tri]) % steps
        t = _intersect(directions[beam, step], triangles[tri])
        hit = np.isfinite(t)
        tri, beam, step, t = tri[hit], beam[hit], step[hit], t[hit]
        # farthest first, so that the nearest hit of a ray is written last
        late = np.argsort(-t, kind="stable")
        tri, beam, step, t = tri[late], beam[late], step[late], t[late]
        best = np.full(distance.shape, np.inf)
        which = np.full(face.shape, -1, np.int64)
        best[beam, step], which[beam, step] = t, tri
        nearer = best < distance
        distance[nearer], face[nearer] = best[nearer], which[nearer]
    return Hits(distance, face)


def ray_directions(elevations: NDArray, steps: int) -> NDArray[np.float64]:
    """Unit vectors (beams, steps, 3)."""
    a = 2 * np.pi * np.arange(steps) / steps
    e = np.asarray(elevations)[:, None]
    return np.stack([np.cos(e) * np.cos(a), np.cos(e) * np.sin(a), np.sin(e) * np.ones_like(a)], -1)


def _windows(triangles: NDArray, elevations: NDArray, steps: int) -> tuple[NDArray, ...]:
    """Per triangle: beams [lo, hi) and ``width`` azimuth steps from ``left`` that can see it."""
    r = np.linalg.norm(triangles, axis=-1, keepdims=True)
    corner = triangles / np.maximum(r, 1e-12)
    axis = corner.mean(1)
    length = np.linalg.norm(axis, axis=-1, keepdims=True)
    axis = axis / np.maximum(length, 1e-12)
    cosine = np.einsum("fij,fj->fi", corner, axis).min(1)
    # corners more than 90 degrees from the axis: the cone no longer holds the triangle, test every ray
    wide = (length[:, 0] < 1e-9) | (cosine <= 1e-3) | (r.min((1, 2)) < 1e-9)
    half = np.where(wide, np.pi, np.arccos(np.clip(cosine, -1, 1)) + 1e-9)
    e = np.arcsin(np.clip(axis[:, 2], -1, 1))
    lo = np.searchsorted(elevations, e - half, side="left")
    hi = np.searchsorted(elevations, e + half, side="right")
    # on the unit sphere a cap of half angle h at elevation e spans asin(sin h / cos e) of azimuth
    pole = np.abs(e) + half >= np.pi / 2 - 1e-9
    ratio = np.sin(np.minimum(half, np.pi / 2)) / np.maximum(np.cos(e), 1e-12)
    span = np.where(pole, np.pi, np.arcsin(np.clip(ratio, 0, 1)) + 1e-9)
    azimuth = np.arctan2(axis[:, 1], axis[:, 0])
    unit = 2 * np.pi / steps
    left = np.ceil((azimuth - span) / unit).astype(np.int64)
    width = np.floor((azimuth + span) / unit).astype(np.int64) - left + 1
    full = width >= steps
    return lo, hi, np.where(full, 0, left), np.where(full, steps, np.maximum(width, 0))


def _intersect(direction: NDArray, triangle: NDArray) -> NDArray:
    """Distance along each ray (P, 3) from the origin to its triangle (P, 3, 3); inf where it misses."""
    a = triangle[:, 0]
    ab, ac = triangle[:, 1] - a, triangle[:, 2] - a
    p = np.cross(direction, ac)
    det = np.einsum("ij,ij->i", ab, p)
    inverse = np.divide(1.0, det, out=np.zeros_like(det), where=np.abs(det) > 1e-15)
    u = -np.einsum("ij,ij->i", a, p) * inverse
    q = np.cross(-a, ab)
    v = np.einsum("ij,ij->i", direction, q) * inverse
    t = np.einsum("ij,ij->i", ac, q) * inverse
    inside = (inverse != 0) & (u >= -1e-12) & (v >= -1e-12) & (u + v <= 1 + 1e-12) & (t > 1e-9)
    return np.where(inside, t, np.inf)
