"""Airplanes: airliners, business jets, propeller aircraft and fighters."""

from __future__ import annotations

import numpy as np

from pcl_lib.data._solids import Solid, bar, ellipsoid, loft, mirror, move, revolve, superellipse, turn, wing

PARTS = ("fuselage", "wing", "tail", "engine")


def _fuselage(radius: float, nose: float, tail: float, height: float, upsweep: float, point: float) -> Solid:
    """Length 2 along x: an elliptic nose, a cylinder, a tail cone that rises by ``upsweep``."""
    t = np.concatenate([np.linspace(0, nose, 10)[1:] ** 2 / nose, np.linspace(nose, 1 - tail, 6)[1:],
                        np.linspace(1 - tail, 1, 9)[1:]])  # fmt: skip
    front = np.sqrt(np.clip(1 - (1 - np.minimum(t / nose, 1)) ** 2, 0, 1)) ** point
    back = np.clip((t - (1 - tail)) / tail, 0, 1)
    r = radius * front * (1 - 0.88 * back**1.6)
    z = upsweep * back**1.5 - 0.25 * radius * (1 - np.minimum(t / nose, 1)) ** 2
    s = superellipse(28)
    rings = np.stack([np.broadcast_to((1 - 2 * t)[:, None], (len(t), 28)), r[:, None] * s[:, 0],
                      r[:, None] * height * s[:, 1] + z[:, None]], -1)  # fmt: skip
    return loft(rings, start=(1, 0, -0.25 * radius))


def _half_wing(root: tuple[float, float, float], span: float, chord: float, taper: float, sweep: float,
               dihedral: float, ratio: float, winglet: float = 0.0) -> Solid:  # fmt: skip
    """A left wing: leading edge from ``root`` outwards, swept back and rising, a kink at 35 % of the span."""
    x, y, z = root
    kink = 0.35 if taper < 0.5 else 0.0

    def station(u: float, c: float) -> tuple[tuple[float, float, float], float, float]:
        return (
            (x - np.tan(sweep) * span * u, y + span * u, z + np.tan(dihedral) * span * u),
            c,
            ratio * (1 - 0.3 * u),
        )

    stations = [station(0.0, chord)]
    if kink:
        stations.append(station(kink, chord * (1 - 0.75 * (1 - taper) * 0.8)))
    stations.append(station(1.0, chord * taper))
    if winglet:
        (a, b, c), tip, _ = stations[-1]
        stations.append(((a - 0.5 * winglet, b + 0.04, c + 0.25 * winglet), tip * 0.85, 0.1))
        stations.append(((a - 1.1 * winglet, b + 0.06, c + winglet), tip * 0.4, 0.1))
    return wing(stations)


def _fin(
    x: float, z: float, height: float, chord: float, taper: float, sweep: float, y: float = 0.0
) -> Solid:
    return wing(
        [((x, y, z), chord, 0.11), ((x - np.tan(sweep) * height, y, z + height), chord * taper, 0.1)],
        camber=0.0, n=16, up=(0, 1, 0),
    )  # fmt: skip


def _nacelle(length: float, radius: float, center: tuple[float, float, float]) -> Solid:
    """A turbofan: rounded lip, intake sunk to the fan disc, tapering to the exhaust cone."""
    p = np.array([[0, .30], [.70, .30], [.84, .48], [.95, .50], [1, .42], [1, .1], [.92, -.2], [.72, -.42], [.45, -.44],
                  [.3, -.5], [0, -.62]])  # fmt: skip
    return move(turn(revolve(p * [radius, length], 22), "y", np.pi / 2), center)


def _propeller(center: tuple[float, float, float], radius: float, blades: int, phase: float) -> list[Solid]:
    out = []
    for k in range(blades):
        blade = wing([((0.018, 0.0, 0.01), 0.045, 0.14), ((0.024, 0.0, 0.6 * radius), 0.06, 0.1),
                      ((0.014, 0.0, radius), 0.03, 0.08)], n=12, up=(0, 1, 0))  # fmt: skip
        out.append(move(turn(turn(blade, "z", 0.9), "x", phase + 2 * np.pi * k / blades), center))
    return out


def build(rng: np.random.Generator) -> list[tuple[str, Solid]]:
    """One airplane; the style is drawn first, the proportions after it."""
    style = rng.choice(["airliner", "airliner", "business", "propeller", "fighter"])
    u = rng.uniform
    parts: list[tuple[str, Solid]] = []

    def pair(name: str, solid: Solid) -> None:
        parts.extend([(name, solid), (name, mirror(solid))])

    if style == "airliner":
        r = u(0.105, 0.13)
        span, chord, sweep, dihedral = u(0.82, 1.05), u(0.42, 0.52), u(0.40, 0.58), u(0.05, 0.11)
        wx = u(0.28, 0.36)
        parts.append(("fuselage", _fuselage(r, u(0.12, 0.16), u(0.30, 0.36), u(1.0, 1.08), 0.75 * r, 0.9)))
        root = (wx, 0.55 * r, -0.55 * r)
        pair(
            "wing",
            _half_wing(
                root, span, chord, u(0.2, 0.3), sweep, dihedral, 0.13, rng.choice([0.0, u(0.08, 0.14)])
            ),
        )
        pair(
            "tail",
            _half_wing((-0.72, 0.25 * r, 0.55 * r), u(0.32, 0.4), u(0.2, 0.24), 0.42, sweep + 0.08, 0.1, 0.1),
        )
        parts.append(
            ("tail", _fin(-0.62, 0.7 * r, u(0.34, 0.42), u(0.28, 0.33), u(0.35, 0.45), u(0.6, 0.75)))
        )
        er = u(0.052, 0.066)
        for f in [u(0.30, 0.36)] if rng.random() < 0.65 else [u(0.26, 0.32), u(0.56, 0.62)]:
            y = 0.55 * r + f * span
            x = wx - np.tan(sweep) * f * span + 0.05
            z = -0.55 * r + np.tan(dihedral) * f * span - 1.05 * er
            pair("engine", _nacelle(0.24, er, (x, y, z)))
            pair("engine", bar((x + 0.02, y, z + 0.75 * er), (x - 0.2, y, z + 1.1 * er), 0.02, depth=0.045))
    elif style == "business":
        r = u(0.105, 0.125)
        span, chord, sweep = u(0.72, 0.88), u(0.36, 0.44), u(0.28, 0.5)
        parts.append(("fuselage", _fuselage(r, u(0.18, 0.24), u(0.34, 0.4), 1.0, 0.7 * r, 1.05)))
        root, winglet = (u(0.14, 0.22), 0.5 * r, -0.6 * r), rng.choice([0.0, 0.1])
        pair("wing", _half_wing(root, span, chord, u(0.28, 0.38), sweep, u(0.04, 0.09), 0.12, winglet))
        fin_h, fin_sweep = u(0.32, 0.4), u(0.55, 0.75)
        parts.append(("tail", _fin(-0.58, 0.7 * r, fin_h, u(0.28, 0.33), 0.62, fin_sweep)))
        top = (-0.6 - np.tan(fin_sweep) * fin_h, 0.0, 0.68 * r + fin_h)
        tail = _half_wing(top, u(0.28, 0.34), 0.18, 0.5, 0.45, 0.0, 0.1)
        pair("tail", tail)
        er = u(0.05, 0.06)
        pair("engine", _nacelle(0.27, er, (-0.42, r + 0.95 * er, 0.45 * r)))
        pair("engine", bar((-0.42, 0.6 * r, 0.42 * r), (-0.42, r + 0.3 * er, 0.45 * r), 0.022, depth=0.14))
    elif style == "propeller":
        r = u(0.13, 0.16)
        high = rng.random() < 0.5
        span, chord = u(0.95, 1.15), u(0.28, 0.34)
        parts.append(("fuselage", _fuselage(r, u(0.3, 0.36), u(0.5, 0.56), u(1.05, 1.25), 0.35 * r, 0.75)))
        wz, wx = (0.92 * r if high else -0.72 * r), u(0.36, 0.44)
        pair("wing", _half_wing((wx, 0.0 if high else 0.4 * r, wz), span, chord, u(0.6, 0.95), u(0.0, 0.08),
                                0.03 if high else 0.09, 0.14))  # fmt: skip
        if high:
            pair(
                "wing",
                bar((wx - 0.1, 0.6 * r, -0.8 * r), (wx - 0.1, 0.45 * span, wz + 0.01), 0.022, depth=0.04),
            )
        pair("tail", _half_wing((-0.76, 0.0, 0.3 * r), u(0.32, 0.4), u(0.2, 0.24), 0.7, 0.12, 0.0, 0.1))
        parts.append(("tail", _fin(-0.7, 0.3 * r, u(0.3, 0.36), u(0.26, 0.3), 0.5, u(0.4, 0.6))))
        hub = (1.0, 0.0, -0.25 * r)
        parts.append(("engine", ellipsoid((0.07, 0.035, 0.035), hub)))
        blades = int(rng.integers(2, 5))
        parts.extend(("engine", b) for b in _propeller(hub, u(0.24, 0.29), blades, u(0, np.pi)))
    else:  # fighter
        r = u(0.095, 0.115)
        parts.append(("fuselage", _fuselage(r, u(0.4, 0.5), u(0.3, 0.36), u(0.85, 1.0), 0.1 * r, 1.35)))
        span, sweep = u(0.5, 0.62), u(0.7, 0.9)
        pair(
            "wing",
            _half_wing(
                (0.22, 0.8 * r, -0.1 * r), span, u(0.72, 0.8), u(0.12, 0.24), sweep, u(-0.04, 0.03), 0.06
            ),
        )
        pair(
            "tail",
            _half_wing((-0.62, 0.5 * r, 0.0), u(0.3, 0.36), u(0.28, 0.32), 0.35, sweep - 0.05, 0.0, 0.06),
        )
        parts.append(("fuselage", ellipsoid((0.2, 0.055, 0.07), (0.42, 0, 0.72 * r))))
        fin = (-0.5, 0.5 * r, u(0.32, 0.4), u(0.34, 0.4), 0.35, u(0.7, 0.85))
        if rng.random() < 0.5:
            pair("tail", turn(_fin(*fin, y=0.75 * r), "x", -0.12))
        else:
            parts.append(("tail", _fin(*fin)))
        pipe = [[0, -.62], [.6, -.62], [.75, -.7], [1, -.4], [1, .3], [.85, .45], [.7, .3], [0, .3]]  # fmt: skip
        engine = turn(revolve(np.array(pipe) * [0.075, 1.0], 20), "y", np.pi / 2)
        pair("engine", move(engine, (-0.28, r + 0.035, -0.3 * r)))
    return parts
