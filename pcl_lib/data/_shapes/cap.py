"""Caps: baseball caps and flat-topped cadet caps, bowler and brimmed hats with a thin visor or brim."""

from __future__ import annotations

import numpy as np

from pcl_lib.data._solids import Solid, ellipsoid, loft, loop, revolve, scale, superellipse

PARTS = ("crown", "visor", "button")
Named = list[tuple[str, Solid]]


def _crown(rng: np.random.Generator, height: float, wall: float, power: float) -> Solid:
    """A hollow crown of revolution: |r|^p + |z/h|^p = 1 outside, a copy inside, joined at the rim."""
    t = np.linspace(0, np.pi / 2, 20)
    s = np.stack([np.sin(t), np.cos(t)], -1)
    s /= (s**power).sum(-1, keepdims=True) ** (1 / power)
    outer = s * [1.0, height]
    inner = s * [1.0 - wall, height - wall]
    outer[0, 0] = inner[0, 0] = 0.0
    skirt = rng.uniform(0.08, 0.2)
    rim = np.array([[1.0, -skirt], [1.0 - wall, -skirt]])
    return revolve(np.concatenate([outer, rim, inner[::-1]]), 56)


def _visor(reach: float, spread: float, droop: float, curve: float, z: float, thick: float) -> Solid:
    """A curved crescent in front: from the crown's edge outwards, arched across and drooping forwards."""
    a = np.linspace(-spread, spread, 31)
    rows = []
    for grow, side in (
        (0.0, 1),
        (0.35, 1),
        (0.7, 1),
        (1.0, 0.6),
        (1.0, -0.6),
        (0.7, -1),
        (0.35, -1),
        (0.0, -1),
    ):
        r = 0.965 + grow * reach * np.cos(a / spread * np.pi / 2) ** 0.6
        x, y = r * np.cos(a), r * np.sin(a)
        out = grow * np.cos(a / spread * np.pi / 2)
        drop = droop * out**1.5 + curve * out * y**2
        rows.append(np.stack([x, y, z - drop + side * thick / 2], -1))
    return loft(np.stack(rows, 1))


def build(rng: np.random.Generator) -> Named:
    """One cap; head radius 1 before the crown is made oval."""
    u = rng.uniform
    wall = u(0.025, 0.04)
    style = rng.choice(["baseball", "baseball", "baseball", "cadet", "brim"])
    if style == "brim":
        height = u(0.85, 1.15)
        crown = _crown(rng, height, wall, u(2.2, 4.0))
        inner, outer, lift = 0.985, u(1.4, 1.75), u(0.0, 0.3)
        t = np.linspace(0, 1, 12)
        edge = superellipse(64)
        rings = []
        for f, side in [(x, 1) for x in t] + [(x, -1) for x in t[::-1]]:
            r = inner + (outer - inner) * f
            h = -0.1 + lift * f**2 * edge[:, 1] ** 2 - 0.08 * f * edge[:, 0] ** 2
            rings.append(np.concatenate([r * edge, (h + side * 0.018)[:, None]], 1))
        parts: Named = [("crown", crown), ("visor", loop(np.stack(rings)))]
    else:
        height = u(0.78, 1.0) if style == "baseball" else u(0.6, 0.75)
        power = u(2.0, 2.5) if style == "baseball" else u(3.5, 6.0)
        parts = [
            ("crown", _crown(rng, height, wall, power)),
            ("visor", _visor(u(0.6, 0.85), u(0.85, 1.1), u(0.05, 0.3), u(0.05, 0.35), -0.02, 0.04)),
        ]
        if style == "baseball":
            parts.append(("button", ellipsoid((0.07, 0.07, 0.045), (0, 0, height), 16)))
    oval = u(1.08, 1.2)
    return [(name, scale(s, (oval, 1.0, 1.0))) for name, s in parts]
