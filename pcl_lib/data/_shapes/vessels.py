"""Vessels of revolution and their handles: mugs (genus 1), bottles (closed), vases (hollow, open)."""

from __future__ import annotations

import numpy as np

from pcl_lib.data._solids import Solid, mirror, revolve, smooth_curve, spline, superellipse, tube, turn

MUG_PARTS = ("body", "handle")
BOTTLE_PARTS = ("body", "cap")
VASE_PARTS = ("body", "handle")
Named = list[tuple[str, Solid]]


def _hollow(z: np.ndarray, r: np.ndarray, wall: float, floor: float, n: int = 48) -> Solid:
    """A cup: outer profile r(z) up, rounded lip, the same profile less the wall down to the floor."""
    keep = z > z[0] + floor
    inner_r, inner_z = (r - wall)[keep][::-1], z[keep][::-1]
    lip = [(r[-1] - 0.5 * wall, z[-1] + 0.4 * wall)]
    foot = [(0.0, z[0])]
    bottom = [(np.interp(z[0] + floor, z, r) - 1.3 * wall, z[0] + floor), (0.0, z[0] + floor)]
    profile = np.concatenate([foot, np.stack([r, z], -1), lip, np.stack([inner_r, inner_z], -1), bottom])
    return revolve(profile, n)


def mug(rng: np.random.Generator) -> Named:
    """One mug: straight, tapered, barrel or bell-shaped, with a C-, D- or ear-shaped handle towards +X."""
    u = rng.uniform
    height, radius, wall = u(1.0, 1.5), u(0.48, 0.6), u(0.045, 0.07)
    style = rng.choice(["straight", "taper", "barrel", "bell"])
    t = np.linspace(0, 1, 26)
    shape = {
        "straight": np.ones_like(t), "taper": u(0.68, 0.85) + 0.22 * t,
        "barrel": 0.88 + 0.14 * np.sin(np.pi * t), "bell": 0.78 + 0.22 * t**3 + 0.08 * np.sin(np.pi * t),
    }[str(style)]  # fmt: skip
    r = radius * shape * np.clip(0.9 + 2.0 * t, None, 1)  # a small foot radius
    z = height * t
    body = _hollow(z, r, wall, 0.08)
    lo, hi, reach = u(0.16, 0.26), u(0.74, 0.86), u(0.3, 0.42)
    a = np.array([np.interp(lo, t, r) - 0.55 * wall, 0, lo * height])
    b = np.array([np.interp(hi, t, r) - 0.55 * wall, 0, hi * height])
    out = max(a[0], b[0]) + reach
    kind = rng.choice(["c", "d", "ear"])
    if kind == "c":
        mid = [
            (out - 0.3 * reach, 0, a[2] - 0.01),
            (out, 0, (a[2] + b[2]) / 2),
            (out - 0.3 * reach, 0, b[2] + 0.01),
        ]
    elif kind == "d":
        mid = [(out - 0.12, 0, a[2]), (out, 0, a[2] + 0.16), (out, 0, b[2] - 0.16), (out - 0.12, 0, b[2])]
    else:
        mid = [(out - 0.5 * reach, 0, a[2] + 0.05), (out - 0.12 * reach, 0, 0.5 * (a[2] + b[2])), (out, 0, b[2] - 0.1),
               (out - 0.35 * reach, 0, b[2] + 0.05)]  # fmt: skip
    path = spline(np.array([a, *mid, b]), 36)
    section = superellipse(14, 2.6) * [u(0.05, 0.065), u(0.07, 0.1)]
    return [("body", body), ("handle", tube(path, 1.0, section=section))]


def bottle(rng: np.random.Generator) -> Named:
    """One bottle: wine, beer, water (grooved), flask (rounded square) or jug-like; closed by a cap or cork."""
    u = rng.uniform
    style = rng.choice(["bordeaux", "burgundy", "beer", "water", "flask"])
    if style == "bordeaux":
        z, r = [0, 0.03, 0.1, 0.58, 0.66, 0.71, 0.8, 0.95], [0.92, 1, 1, 1, 0.92, 0.6, 0.36, 0.34]
        radius, height = u(0.25, 0.3), 2.0
    elif style == "burgundy":
        z, r = [0, 0.03, 0.1, 0.42, 0.56, 0.68, 0.8, 0.95], [0.92, 1, 1, 1, 0.82, 0.5, 0.36, 0.34]
        radius, height = u(0.28, 0.34), 2.0
    elif style == "beer":
        z, r = [0, 0.03, 0.1, 0.5, 0.62, 0.74, 0.86, 0.95], [0.92, 1, 1, 1, 0.86, 0.5, 0.42, 0.4]
        radius, height = u(0.26, 0.31), 1.8
    elif style == "water":
        z, r = [0, 0.04, 0.12, 0.6, 0.72, 0.82, 0.88, 0.95], [0.86, 1, 1, 1, 0.92, 0.62, 0.36, 0.34]
        radius, height = u(0.3, 0.38), u(1.7, 2.0)
    else:
        z, r = [0, 0.03, 0.1, 0.6, 0.68, 0.73, 0.8, 0.95], [0.9, 1, 1, 1, 0.9, 0.5, 0.34, 0.32]
        radius, height = u(0.34, 0.42), u(1.4, 1.7)
    p = smooth_curve(np.array(z), np.array(r) * rng.uniform(0.96, 1.04, len(r)), 60)
    if style == "water":
        count = rng.integers(4, 8)
        band = (p[:, 0] > 0.14) & (p[:, 0] < 0.58)
        p[:, 1] -= band * 0.05 * (0.5 - 0.5 * np.cos(2 * np.pi * count * (p[:, 0] - 0.14) / 0.44))
    outline = superellipse(48, u(3.5, 6.0)) * [u(0.5, 0.75), 1.0] if style == "flask" else None
    profile = np.concatenate([[[0, 0.015]], p[:, ::-1]]) * [radius, height]
    neck = profile[-1]
    if outline is None:
        body = revolve(profile, 48)
    else:  # square below, round at the neck: blend the sections ring by ring
        body = revolve(profile, 48, outline)
        blend = np.clip((body.vertices[:, 2] / height - 0.6) / 0.12, 0, 1)[:, None]
        flat = body.vertices[:, :2]
        reach = np.linalg.norm(flat, axis=-1, keepdims=True)
        per_ring = np.interp(body.vertices[:, 2], profile[1:, 1], profile[1:, 0])[:, None]
        round_ = np.divide(flat, reach, out=np.zeros_like(flat), where=reach > 0) * per_ring * (reach > 0)
        body = Solid(
            np.concatenate([(1 - blend) * flat + blend * round_, body.vertices[:, 2:]], 1), body.faces
        )
    cap_r = neck[0] * (1.25 if style in ("water", "flask", "beer") else 1.12)
    cap_h = height * (0.07 if style != "beer" else 0.035)
    cap = np.array([[0, -0.3], [1, -0.3], [1, 0.7], [0.85, 1.0], [0, 1.0]]) * [cap_r, cap_h]
    return [("body", body), ("cap", revolve(cap + neck * [0, 1], 36))]


def vase(rng: np.random.Generator) -> Named:
    """One vase: a free smooth profile, hollow and open; plain, fluted and twisted, or with two handles."""
    u = rng.uniform
    height, wall = u(1.5, 2.0), u(0.03, 0.045)
    z = np.array([0, 0.12, 0.35, 0.6, 0.78, 0.9, 1.0]) * height
    foot, belly, shoulder, neck, lip = u(0.22, 0.36), u(0.35, 0.6), u(0.3, 0.62), u(0.16, 0.32), u(0.24, 0.46)
    r = np.array([foot, 0.5 * (foot + belly), belly, shoulder, 0.5 * (shoulder + neck), neck, lip])
    style = rng.choice(["plain", "plain", "fluted", "handles", "handles"])
    p = smooth_curve(z, r, 44)
    body = _hollow(p[:, 0], p[:, 1], wall, 0.07, 72 if style == "fluted" else 48)
    parts: Named = []
    if style == "fluted":
        count, depth, twist = int(rng.integers(6, 13)), u(0.02, 0.05), u(-1.2, 1.2)
        v = body.vertices
        angle = np.arctan2(v[:, 1], v[:, 0])
        grow = 1 + depth * np.cos(count * (angle - twist * v[:, 2] / height))
        body = Solid(v * np.stack([grow, grow, np.ones_like(grow)], -1), body.faces)
    elif style == "handles":
        lo, hi = u(0.5, 0.6) * height, u(0.86, 0.93) * height
        a = np.array([np.interp(lo, *p.T) - 0.5 * wall, 0, lo])
        b = np.array([np.interp(hi, *p.T) - 0.5 * wall, 0, hi])
        reach = max(a[0], b[0]) + u(0.1, 0.2)
        path = spline([a, (0.5 * (a[0] + reach) + 0.06, 0, lo + 0.06), (reach, 0, 0.45 * lo + 0.55 * hi),
                       (0.55 * reach + 0.45 * b[0], 0, hi + 0.05), b], 30)  # fmt: skip
        handle = turn(tube(path, u(0.028, 0.04), 12), "z", np.pi / 2)
        parts = [("handle", handle), ("handle", mirror(handle))]
    return [("body", body), *parts]
