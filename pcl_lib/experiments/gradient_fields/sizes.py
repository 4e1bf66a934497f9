"""Sizes that the presets share, from a long run on a GPU down to the tests, and the rates that were chosen."""

from __future__ import annotations

from typing import Any

# The rate of Adam of each model, by data.
_ALL = ("ShapeGF", "l-GAN CD", "l-GAN EMD", "AtlasNet sphere", "AtlasNet patches")


def _rates(*numbers: float) -> tuple[tuple[str, float], ...]:
    return tuple(zip(_ALL, numbers, strict=True))


RATES = {
    "digits": _rates(1e-3, 1e-3, 1e-3, 1e-3, 1e-3),
    "chairs": _rates(1e-3, 1e-3, 1e-3, 1e-3, 1e-3),
    "paper": _rates(1e-3, 1e-3, 1e-3, 1e-3, 1e-3),
    "sparse": (("ShapeGF", 1e-3),),
}

DIGITS: dict[str, Any] = {
    "data": "digits",
    "train_shapes": 1442,
    "test_shapes": 100,
    "n_points": 256,
    "shapes_per_update": 16,
    "rounds": 20,
    "seconds": 100.0,
    "looks": 5,
    "curve_shapes": 16,
}
CHAIRS: dict[str, Any] = {
    **DIGITS,
    "data": "families",
    "family": "chair",
    "train_shapes": 500,
    "test_shapes": 60,
    "pool": 2048,
    "n_points": 512,
    "curve_shapes": 8,
}
AIRPLANES: dict[str, Any] = {
    **CHAIRS,
    "data": "airplanes",
    "train_shapes": 626,
    "test_shapes": 60,
    "n_points": 1024,
    "curve_shapes": 8,
}
# A smaller net and encoder; all 13 cells have as many steps, which cost as much as their points.
SPARSE: dict[str, Any] = {
    "data": "families",
    "family": "airplane",
    "seeds": (0,),
    "train_shapes": 500,
    "test_shapes": 24,
    "pool": 10_000,
    "n_points": 2048,
    "encoder": (32, 64, 128),
    "head": (64,),
    "hidden": 64,
    "blocks": 3,
    "shapes_per_update": 16,
    "rounds": 20,
    "updates": 20,
    "looks": 2,
    "curve_shapes": 4,
}
PAPER: dict[str, Any] = {
    **CHAIRS,
    "train_shapes": 2000,
    "test_shapes": 100,
    "pool": 10_000,
    "n_points": 2048,
    "code_dim": 128,
    "encoder": (128, 128, 256, 512),
    "head": (256, 128),
    "hidden": 256,
    "blocks": 8,
    "shapes_per_update": 64,
    "seeds": (0,),
    "rounds": 40,
    "seconds": 600.0,
}
# Every part once, in seconds: for tests. No clock, so that a run repeats.
TINY: dict[str, Any] = {
    "data": "digits",
    "seeds": (0, 1),
    "train_shapes": 8,
    "test_shapes": 3,
    "pool": 64,
    "n_points": 32,
    "code_dim": 4,
    "encoder": (8,),
    "head": (8,),
    "hidden": 8,
    "blocks": 1,
    "ladder": 3,
    "shapes_per_update": 4,
    "rounds": 2,
    "updates": 2,
    "looks": 2,
    "curve_shapes": 2,
    "shown": 2,
}
