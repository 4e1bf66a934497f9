"""Closed triangle surfaces from curves: lofts, surfaces of revolution, tubes, plates, wings.

Every function returns a closed, outward-oriented surface, so that an object made of several solids
has a defined inside (winding number above 1/2) and outward normals by construction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
ArrayLike = np.ndarray | Sequence[Any]


class Solid(NamedTuple):
    """vertices (V, 3) float64; faces (F, 3) int64, counter-clockwise seen from outside."""

    vertices: Array
    faces: NDArray[np.int64]


def volume(solid: Solid) -> float:
    """Signed volume: the sum over the faces of a . (b x c) / 6; positive when normals point outward."""
    v, f = solid
    a, b, c = v[f[:, 0]], v[f[:, 1]], v[f[:, 2]]
    return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6)


def _outward(vertices: Array, faces: NDArray[np.int64]) -> Solid:
    solid = Solid(vertices - vertices.mean(0), faces)  # centred first: fewer digits lost
    return Solid(vertices, faces if volume(solid) >= 0 else faces[:, ::-1])


def _grid_faces(m: int, n: int, wrap_rows: bool) -> NDArray[np.int64]:
    """Two triangles per cell of an m x n vertex grid that is periodic along n (and along m if asked)."""
    rows = np.arange(m if wrap_rows else m - 1)[:, None]
    cols = np.arange(n)[None, :]
    a = rows * n + cols
    b = rows * n + (cols + 1) % n
    c = (rows + 1) % m * n + cols
    d = (rows + 1) % m * n + (cols + 1) % n
    # alternate the diagonal so that a flat strip is not biased to one side
    return np.stack([np.stack([a, b, d], -1), np.stack([a, d, c], -1)], 2).reshape(-1, 3)


def loft(rings: ArrayLike, start: ArrayLike | None = None, end: ArrayLike | None = None) -> Solid:
    """Skin through closed rings (m, n, 3), closed at both ends by fans to ``start`` and ``end``.

    The fan centres default to the means of the first and last ring (flat caps).
    """
    r = np.asarray(rings, float)
    m, n, _ = r.shape
    tips = np.stack([r[0].mean(0) if start is None else start, r[-1].mean(0) if end is None else end])
    i = np.arange(n)
    j = (i + 1) % n
    first = np.stack([np.full(n, m * n), j, i], -1)
    last = np.stack([np.full(n, m * n + 1), (m - 1) * n + i, (m - 1) * n + j], -1)
    return _outward(
        np.concatenate([r.reshape(-1, 3), tips]), np.concatenate([_grid_faces(m, n, False), first, last])
    )


def loop(rings: ArrayLike) -> Solid:
    """Skin through closed rings (m, n, 3) whose last ring joins the first: a torus-like surface, genus 1."""
    r = np.asarray(rings, float)
    m, n, _ = r.shape
    return _outward(r.reshape(-1, 3), _grid_faces(m, n, True))


def circle(n: int) -> Array:
    """n points of the unit circle (n, 2)."""
    t = np.linspace(0, 2 * np.pi, n, endpoint=False)
    return np.stack([np.cos(t), np.sin(t)], -1)


def superellipse(n: int, power: float = 2.0) -> Array:
    """n points of |x|^p + |y|^p = 1 (n, 2): circle at 2, rounded square above, square as p grows."""
    c = circle(n)
    return c / (np.abs(c) ** power).sum(-1, keepdims=True) ** (1 / power)


def rounded_rectangle(x: float, y: float, radius: float, n: int = 8) -> Array:
    """Outline (4 n, 2) of an x by y rectangle whose corners are quarter circles of n points."""
    t = np.linspace(0, np.pi / 2, n)
    arc = radius * np.stack([np.cos(t), np.sin(t)], -1) + np.array([x / 2 - radius, y / 2 - radius])
    turned = arc[::-1] * [-1, 1]
    return np.concatenate([arc, turned, -arc, -turned])


def revolve(profile: ArrayLike, n: int = 40, section: Array | None = None) -> Solid:
    """Surface of revolution about z of a profile (k, 2) of (radius, height) from pole to pole.

    A first or last radius of zero is a pole; otherwise that end gets a flat cap. ``section`` (n, 2)
    replaces the unit circle (a superellipse makes a square bottle).
    """
    p = np.asarray(profile, float)
    s = circle(n) if section is None else section
    z0, z1 = p[0, 1], p[-1, 1]
    inner = p[(1 if p[0, 0] == 0 else 0) : (len(p) - 1 if p[-1, 0] == 0 else len(p))]
    rings = np.concatenate(
        [inner[:, None, :1] * s[None], np.broadcast_to(inner[:, None, 1:], (len(inner), len(s), 1))], -1
    )
    return loft(rings, (0, 0, z0), (0, 0, z1))


def revolve_loop(profile: ArrayLike, n: int = 40) -> Solid:
    """Surface of revolution about z of a closed profile (k, 2) that stays off the axis: a ring."""
    p = np.asarray(profile, float)
    s = circle(n)
    return loop(
        np.concatenate([p[:, None, :1] * s[None], np.broadcast_to(p[:, None, 1:], (len(p), n, 1))], -1)
    )


def shell(profile: ArrayLike, thickness: float, n: int = 40) -> Solid:
    """A thin open wall of revolution (lamp shade): the profile and its copy moved inward, joined at the rims."""
    p = np.asarray(profile, float)
    tangent = np.gradient(p, axis=0)
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], -1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    return revolve_loop(np.concatenate([p, (p + thickness * normal)[::-1]]), n)


def tube(path: ArrayLike, radius: float | ArrayLike, n: int = 12, section: Array | None = None) -> Solid:
    """Sweep a circle (or a ``section`` (n, 2)) along a path (m, 3); ``radius`` scalar or one per path point.

    The frame is carried along by parallel transport, so that the section does not twist.
    """
    p = np.asarray(path, float)
    s = circle(n) if section is None else section
    t = np.gradient(p, axis=0)
    t /= np.linalg.norm(t, axis=-1, keepdims=True)
    u = np.empty_like(t)
    seed = np.array([0.0, 0, 1]) if abs(t[0, 2]) < 0.9 else np.array([1.0, 0, 0])
    for i in range(len(p)):
        # remove the part along the tangent: the discrete form of parallel transport
        seed = seed - (seed @ t[i]) * t[i]
        seed /= np.linalg.norm(seed)
        u[i] = seed
    w = np.cross(t, u)
    r = np.broadcast_to(np.asarray(radius, float), (len(p),))[:, None, None]
    return loft(p[:, None] + r * (s[None, :, :1] * u[:, None] + s[None, :, 1:] * w[:, None]))


def rod(a: ArrayLike, b: ArrayLike, radius: float, end_radius: float | None = None, n: int = 12) -> Solid:
    """A straight round bar from a to b, tapering to ``end_radius`` if given."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    r = np.array([radius, radius if end_radius is None else end_radius])
    return tube(np.stack([a, b]), r, n)


def bar(
    a: ArrayLike, b: ArrayLike, width: float, end_width: float | None = None, depth: float | None = None
) -> Solid:
    """A straight bar of square section (or ``width`` x ``depth``) from a to b."""
    square = np.array([[1.0, 1], [-1, 1], [-1, -1], [1, -1]]) / 2
    if depth is not None:
        square = square * np.array([1.0, depth / width])
    a, b = np.asarray(a, float), np.asarray(b, float)
    return tube(
        np.stack([a, b]), np.array([width, width if end_width is None else end_width]), section=square
    )


def box(size: ArrayLike, center: ArrayLike = (0, 0, 0)) -> Solid:
    """An axis-aligned box of three edge lengths."""
    x, y, z = np.asarray(size, float) / 2
    ring = np.array([[x, y], [-x, y], [-x, -y], [x, -y]])
    rings = np.stack([np.concatenate([ring, np.full((4, 1), h)], 1) for h in (-z, z)])
    return loft(rings + np.asarray(center, float))


def plate(outline: ArrayLike, z0: float, z1: float, bevel: float = 0.0) -> Solid:
    """A flat plate over an outline (n, 2), star-shaped about its mean, between two heights; edges bevelled."""
    o = np.asarray(outline, float)
    c = o.mean(0)
    inset = c + (o - c) * (1 - bevel / np.linalg.norm(o - c, axis=-1, keepdims=True))
    levels = [(inset, z0), (o, z0 + bevel), (o, z1 - bevel), (inset, z1)] if bevel else [(o, z0), (o, z1)]
    return loft(np.stack([np.concatenate([x, np.full((len(x), 1), z)], 1) for x, z in levels]))


def ellipsoid(radii: ArrayLike, center: ArrayLike = (0, 0, 0), n: int = 20) -> Solid:
    """An axis-aligned ellipsoid of three radii."""
    t = np.linspace(0, np.pi, max(n // 2, 4))
    profile = np.stack([np.sin(t), np.cos(t)], -1)
    profile[[0, -1], 0] = 0
    v, f = revolve(profile, n)
    return Solid(v * np.asarray(radii, float) + np.asarray(center, float), f)


def aerofoil(n: int = 24, thickness: float = 0.12, camber: float = 0.02) -> Array:
    """A NACA four-digit section (n, 2), chord 1 from the nose at 0 to the tail at 1, closed at the tail.

    Half thickness 5 t (0.2969 sqrt(x) - 0.1260 x - 0.3516 x^2 + 0.2843 x^3 - 0.1036 x^4).
    """
    x = (1 - np.cos(np.linspace(0, np.pi, n // 2 + 1))) / 2
    half = 5 * thickness * (0.2969 * np.sqrt(x) - 0.126 * x - 0.3516 * x**2 + 0.2843 * x**3 - 0.1036 * x**4)
    mid = 4 * camber * x * (1 - x)
    return np.concatenate([np.stack([x, mid + half], -1), np.stack([x, mid - half], -1)[-2:0:-1]])


def wing(
    stations: Sequence[tuple[ArrayLike, float, float]],
    camber: float = 0.02,
    n: int = 24,
    up: ArrayLike = (0, 0, 1),
) -> Solid:
    """Loft aerofoils through stations (leading edge (3,), chord, thickness over chord).

    The chord runs towards -x, the thickness along ``up``.
    """
    back, up = np.array([-1.0, 0, 0]), np.asarray(up, float)
    rings = []
    for nose, chord, ratio in stations:
        s = aerofoil(n, ratio, camber) * chord
        rings.append(np.asarray(nose, float) + s[:, :1] * back + s[:, 1:] * up)
    return loft(np.stack(rings))


def move(solid: Solid, offset: ArrayLike) -> Solid:
    """Translate."""
    return Solid(solid.vertices + np.asarray(offset, float), solid.faces)


def scale(solid: Solid, factors: float | ArrayLike) -> Solid:
    """Scale about the origin by one positive factor or three."""
    return Solid(solid.vertices * np.asarray(factors, float), solid.faces)


def turn(solid: Solid, axis: str, angle: float) -> Solid:
    """Rotate about the axis "x", "y" or "z" through the origin by an angle in radians."""
    c, s = np.cos(angle), np.sin(angle)
    i, j = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    v = solid.vertices.copy()
    v[:, i], v[:, j] = (
        c * solid.vertices[:, i] - s * solid.vertices[:, j],
        s * solid.vertices[:, i] + c * solid.vertices[:, j],
    )
    return Solid(v, solid.faces)


def mirror(solid: Solid) -> Solid:
    """Reflect left and right (y to -y), keeping the normals outward."""
    return Solid(solid.vertices * np.array([1.0, -1, 1]), solid.faces[:, ::-1])


def smooth_curve(x: ArrayLike, y: ArrayLike, n: int) -> Array:
    """n points (n, 2) on the monotone cubic through (x, y): no overshoot, so radii stay positive."""
    from scipy.interpolate import PchipInterpolator

    t = np.linspace(x[0], x[-1], n)
    return np.stack([t, PchipInterpolator(x, y)(t)], -1)


def spline(points: ArrayLike, n: int) -> Array:
    """n points on the natural cubic spline through control points (k, d), parametrised by chord length."""
    from scipy.interpolate import CubicSpline

    p = np.asarray(points, float)
    s = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(p, axis=0), axis=-1))])
    return CubicSpline(s, p, bc_type="natural")(np.linspace(0, s[-1], n))
