"""Independent references: closed-form clouds, and distances as plain double loops in numpy."""

import json
from pathlib import Path

import numpy as np

GOLDEN = Path(__file__).parents[1] / "golden"


def golden(name: str) -> dict:
    return json.loads((GOLDEN / f"{name}.json").read_text())


def X(n: int) -> np.ndarray:
    i = np.arange(n)
    return np.stack([np.sin(i), np.cos(2 * i), np.sin(3 * i + 1)], 1)


def Y(n: int) -> np.ndarray:
    i = np.arange(n)
    return 0.9 * np.stack([np.cos(i), np.sin(2 * i + 0.5), np.cos(3 * i)], 1)


def Z(n: int, s: float) -> np.ndarray:
    i = np.arange(n)
    return X(n) + s * np.stack([np.cos(5 * i), np.sin(7 * i), np.cos(11 * i)], 1)


def U(n: int, k: float) -> np.ndarray:
    i = np.arange(1, n + 1)
    steps = (0.7548776662466927, 0.5698402909980532, 0.8191725133961645)
    return np.stack([np.mod(i * step + 0.1 * (axis + 1) * k, 1) for axis, step in enumerate(steps)], 1)


CLOUDS = {"X": X, "Y": Y, "Z": Z, "U": U}


def named(text: str) -> np.ndarray:
    """The cloud that a golden file names, such as "Z(200, 0.004)"."""
    name, _, arguments = text.rstrip(")").partition("(")
    first, *rest = arguments.split(",")
    return CLOUDS[name](int(first), *(float(value) for value in rest))


def nearest_distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Distance of each point of x to its nearest point of y, one pair at a time."""
    out = np.empty(len(x))
    for i, p in enumerate(x):
        best = np.inf
        for q in y:
            gap = 0.0
            for a, b in zip(p, q, strict=True):
                gap += (float(a) - float(b)) ** 2
            best = min(best, gap)
        out[i] = best**0.5
    return out
