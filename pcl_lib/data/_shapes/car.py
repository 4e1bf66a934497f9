"""Cars: saloons, hatchbacks, off-roaders, vans, sports cars and pickups, with open wheel arches."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import PchipInterpolator

from pcl_lib.data._solids import Solid, box, ellipsoid, loft, mirror, move, plate, revolve, superellipse, turn

PARTS = ("body", "wheel", "detail")
Named = list[tuple[str, Solid]]

# side views: distance from the front as a fraction of the length, height of the upper outline (bonnet,
# windscreen, roof, boot) as a fraction of the height above the floor pan
ROOF = {
    "saloon": ([0, .03, .12, .27, .31, .44, .56, .70, .86, .97, 1],
               [.28, .46, .55, .62, .65, .97, 1.0, .95, .66, .62, .40]),
    "hatchback": ([0, .03, .12, .25, .29, .43, .60, .80, .93, .98, 1],
                  [.28, .46, .56, .62, .65, .97, 1.0, .96, .72, .50, .35]),
    "offroader": ([0, .02, .10, .26, .29, .38, .60, .90, .97, .99, 1],
                  [.34, .54, .60, .63, .66, .98, 1.0, .99, .70, .50, .35]),
    "van": ([0, .02, .08, .14, .18, .30, .60, .95, .985, .995, 1],
            [.26, .40, .50, .56, .60, .96, 1.0, 1.0, .92, .55, .30]),
    "sports": ([0, .04, .16, .34, .38, .50, .60, .74, .90, .98, 1],
               [.20, .36, .50, .60, .64, .97, 1.0, .90, .70, .62, .42]),
    "pickup": ([0, .02, .10, .26, .29, .38, .52, .57, .585, .98, 1],
               [.32, .52, .58, .61, .64, .97, 1.0, .97, .58, .57, .36]),
}  # fmt: skip
# height at which the windows begin, the same fraction
BELT = {"saloon": .62, "hatchback": .60, "offroader": .62, "van": .50, "sports": .62, "pickup": .58}  # fmt: skip


def _body(style: str, length: float, width: float, height: float, pan: float, wheels: tuple[float, float],
          arch: float, tumble: float) -> Solid:  # fmt: skip
    """Loft of cross-sections from front to rear.

    The lower outer edge rises to a circular arch over each wheel; above the belt the sides lean inwards
    by ``tumble`` (the glass house).
    """
    roof_x, roof_z = ROOF[style]
    arch_x = np.concatenate([c + arch * np.cos(np.linspace(0, np.pi, 13)) for c in wheels])
    x = np.unique(
        np.concatenate(
            [np.linspace(0, 1, 28) ** 0.9 * length, np.array(roof_x) * length, length / 2 - arch_x]
        )
    )
    x = x[(x >= 0) & (x <= length)]
    f = x / length
    top = pan + (height - pan) * PchipInterpolator(roof_x, roof_z)(f)
    belt = np.minimum(pan + (height - pan) * BELT[style], top - 0.01)
    # plan view: rounded nose and tail
    w = width / 2 * (1 - 0.20 * np.clip(1 - f / 0.12, 0, 1) ** 2 - 0.12 * np.clip((f - 0.9) / 0.1, 0, 1) ** 2)
    glass = np.clip((top - belt) / ((height - pan) * (1 - BELT[style])), 0, 1)
    lean = 0.97 * w * (1 - tumble * glass)
    px = length / 2 - x
    lower = np.full_like(x, pan)
    for c in wheels:
        lower = np.maximum(lower, np.sqrt(np.clip(arch**2 - (px - c) ** 2, 0, None)) + arch - 0.02)
    lower = np.where(
        np.min([abs(px - c) for c in wheels], 0) < arch, np.minimum(lower, belt - 0.04), pan + 0.002
    )
    inner = 0.68 * w
    crown = np.minimum(
        0.02 * (1 + glass), 0.5 * (top - belt)
    )  # how far the roof drops from its middle to its edge
    zero = np.zeros_like(w)
    half = [
        (zero, zero + pan), (inner, zero + pan), (inner, lower), (0.97 * w, lower),  # floor, wheel housing
        (w, lower + 0.25 * (belt - lower)), (w, belt - 0.2 * (belt - lower)), (0.97 * w, belt),  # door
        (0.5 * (0.97 * w + lean), belt + 0.4 * (top - belt)), (lean, belt + 0.76 * (top - belt)),  # window
        (0.86 * lean, top - 0.4 * crown), (0.45 * lean, top - 0.1 * crown), (zero, top),  # roof
    ]  # fmt: skip
    y = np.stack([h[0] for h in half], -1)
    z = np.stack([h[1] for h in half], -1)
    y = np.concatenate([y, -y[:, -2:0:-1]], -1)
    z = np.concatenate([z, z[:, -2:0:-1]], -1)
    return loft(np.stack([np.broadcast_to(px[:, None], y.shape), y, z], -1))


def _wheel(radius: float, width: float) -> Solid:
    """Tyre with rounded shoulders around a dished rim, axle along y, outer side towards +y."""
    p = np.array([[0, .30], [.22, .34], [.30, .20], [.60, .22], [.68, .46], [.88, .5], [.98, .36], [1, .0], [.98, -.36],
                  [.88, -.5], [0, -.5]])  # fmt: skip
    return turn(revolve(p * [radius, width], 28), "x", -np.pi / 2)


def build(rng: np.random.Generator) -> Named:
    """One car, 2 long."""
    u = rng.uniform
    style = str(rng.choice(list(ROOF)))
    length = 2.0
    width = u(0.78, 0.86)
    low, high = {"saloon": (.60, .66), "hatchback": (.66, .74), "offroader": (.76, .84), "van": (.84, .98),
                 "sports": (.50, .56), "pickup": (.72, .80)}[style]  # fmt: skip
    height = u(low, high)
    big = style in ("offroader", "pickup")
    radius = u(0.165, 0.185) if big else u(0.145, 0.165)
    pan = radius * (0.95 if big else 0.72)
    front, rear = 0.5 * length - u(0.34, 0.40), -0.5 * length + u(0.36, 0.42)
    parts: Named = [
        ("body", _body(style, length, width, height, pan, (front, rear), 1.18 * radius, u(0.16, 0.28)))
    ]
    wheel = _wheel(radius, 0.13)
    for x in (front, rear):
        w = move(wheel, (x, width / 2 - 0.065, radius))
        parts += [("wheel", w), ("wheel", mirror(w))]
    roof_x = ROOF[style][0]
    belt = pan + (height - pan) * BELT[style]
    mirror_x = length / 2 - length * (roof_x[4] + 0.045)
    m = ellipsoid((0.03, 0.05, 0.035), (mirror_x, width / 2 + 0.035, belt + 0.035), 12)
    parts += [("detail", m), ("detail", mirror(m))]
    if style == "sports" and rng.random() < 0.6:
        z = pan + (height - pan) * 0.82
        parts.append(
            ("detail", plate(superellipse(24, 6.0) * [0.06, 0.4 * width] + [-0.88, 0.0], z, z + 0.02))
        )
        for s in (-1, 1):
            parts.append(
                ("detail", box((0.05, 0.02, z - belt + 0.04), (-0.88, s * 0.28 * width, (z + belt) / 2)))
            )
    if style in ("offroader", "van") and rng.random() < 0.6:
        for s in (-1, 1):
            parts.append(("detail", box((0.75, 0.02, 0.02), (-0.25, s * 0.3 * width, height + 0.03))))
            for x in (-0.55, -0.25, 0.05):
                parts.append(("detail", box((0.03, 0.02, 0.06), (x, s * 0.3 * width, height))))
    return parts
