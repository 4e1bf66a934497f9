"""How a figure stands and how it is built: drawn angles and proportions, and the motion of the bones."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from pcl_lib.data._figure_body import Body

Array = NDArray[np.float64]

# Angles in degrees. Arms hang at 0; "raise" lifts sideways (90 horizontal, 180 up), "swing" forwards;
# "elbow" folds the forearm forwards, "lift" folds it upwards (below 0 towards the body); thigh "flex"
# forwards, "out" sideways; "bend" of the trunk forwards, "twist" to the left. Left value first, then right.
POSES: dict[str, dict[str, tuple[float, float]]] = {
    "standing": {"raise": (8, 8), "elbow": (12, 12), "out": (3, 3)},
    "walking": {"raise": (6, 6), "swing": (28, -24), "elbow": (28, 14), "flex": (-18, 26), "knee": (18, 12),
                "twist": (-8, 0), "bend": (3, 0)},
    "running": {"raise": (12, 12), "swing": (48, -48), "elbow": (88, 80), "flex": (-24, 68), "knee": (78, 72),
                "twist": (-14, 0), "bend": (12, 0)},
    "arms raised": {"raise": (158, 158), "elbow": (14, 14), "out": (8, 8), "bend": (-5, 0)},
    "arms spread": {"raise": (90, 90), "elbow": (4, 4), "out": (12, 12)},
    "waving": {"raise": (86, 10), "lift": (88, 0), "elbow": (10, 14), "out": (4, 2), "turn": (12, 0)},
    "lunging": {"raise": (72, 84), "swing": (40, -30), "elbow": (10, 10), "flex": (74, -30), "knee": (74, 18),
                "bend": (8, 0)},
    "squatting": {"raise": (22, 22), "swing": (78, 78), "elbow": (12, 12), "flex": (92, 92), "knee": (104, 104),
                  "out": (16, 16), "bend": (26, 0)},
    "kicking": {"raise": (58, 34), "swing": (-20, 44), "elbow": (24, 40), "flex": (82, -6), "knee": (14, 14),
                "bend": (-8, 0), "twist": (-16, 0)},
    "sitting": {"raise": (14, 14), "swing": (32, 32), "elbow": (52, 52), "flex": (84, 84), "knee": (86, 86),
                "out": (7, 7), "bend": (4, 0)},
    "dancing": {"raise": (148, 82), "swing": (12, 22), "elbow": (36, 58), "flex": (58, -4), "knee": (96, 6),
                "out": (34, 4), "bend": (-4, 0), "twist": (14, 0), "turn": (24, 0)},
    "hands on hips": {"raise": (52, 52), "lift": (-96, -96), "swing": (-16, -16), "out": (9, 9)},
}  # fmt: skip
NOISE = {
    "raise": 6,
    "swing": 7,
    "elbow": 6,
    "lift": 4,
    "flex": 6,
    "knee": 6,
    "out": 2,
    "bend": 4,
    "twist": 6,
    "turn": 14,
    "nod": 6,
}


class Build(NamedTuple):
    """Per bone: how long and how thick it is, relative to the average body."""

    length: Array
    girth: Array


def draw_build(rng: np.random.Generator, names: tuple[str, ...]) -> Build:
    """Tall or short, slim or stout, long or short limbs: a few correlated factors, all near 1."""
    size, slim = rng.normal(1, 0.05), float(np.clip(rng.normal(1, 0.10), 0.8, 1.25))
    legs, arms, trunk = rng.normal(1, 0.04), rng.normal(1, 0.03), rng.normal(1, 0.03)
    muscle, waist = rng.normal(1, 0.05), rng.normal(1, 0.06)
    length, girth = np.full(len(names), size), np.full(len(names), size)
    for i, name in enumerate(names):
        if any(k in name for k in ("thigh", "shin")):
            length[i] *= legs
            girth[i] *= slim * muscle
        elif "arm" in name:
            length[i] *= arms
            girth[i] *= slim * muscle
        elif name in ("pelvis", "belly", "chest"):
            length[i] *= trunk
            girth[i] *= slim * (waist if name == "belly" else 1.0)
    return Build(length, girth)


def draw_pose(rng: np.random.Generator) -> dict[str, tuple[float, float]]:
    """A pose, or a mixture of two, with a few degrees of chance; mirrored half of the time."""
    first, second = rng.choice(list(POSES), 2, replace=False)
    mix = 0.35 * rng.random() if rng.random() < 0.5 else 0.0
    flip = rng.random() < 0.5
    out = {}
    for key, spread in NOISE.items():
        a = np.array(POSES[first].get(key, (0.0, 0.0)), float)
        b = np.array(POSES[second].get(key, (0.0, 0.0)), float)
        left, right = (1 - mix) * a + mix * b + spread * rng.normal(size=2)
        if key == "knee":
            left, right = max(left, 0.0), max(right, 0.0)
        if flip:
            left, right = (
                (-left, right)
                if key in ("twist", "turn")
                else (right, left)
                if key not in ("bend", "nod")
                else (left, right)
            )
        out[key] = (float(left), float(right))
    return out


def rotations(pose: dict[str, tuple[float, float]], names: tuple[str, ...]) -> Array:
    """Rotation of each bone against its parent, in the axes of the rest pose (bones, 3, 3)."""
    out = np.tile(np.eye(3), (len(names), 1, 1))

    def turn(axis: str, degrees: float) -> Rotation:
        return Rotation.from_euler(axis, degrees, degrees=True)

    bend, twist = pose["bend"][0] / 2, pose["twist"][0] / 2
    for name in ("belly", "chest"):
        out[names.index(name)] = (turn("y", bend) * turn("z", twist)).as_matrix()
    head = turn("z", pose["turn"][0] / 2) * turn("y", pose["nod"][0] / 2 - 0.3 * pose["bend"][0])
    for name in ("neck", "head"):
        out[names.index(name)] = head.as_matrix()
    for k, side in enumerate("lr"):
        s = 1.0 if side == "l" else -1.0  # mirrored: rotations about x and z change sign, about y they do not
        # the rest pose holds the arms at 45 degrees
        arm = turn("y", -pose["swing"][k]) * turn("x", s * (pose["raise"][k] - 45))
        fold = np.array([0.0, -1.0, -s]) / np.sqrt(2)  # the axis about which a forearm folds forwards
        elbow = turn("x", s * pose["lift"][k]) * Rotation.from_rotvec(np.radians(pose["elbow"][k]) * fold)
        leg = turn("y", -pose["flex"][k]) * turn("x", s * pose["out"][k])
        foot = 0.5 * (pose["flex"][k] - pose["knee"][k]) * (abs(pose["flex"][k]) < 40)
        for bone, rotation in (("upper arm", arm), ("forearm", elbow), ("thigh", leg),
                               ("shin", turn("y", pose["knee"][k])), ("foot", turn("y", foot))):  # fmt: skip
            out[names.index(f"{side} {bone}")] = rotation.as_matrix()
    return out


def posed(body: Body, build: Build, local: Array) -> Array:
    """Vertices (V, 3) of the shared body after linear-blend skinning.

    Each bone maps x to R (g I + (l - g) a a^T) (x - start) + start', with girth g along the two short axes
    and length l along its axis a; a vertex follows the mean of its bones, by weight.
    """
    n = len(body.names)
    a = body.ends - body.starts
    a /= np.linalg.norm(a, axis=-1, keepdims=True)
    stretch = build.girth[:, None, None] * np.eye(3)
    stretch = stretch + (build.length - build.girth)[:, None, None] * a[:, :, None] * a[:, None, :]
    world, start, matrix = np.empty((n, 3, 3)), np.empty((n, 3)), np.empty((n, 3, 3))
    for i, parent in enumerate(body.parents):
        if parent < 0:
            world[i], start[i] = local[i], body.starts[i]
        else:
            world[i] = world[parent] @ local[i]
            start[i] = start[parent] + matrix[parent] @ (body.starts[i] - body.starts[parent])
        matrix[i] = world[i] @ stretch[i]
    shift = start - np.einsum("bij,bj->bi", matrix, body.starts)
    per_vertex = (body.weights @ matrix.reshape(n, 9)).reshape(-1, 3, 3)
    return np.einsum("vij,vj->vi", per_vertex, body.vertices) + body.weights @ shift
