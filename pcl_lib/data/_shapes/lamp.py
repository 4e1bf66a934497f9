"""Lamps: floor, tripod, arc, table, desk and hanging lamps; thin stems and open shades."""

from __future__ import annotations

import numpy as np

from pcl_lib.data._solids import Solid, ellipsoid, move, revolve, rod, shell, smooth_curve, spline, tube, turn

PARTS = ("base", "stem", "shade", "bulb")
Named = list[tuple[str, Solid]]


def _disc(radius: float, height: float) -> Solid:
    return revolve(np.array([[0, 0], [1, 0], [1, 0.5], [0.9, 1], [0, 1]]) * [radius, height], 40)


def _shade(rng: np.random.Generator, radius: float, height: float) -> tuple[Solid, float]:
    """An open shade hanging from z = 0 downwards, and its upper radius: cone, drum or (curved inwards) bell."""
    top = radius * rng.uniform(0.35, 0.95)
    bell = rng.choice([0.0, rng.uniform(0.0, 0.25)])
    t = np.linspace(0, 1, 12)
    r = top + (radius - top) * (t - bell * np.sin(np.pi * t))
    return shell(np.stack([r, -height * t], -1), -0.012, 44), top


def _shade_on_stem(rng: np.random.Generator, top: float, radius: float, height: float) -> Named:
    """Shade with the spider that carries it, the bulb below, on a stem that ends at height ``top``."""
    shade, rim = _shade(rng, radius, height)
    out: Named = [("shade", move(shade, (0, 0, top)))]
    phase = rng.uniform(0, np.pi)
    for k in range(3):
        a = phase + 2 * np.pi * k / 3
        out.append(
            ("stem", rod((0, 0, top - 0.03), (rim * np.cos(a), rim * np.sin(a), top - 0.03), 0.008, n=6))
        )
    out.append(("bulb", ellipsoid((0.05, 0.05, 0.07), (0, 0, top - 0.55 * height), 14)))
    return out


def _floor(rng: np.random.Generator) -> Named:
    u = rng.uniform
    height, thin = 2.0, u(0.016, 0.026)
    out: Named = [
        ("base", _disc(u(0.24, 0.34), u(0.03, 0.06))),
        ("stem", rod((0, 0, 0.02), (0, 0, height - 0.02), thin)),
    ]
    return out + _shade_on_stem(rng, height, u(0.28, 0.42), u(0.34, 0.5))


def _tripod(rng: np.random.Generator) -> Named:
    u = rng.uniform
    hub, reach = u(1.25, 1.45), u(0.38, 0.5)
    out: Named = [
        ("stem", rod((0, 0, hub - 0.05), (0, 0, 1.98), 0.02)),
        ("stem", ellipsoid((0.06, 0.06, 0.07), (0, 0, hub))),
    ]
    for k in range(3):
        a = 2 * np.pi * k / 3
        out.append(
            (
                "base",
                rod(
                    (0.03 * np.cos(a), 0.03 * np.sin(a), hub),
                    (reach * np.cos(a), reach * np.sin(a), 0),
                    0.026,
                    0.016,
                ),
            )
        )
    return out + _shade_on_stem(rng, 2.0, u(0.32, 0.44), u(0.36, 0.48))


def _arc(rng: np.random.Generator) -> Named:
    u = rng.uniform
    reach, height, drop = u(0.9, 1.2), u(1.8, 2.0), u(0.25, 0.45)
    path = spline([(-reach / 2, 0, 0.03), (-0.56 * reach, 0, 0.55 * height), (-0.2 * reach, 0, 0.93 * height),
                   (0.25 * reach, 0, 0.96 * height), (reach / 2, 0, height - drop)], 40)  # fmt: skip
    end = path[-1]
    radius = u(0.2, 0.3)
    t = np.linspace(0.06, np.pi / 2, 14)
    dome = shell(np.stack([radius * np.sin(t), radius * (np.cos(t) - 1)], -1), -0.012, 44)
    return [
        ("base", move(_disc(u(0.24, 0.32), u(0.05, 0.09)), (-reach / 2, 0, 0))),
        ("stem", tube(path, 0.02)),
        ("shade", move(dome, end + np.array([0, 0, 0.015]))),
        ("bulb", ellipsoid((0.06, 0.06, 0.07), end - np.array([0, 0, 0.1]))),
    ]


def _table(rng: np.random.Generator) -> Named:
    u = rng.uniform
    body = u(0.85, 1.15)
    z = np.array([0, 0.04, 0.16, 0.4, 0.7, 0.9, 1.0]) * body
    r = np.array([u(0.22, 0.3), u(0.2, 0.26), u(0.1, 0.2), u(0.18, 0.36), u(0.1, 0.26), u(0.05, 0.08), 0.04])
    out: Named = [("base", revolve(smooth_curve(z, r, 40)[:, ::-1], 44))]
    top, height = body + u(0.62, 0.75), u(0.6, 0.75)
    out.append(("stem", rod((0, 0, body - 0.03), (0, 0, top - 0.02), 0.018)))
    return out + _shade_on_stem(rng, top, u(0.48, 0.62), height)


def _desk(rng: np.random.Generator) -> Named:
    """An articulated lamp: two arms with paired rods and a tilted bell."""
    u = rng.uniform
    a1, a2 = u(1.75, 2.2), u(0.35, 0.8)
    l1, l2 = u(0.85, 1.0), u(0.8, 0.95)
    elbow = np.array([l1 * np.cos(a1), 0, 0.06 + l1 * np.sin(a1)])
    wrist = elbow + l2 * np.array([np.cos(a2), 0, np.sin(a2)])
    out: Named = [("base", _disc(u(0.26, 0.34), u(0.05, 0.08)))]
    thin = u(0.014, 0.02)
    for y in (-0.035, 0.035) if rng.random() < 0.6 else (0.0,):
        d = np.array([0, y, 0])
        out += [
            ("stem", rod(np.array([0, 0, 0.05]) + d, elbow + d, thin)),
            ("stem", rod(elbow + d, wrist + d, thin)),
        ]
    out.append(("stem", ellipsoid((0.045, 0.06, 0.045), elbow)))
    out.append(("stem", ellipsoid((0.04, 0.06, 0.04), wrist)))
    t = np.linspace(0, 1, 14)
    radius = u(0.22, 0.28)
    bell = shell(np.stack([0.05 + (radius - 0.05) * t ** u(0.7, 1.6), 0.03 - 0.42 * t], -1), -0.012, 44)
    tilt = u(-0.75, -0.15)
    out.append(("shade", move(turn(bell, "y", tilt), wrist)))
    out.append(("bulb", move(turn(ellipsoid((0.06, 0.06, 0.08), (0, 0, -0.22)), "y", tilt), wrist)))
    return out


def _hanging(rng: np.random.Generator) -> Named:
    u = rng.uniform
    cord = u(0.8, 1.2)
    t = np.linspace(0, 1, 16)
    radius, height = u(0.4, 0.6), u(0.35, 0.55)
    bell = shell(np.stack([0.05 + (radius - 0.05) * t ** u(0.5, 1.3), -cord - height * t], -1), -0.014, 48)
    return [
        ("base", revolve(np.array([[0, 0], [0.16, 0], [0.13, -0.05], [0.05, -0.08], [0, -0.08]]), 32)),
        ("stem", rod((0, 0, -0.06), (0, 0, -cord - 0.03), 0.012)),
        ("stem", rod((0, 0, -cord + 0.04), (0, 0, -cord - 0.1), 0.055, 0.05)),
        ("shade", bell), ("bulb", ellipsoid((0.09, 0.09, 0.11), (0, 0, -cord - 0.2))),
    ]  # fmt: skip


def build(rng: np.random.Generator) -> Named:
    """One lamp, about 2 high."""
    kinds = (_floor, _tripod, _arc, _table, _table, _desk, _hanging)
    return kinds[int(rng.integers(len(kinds)))](rng)
