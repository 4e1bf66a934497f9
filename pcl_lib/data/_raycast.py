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
    triangle (of (F, 3, 3)) fills a part of the cone around its corners; only rays inside that cone are tested.
    ``elevations`` ascend. Cost: O(sum over triangles of the rays in its cone).
    """
    flat = ray_directions(elevations, steps).reshape(-1, 3)
    distance = np.full(len(flat), np.inf)
    face = np.full(len(flat), -1, np.int64)
    lo, hi, left, width = _windows(triangles, elevations, steps)
    count = np.maximum(hi - lo, 0) * width
    order = np.flatnonzero(count)
    # cut the list of triangles into runs of at most _PAIRS candidates (a single larger one by itself)
    run = (np.cumsum(count[order]) - 1) // _PAIRS
    # a ray d from the origin passes a triangle (p, q, r) inside where d.(p x q), d.(q x r) and d.(r x p) have one
    # sign; their sum is d.n with the normal n, and the ray meets the plane at distance p.n / d.n
    edges = np.cross(triangles, np.roll(triangles, -1, axis=1))
    plane = np.einsum("fj,fj->f", triangles[:, 0], edges.sum(1))
    for block in np.split(order, np.flatnonzero(np.diff(run)) + 1):
        tri = np.repeat(block, count[block])
        local = np.arange(len(tri)) - np.repeat(np.cumsum(count[block]) - count[block], count[block])
        beam = lo[tri] + local // width[tri]
        step = (left[tri] + local % width[tri]) % steps
        ray = beam * steps + step
        side = np.einsum("pij,pj->pi", edges[tri], flat[ray])
        total = side.sum(1)
        inside = ((side >= 0).all(1) | (side <= 0).all(1)) & (np.abs(total) > 1e-15)
        tri, ray, total = tri[inside], ray[inside], total[inside]
        t = plane[tri] / total
        ahead = (t > 1e-9) & (t < distance[ray])
        tri, ray, t = tri[ahead], ray[ahead], t[ahead]
        late = np.argsort(-t, kind="stable")  # farthest first: the nearest hit of a ray is written last
        distance[ray[late]], face[ray[late]] = t[late], tri[late]
    shape = (len(elevations), steps)
    return Hits(distance.reshape(shape), face.reshape(shape))


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
