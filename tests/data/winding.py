"""How often a closed surface winds around a point: the reference that decides inside from outside."""

import numpy as np


def winding_number(mesh, points):
    """Sum of the signed solid angles of all triangles over 4 pi (van Oosterom and Strackee 1983)."""
    out = np.empty(len(points))
    for i, p in enumerate(points):
        a, b, c = np.moveaxis(mesh.triangles - p, 1, 0)
        la, lb, lc = (np.linalg.norm(x, axis=-1) for x in (a, b, c))
        det = np.einsum("ij,ij->i", a, np.cross(b, c))
        dot = la * lb * lc + (a * b).sum(-1) * lc + (b * c).sum(-1) * la + (c * a).sum(-1) * lb
        out[i] = np.arctan2(det, dot).sum() / (2 * np.pi)
    return out
