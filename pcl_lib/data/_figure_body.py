"""The body that all figures share: one surface, its skeleton and the weights that tie them.

Rest pose: standing, arms half lowered, 1.8 high, Z up, facing +X, the left side at +Y.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from skimage import measure

STEP = 0.008  # edge of a marching-cubes cell; the finest part, a finger, is 0.02 thick
SPREAD = 40  # rounds of averaging over mesh neighbours that soften the skin weights at the joints

Vec = tuple[float | int, float | int, float | int]

# bone: (parent, where it starts, where it ends); "l" bones have mirrored "r" twins
BONES: dict[str, tuple[str | None, Vec, Vec]] = {
    "pelvis": (None, (0, 0, 0.96), (0, 0, 1.08)),
    "belly": ("pelvis", (0, 0, 1.08), (0, 0, 1.22)),
    "chest": ("belly", (0, 0, 1.22), (-0.01, 0, 1.49)),
    "neck": ("chest", (-0.01, 0, 1.49), (0.005, 0, 1.58)),
    "head": ("neck", (0.005, 0, 1.58), (0.01, 0, 1.78)),
    "l upper arm": ("chest", (-0.01, 0.175, 1.43), (-0.015, 0.38, 1.225)),
    "l forearm": ("l upper arm", (-0.015, 0.38, 1.225), (0.01, 0.56, 1.045)),
    "l hand": ("l forearm", (0.01, 0.56, 1.045), (0.03, 0.68, 0.925)),
    "l thigh": ("pelvis", (0, 0.092, 0.93), (0.01, 0.105, 0.51)),
    "l shin": ("l thigh", (0.01, 0.105, 0.51), (-0.025, 0.115, 0.085)),
    "l foot": ("l shin", (-0.025, 0.115, 0.085), (0.15, 0.135, 0.025)),
}

# flesh: (bone, from, radius, to, radius, blend), in the order in which they are melted together
_FLESH: list[tuple[str, Vec, float, Vec, float, float]] = [
    ("pelvis", (0.0, 0.07, 0.97), 0.108, (0.0, 0.05, 1.07), 0.098, 0.0),
    ("pelvis", (-0.055, 0.072, 0.935), 0.082, (-0.03, 0.07, 0.98), 0.085, 0.05),
    ("belly", (0.005, 0.048, 1.09), 0.09, (0.005, 0.052, 1.22), 0.088, 0.06),
    ("chest", (0.0, 0.056, 1.24), 0.088, (-0.012, 0.085, 1.37), 0.097, 0.06),
    ("chest", (0.035, 0.06, 1.36), 0.065, (0.03, 0.09, 1.355), 0.06, 0.05),
    ("chest", (-0.02, 0.03, 1.45), 0.06, (-0.012, 0.155, 1.435), 0.056, 0.06),
    ("neck", (-0.012, 0.0, 1.47), 0.056, (0.002, 0.0, 1.60), 0.05, 0.04),
    ("head", (-0.012, 0.0, 1.695), 0.09, (0.012, 0.0, 1.675), 0.088, 0.03),
    ("head", (0.02, 0.0, 1.66), 0.074, (0.052, 0.0, 1.595), 0.038, 0.05),
    ("head", (0.092, 0.0, 1.655), 0.011, (0.107, 0.0, 1.632), 0.013, 0.018),
    ("head", (0.0, 0.088, 1.67), 0.012, (-0.004, 0.091, 1.64), 0.01, 0.012),
    ("l upper arm", (-0.01, 0.172, 1.425), 0.058, (-0.015, 0.27, 1.335), 0.048, 0.04),
    ("l upper arm", (-0.015, 0.27, 1.335), 0.048, (-0.015, 0.38, 1.225), 0.039, 0.006),
    ("l forearm", (-0.015, 0.38, 1.225), 0.038, (-0.008, 0.43, 1.175), 0.042, 0.01),
    ("l forearm", (-0.008, 0.43, 1.175), 0.042, (0.01, 0.56, 1.045), 0.026, 0.006),
    ("l hand", (0.024, 0.565, 1.035), 0.022, (0.045, 0.615, 0.98), 0.021, 0.02),
    ("l hand", (-0.002, 0.57, 1.035), 0.021, (-0.012, 0.617, 0.985), 0.02, 0.02),
    ("l hand", (0.042, 0.578, 1.02), 0.014, (0.092, 0.603, 0.992), 0.010, 0.014),
    ("l hand", (0.05, 0.61, 0.985), 0.0125, (0.067, 0.67, 0.916), 0.010, 0.008),
    ("l hand", (0.027, 0.615, 0.98), 0.0125, (0.036, 0.686, 0.905), 0.010, 0.008),
    ("l hand", (0.004, 0.617, 0.98), 0.0125, (0.004, 0.682, 0.914), 0.010, 0.008),
    ("l hand", (-0.017, 0.614, 0.985), 0.0115, (-0.03, 0.662, 0.934), 0.0095, 0.008),
    ("l thigh", (0.0, 0.092, 0.93), 0.09, (0.008, 0.102, 0.72), 0.074, 0.03),
    ("l thigh", (0.008, 0.1, 0.72), 0.074, (0.01, 0.105, 0.51), 0.052, 0.006),
    ("l shin", (0.008, 0.105, 0.50), 0.051, (-0.018, 0.108, 0.37), 0.054, 0.012),
    ("l shin", (-0.018, 0.108, 0.37), 0.054, (-0.025, 0.115, 0.085), 0.034, 0.006),
    ("l foot", (-0.045, 0.115, 0.04), 0.036, (0.03, 0.118, 0.055), 0.034, 0.025),
    ("l foot", (0.02, 0.118, 0.045), 0.034, (0.13, 0.13, 0.024), 0.028, 0.03),
    ("l foot", (0.07, 0.15, 0.03), 0.024, (0.12, 0.158, 0.022), 0.022, 0.02),
]


class Body(NamedTuple):
    """vertices (V, 3), faces (F, 3), weights (V, bones) with rows that sum to 1; bones in the order of names."""

    vertices: NDArray[np.float64]
    faces: NDArray[np.int64]
    weights: NDArray[np.float64]
    names: tuple[str, ...]
    parents: tuple[int, ...]
    starts: NDArray[np.float64]
    ends: NDArray[np.float64]


def mirrored(point: Vec) -> Vec:
    """The same place on the other side."""
    return point[0], -point[1], point[2]


def skeleton() -> tuple[tuple[str, ...], tuple[int, ...], NDArray[np.float64], NDArray[np.float64]]:
    """Names, parent indices (-1 for the root), starts and ends (bones, 3); parents come first."""
    rows: list[tuple[str, str | None, Vec, Vec]] = []
    for name, (parent, a, b) in BONES.items():
        rows.append((name, parent, a, b))
    for name, (parent, a, b) in BONES.items():
        if name.startswith("l "):
            twin = parent.replace("l ", "r ", 1) if parent and parent.startswith("l ") else parent
            rows.append((name.replace("l ", "r ", 1), twin, mirrored(a), mirrored(b)))
    names = tuple(r[0] for r in rows)
    parents = tuple(names.index(r[1]) if r[1] else -1 for r in rows)
    return names, parents, np.array([r[2] for r in rows], float), np.array([r[3] for r in rows], float)


def _flesh() -> list[tuple[str, NDArray[np.float64], float, NDArray[np.float64], float, float]]:
    """Both sides of every piece; a middle piece that is off the middle plane is doubled too."""
    out = []
    for bone, a, ra, b, rb, blend in _FLESH:
        out.append((bone, np.array(a, float), ra, np.array(b, float), rb, blend))
        if a[1] or b[1]:
            twin = bone.replace("l ", "r ", 1) if bone.startswith("l ") else bone
            out.append((twin, np.array(mirrored(a), float), ra, np.array(mirrored(b), float), rb, blend))
    return out


def _cone(p: NDArray, a: NDArray, ra: float, b: NDArray, rb: float) -> NDArray:
    """Distance from points (..., 3) to a capsule whose radius runs linearly from ra to rb."""
    ab = b - a
    t = np.clip((p - a) @ ab / (ab @ ab), 0, 1)
    return np.linalg.norm(p - a - t[..., None] * ab, axis=-1) - (ra + (rb - ra) * t)


def _field() -> tuple[NDArray, NDArray]:
    """Signed distance (about) on a grid, negative inside, and the grid's origin.

    The pieces are melted by the polynomial smooth minimum min(a, b) - h^2 k / 4, h = max(1 - |a - b| / k, 0);
    each piece is evaluated only in its own box, since it changes nothing beyond its blend width k.
    """
    low, high = np.array([-0.22, -0.78, -0.04]), np.array([0.26, 0.78, 1.86])
    shape = np.ceil((high - low) / STEP).astype(int) + 1
    field = np.full(shape, 0.2, np.float32)
    axes = [low[d] + STEP * np.arange(shape[d]) for d in range(3)]
    for _, a, ra, b, rb, blend in _flesh():
        reach = max(ra, rb) + blend + 4 * STEP
        window = tuple(
            slice(
                np.searchsorted(axes[d], min(a[d], b[d]) - reach),
                np.searchsorted(axes[d], max(a[d], b[d]) + reach),
            )
            for d in range(3)
        )
        p = np.stack(np.meshgrid(*(axes[d][window[d]] for d in range(3)), indexing="ij"), -1)
        new, old = _cone(p, a, ra, b, rb).astype(np.float32), field[window]
        merged = np.minimum(old, new)
        if blend:
            h = np.maximum(1 - np.abs(old - new) / blend, 0)
            merged = merged - h * h * blend / 4
        field[window] = merged
    return field, low


def _weights(vertices: NDArray, faces: NDArray, names: tuple[str, ...]) -> NDArray[np.float64]:
    """Each vertex to the bone of its nearest flesh, then softened along the surface, so that no weight jumps
    from a hand to the thigh beside it."""
    best = np.full(len(vertices), np.inf)
    owner = np.zeros(len(vertices), np.int64)
    for bone, a, ra, b, rb, _ in _flesh():
        d = _cone(vertices, a, ra, b, rb)
        nearer = d < best
        best[nearer], owner[nearer] = d[nearer], names.index(bone)
    n = len(vertices)
    i, j = (
        np.concatenate([faces, faces[:, ::-1]]),
        np.concatenate([np.roll(faces, 1, 1), np.roll(faces[:, ::-1], 1, 1)]),
    )
    links = sparse.csr_matrix((np.ones(i.size), (i.ravel(), j.ravel())), (n, n)) + sparse.identity(
        n, format="csr"
    )
    average = sparse.diags(1 / np.asarray(links.sum(1)).ravel()) @ links
    weights = np.eye(len(names))[owner]
    for _ in range(SPREAD):
        weights = average @ weights
    return weights


@lru_cache(maxsize=1)
def body() -> Body:
    """The shared surface with its skeleton; made once per process, in about half a second."""
    field, low = _field()
    vertices, faces, _, _ = measure.marching_cubes(field, 0.0, spacing=(STEP,) * 3)
    vertices = vertices.astype(np.float64) + low
    faces = faces.astype(np.int64)
    v = vertices - vertices.mean(0)
    if np.einsum("ij,ij->", v[faces[:, 0]], np.cross(v[faces[:, 1]], v[faces[:, 2]])) < 0:
        faces = faces[:, ::-1].copy()
    names, parents, starts, ends = skeleton()
    return Body(vertices, faces, _weights(vertices, faces, names), names, parents, starts, ends)
