"""Tables: round, oval or rectangular tops on legs, trestles, pedestals or panels."""

from __future__ import annotations

import numpy as np

from pcl_lib.data._solids import (
    Solid,
    bar,
    box,
    move,
    plate,
    revolve,
    rod,
    rounded_rectangle,
    smooth_curve,
    spline,
    superellipse,
    tube,
)

PARTS = ("top", "leg", "frame")
Named = list[tuple[str, Solid]]


def _turned(height: float, radius: float, rng: np.random.Generator) -> Solid:
    """A leg from the lathe: a random smooth profile with a few beads."""
    z = np.linspace(0, height, 8)
    r = radius * rng.uniform(0.55, 1.15, 8)
    r[-1], r[0] = radius, 0.7 * radius
    return revolve(smooth_curve(z, r, 30)[:, ::-1], 14)


def _legs(rng: np.random.Generator, length: float, width: float, height: float, reach: float) -> Named:
    u = rng.uniform
    kind = rng.choice(["square", "round", "turned", "splayed", "hairpin"])
    thick, taper = u(0.035, 0.055), u(0.45, 1.0)
    splay = u(0.08, 0.2) if kind in ("splayed", "hairpin") else 0.0
    turned = _turned(height, 1.1 * thick, rng)  # drawn once: four equal legs
    out: Named = []
    for sx in (-1, 1):
        for sy in (-1, 1):
            inset = 0.06 + 0.7 * splay
            top = np.array([sx * (length / 2 * reach - inset), sy * (width / 2 * reach - inset), height])
            foot = top * [1, 1, 0] + [sx * splay, sy * splay, 0]
            if kind == "square":
                out.append(("leg", bar(top, foot, 2 * thick, 2 * thick * taper)))
            elif kind == "turned":
                out.append(("leg", move(turned, foot)))
            elif kind == "hairpin":
                for d in ((-0.09 * sx, 0.0, 0.0), (0.0, -0.09 * sy, 0.0)):
                    out.append(("leg", rod(top + d, foot, 0.014)))
            else:
                out.append(("leg", rod(top, foot, thick, taper * thick)))
    if rng.random() < 0.45 and kind in ("square", "round", "turned"):
        x, y = length / 2 * reach - 0.06, width / 2 * reach - 0.06
        apron = u(0.08, 0.14)
        for s in (-1, 1):
            out.append(("frame", box((2 * x, 0.03, apron), (0, s * y, height - apron / 2))))
            out.append(("frame", box((0.03, 2 * y, apron), (s * x, 0, height - apron / 2))))
    if rng.random() < 0.25 and kind in ("square", "round"):
        level = u(0.15, 0.3) * height
        shelf = rounded_rectangle(length * reach - 0.08, width * reach - 0.08, 0.04)
        out.append(("frame", plate(shelf, level, level + 0.035, 0.008)))
    return out


def _pedestal(rng: np.random.Generator, height: float, reach: float) -> Named:
    if rng.random() < 0.4:  # a flared foot, one piece
        z = np.array([0, 0.03, 0.09, 0.4 * height, 0.8 * height, height])
        r = reach * np.array([0.62, 0.6, 0.34, 0.12, 0.12, 0.3])
        return [("leg", revolve(smooth_curve(z, r, 30)[:, ::-1], 36))]
    feet, out = int(rng.integers(3, 5)), [("leg", move(_turned(height - 0.12, 0.075, rng), (0, 0, 0.12)))]
    for k in range(feet):
        a = 2 * np.pi * (k + 0.5) / feet
        d = np.array([np.cos(a), np.sin(a), 0])
        path = spline(
            [0.02 * d + [0, 0, 0.32], 0.35 * reach * d + [0, 0, 0.25], 0.7 * reach * d + [0, 0, 0.03]], 10
        )
        out.append(("leg", tube(path, np.linspace(0.045, 0.032, 10), 10)))
    return out


def _trestle(rng: np.random.Generator, length: float, width: float, height: float) -> Named:
    x, spread = 0.34 * length, 0.42 * width
    cross = rng.random() < 0.5
    out: Named = []
    for s in (-1, 1):
        if cross:
            for t in (-1, 1):
                out.append(
                    (
                        "leg",
                        bar((s * x, t * spread, 0.0), (s * x, -t * 0.8 * spread, height), 0.06, depth=0.09),
                    )
                )
        else:
            out.append(("leg", bar((s * x, 0, 0.05), (s * x, 0, height), 0.08, depth=0.16)))
            out.append(("leg", box((0.1, 2 * spread, 0.07), (s * x, 0, 0.035))))
            out.append(("leg", box((0.09, 1.7 * spread, 0.06), (s * x, 0, height - 0.03))))
    out.append(("frame", box((2 * x, 0.045, 0.1), (0, 0, 0.45 * height))))
    return out


def build(rng: np.random.Generator) -> Named:
    """One table: a low or a high one; the top decides which supports suit it."""
    u = rng.uniform
    shape = rng.choice(["rectangle", "rectangle", "round", "oval"])
    height = rng.choice([u(0.45, 0.6), u(0.8, 1.0), u(0.8, 1.0)])
    length = u(1.5, 2.0)
    width = length if shape == "round" else length * u(0.45, 0.75)
    if shape == "round":
        length = width = u(1.1, 1.5)
    thick = u(0.04, 0.08)
    if shape == "rectangle":
        top = rounded_rectangle(length, width, u(0.03, 0.12))
    else:
        top = superellipse(56, 2.0 if shape == "round" else u(2.0, 2.8)) * [length / 2, width / 2]
    parts: Named = [("top", plate(top, height, height + thick, 0.25 * thick))]
    under = height + 0.4 * thick
    if shape == "rectangle":
        support = rng.choice(["legs", "legs", "legs", "trestle", "panels"])
    else:
        support = rng.choice(["legs", "pedestal", "pedestal"])
    if support == "legs":
        return parts + _legs(rng, length, width, under, 1.0 if shape == "rectangle" else 0.64)
    if support == "trestle":
        return parts + _trestle(rng, length, width, under)
    if support == "pedestal":
        return parts + _pedestal(rng, under, min(length, width) / 2)
    for s in (-1, 1):
        parts.append(("leg", box((0.05, 0.86 * width, under), (s * 0.42 * length, 0, under / 2))))
    parts.append(("frame", box((0.84 * length, 0.035, 0.3 * under), (0, -0.2 * width, 0.72 * under))))
    return parts
