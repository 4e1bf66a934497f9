"""Chairs: four-legged with slats, ladders, spindles or a panel; swivel chairs; cantilevers; stools with a back."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from pcl_lib.data._solids import Solid, bar, ellipsoid, loft, plate, rod, spline, superellipse, tube

PARTS = ("seat", "back", "leg", "arm")
Named = list[tuple[str, Solid]]


def _back_line(x: float, lean: float, bow: float, y: float, z: float, width: float) -> np.ndarray:
    """A point of the back's middle surface: leaning backwards with height, curved around the sitter."""
    return np.array([x - np.tan(lean) * z - bow * (1 - (2 * y / width) ** 2), y, z])


def _panel(
    x: float, lean: float, bow: float, width: float, z0: float, z1: float, thick: float, power: float
) -> Solid:
    """A curved back panel with rounded corners: two copies of a bent superellipse, bevelled at the rim."""
    s = superellipse(40, power) * [width / 2, (z1 - z0) / 2]
    rings = []
    for shift, grow in (
        (-0.5, 0.0),
        (-0.5, 0.55),
        (-0.5, 0.94),
        (0, 1.0),
        (0.5, 0.94),
        (0.5, 0.55),
        (0.5, 0.0),
    ):
        if grow == 0.0:
            continue
        y, z = s[:, 0] * grow, s[:, 1] * grow + (z0 + z1) / 2
        rings.append(
            np.stack([x - np.tan(lean) * z - bow * (1 - (2 * y / width) ** 2) + shift * thick, y, z], -1)
        )
    mid, half = _back_line(x, lean, bow, 0.0, (z0 + z1) / 2, width), np.array([thick / 2, 0, 0])
    return loft(np.stack(rings), mid - half, mid + half)


def _back(rng: np.random.Generator, x: float, seat: float, width: float) -> Named:
    """A back standing on the rear edge of the seat, of one of five kinds."""
    u = rng.uniform
    kind = rng.choice(["panel", "slats", "ladder", "spindles", "frame"])
    lean, height = u(0.08, 0.24), u(0.75, 1.0)
    x = x + np.tan(lean) * seat  # so that the line passes through the seat's rear edge
    bow, top = u(0.0, 0.08), seat + height
    if kind == "panel":
        gap = rng.choice([0.0, u(0.1, 0.3)])
        out = [
            ("back", _panel(x, lean, bow, width * u(0.85, 1.0), seat + gap, top, u(0.04, 0.08), u(3.0, 8.0)))
        ]
        if gap:
            for y in (-0.22 * width, 0.22 * width):
                foot = _back_line(x, lean, bow, y, seat - 0.02, width)
                out.append(("back", bar(foot, _back_line(x, lean, bow, y, seat + gap + 0.06, width), 0.045)))
        return out

    def strip(z: float, h: float, thick: float, w: float = 1.0) -> Solid:
        y = np.linspace(-w / 2, w / 2, 12) * width
        path = np.stack([_back_line(x, lean, bow, a, z, width) for a in y])
        return tube(path, 1.0, section=superellipse(10, 4.0) * [h / 2, thick / 2])

    post = u(0.025, 0.035)
    out = []
    for y in (-0.46 * width, 0.46 * width):
        foot, head = _back_line(x, lean, bow, y, seat - 0.05, width), _back_line(x, lean, bow, y, top, width)
        out.append(("back", rod(foot, head, post, 0.85 * post)))
    rail = u(0.09, 0.16)
    out.append(("back", strip(top - rail / 2, rail, 0.045)))
    if kind == "ladder":
        count = int(rng.integers(2, 5))
        for z in np.linspace(seat + 0.2, top - rail - 0.12, count):
            out.append(("back", strip(float(z), u(0.06, 0.09), 0.035, 0.94)))
    elif kind == "frame":
        out.append(("back", strip(seat + u(0.25, 0.4), 0.07, 0.04, 0.94)))
    else:
        count = int(rng.integers(3, 6)) if kind == "slats" else int(rng.integers(5, 9))
        out.append(("back", strip(seat + 0.14, 0.06, 0.04, 0.94)))
        for y in np.linspace(-0.46, 0.46, count + 2)[1:-1] * width:
            a, b = (
                _back_line(x, lean, bow, y, seat + 0.12, width),
                _back_line(x, lean, bow, y, top - 0.6 * rail, width),
            )
            out.append(
                ("back", bar(a, b, 0.028, depth=u(0.06, 0.08)) if kind == "slats" else rod(a, b, 0.016))
            )
    return out


def _four_legs(rng: np.random.Generator, depth: float, width: float, seat: float, corner: float) -> Named:
    """Legs under the corners of the seat, which lie at ``corner`` times its half depth and half width."""
    u = rng.uniform
    splay, thick, taper = u(0.0, 0.14), u(0.032, 0.05), u(0.5, 1.0)
    round_leg = rng.random() < 0.5
    out: Named = []
    feet = {}
    for sx in (-1, 1):
        for sy in (-1, 1):
            top = np.array([sx * (corner * depth / 2 - 0.05), sy * (corner * width / 2 - 0.05), seat])
            foot = top + np.array([sx * splay, sy * splay, -seat])
            feet[sx, sy] = top, foot
            out.append(("leg", rod(top, foot, thick, taper * thick) if round_leg
                        else bar(top, foot, 1.8 * thick, 1.8 * taper * thick)))  # fmt: skip
    if rng.random() < 0.5:  # stretchers between the legs
        level = u(0.3, 0.6)
        at = {k: b + level * (a - b) for k, (a, b) in feet.items()}
        for sy in (-1, 1):
            out.append(("leg", rod(at[-1, sy], at[1, sy], 0.018)))
        out.append(("leg", rod((at[-1, -1] + at[1, -1]) / 2, (at[-1, 1] + at[1, 1]) / 2, 0.018)))
    return out


def _swivel(rng: np.random.Generator, seat: float) -> Named:
    spokes, reach = int(rng.integers(4, 6)), rng.uniform(0.42, 0.52)
    out: Named = [
        ("leg", rod((0, 0, seat), (0, 0, 0.3), 0.035)),
        ("leg", rod((0, 0, 0.5), (0, 0, 0.16), 0.055)),
    ]
    for k in range(spokes):
        a = 2 * np.pi * (k + 0.5) / spokes
        tip = reach * np.array([np.cos(a), np.sin(a), 0])
        out.append(("leg", bar((0, 0, 0.2), tip + np.array([0, 0, 0.13]), 0.07, 0.04)))
        out.append(("leg", ellipsoid((0.05, 0.05, 0.055), tip + np.array([0, 0, 0.06]), 12)))
    return out


def _cantilever(depth: float, width: float, seat: float) -> Named:
    """One bent steel tube: along the seat, down in front, back along the floor, across."""
    h, d = width / 2 - 0.04, depth / 2
    half = [(-0.8 * d, h, seat - 0.03), (0.7 * d, h, seat - 0.03), (d, h, seat - 0.2), (d, h, 0.2), (0.7 * d, h, 0.03),
            (-0.8 * d, h, 0.03), (-d, 0.8 * h, 0.03), (-d, 0, 0.03)]  # fmt: skip
    points = np.array(half + [(x, -y, z) for x, y, z in half[-2::-1]])
    dense = np.concatenate([np.linspace(a, b, 6, endpoint=False) for a, b in pairwise(points)])
    smooth = np.concatenate([dense[:1], (dense[:-2] + 2 * dense[1:-1] + dense[2:]) / 4, points[-1:]])
    return [("leg", tube(smooth, 0.028, 10))]


def _arms(rng: np.random.Generator, depth: float, width: float, seat: float) -> Named:
    height, out = seat + rng.uniform(0.3, 0.42), []
    for sy in (-1, 1):
        y = sy * (width / 2 - 0.01)
        path = spline(
            [(-depth / 2 - 0.05, y, height), (0, y * 1.03, height + 0.01), (0.38 * depth, y, height - 0.02)],
            10,
        )
        out.append(("arm", tube(path, 1.0, section=superellipse(12, 4.0) * [0.022, 0.045])))
        out.append(("arm", rod((0.3 * depth, y, height), (0.28 * depth, y, seat - 0.03), 0.022)))
    return out


def build(rng: np.random.Generator) -> Named:
    """One chair, about 1.9 high; seat, then legs, then back, then arms."""
    u = rng.uniform
    style = rng.choice(["four", "four", "four", "swivel", "cantilever"])
    depth, width, seat = u(0.82, 1.0), u(0.84, 1.04), u(0.85, 1.0)
    thick = u(0.05, 0.13)
    power, flare = u(3.0, 9.0), u(0.0, 0.1)
    outline = superellipse(64, power) * [depth / 2, width / 2]
    outline[:, 1] *= 1 + flare * outline[:, 0] / depth * 2  # wider in front
    corner = 2 ** (-1 / power)
    parts: Named = [("seat", plate(outline, seat - thick, seat, 0.3 * thick))]
    under = seat - 0.6 * thick
    if style == "four":
        parts += _four_legs(rng, depth, (1 - flare) * width, under, corner)
    elif style == "swivel":
        parts += _swivel(rng, under)
    else:
        parts += _cantilever(depth, width, seat - thick + 0.03)
    # the posts of the back stand 5 cm inside the rear edge, as far apart as the rounded corners allow
    half = 0.5 * width * (1 - flare) * min(0.94, corner + 0.03)
    rear = -depth / 2 * (1 - (2 * half / width / (1 - flare)) ** power) ** (1 / power) + 0.05
    parts += _back(rng, rear, seat - 0.3 * thick, 2 * half / 0.92)
    if rng.random() < (0.7 if style == "swivel" else 0.35):
        parts += _arms(rng, depth, width, seat)
    return parts
