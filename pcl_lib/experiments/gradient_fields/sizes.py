"""Sizes that the presets share, from a long run on a GPU down to the tests, and the rates that were chosen."""

from __future__ import annotations

from typing import Any

# The rate of Adam of each model: the lower EMD on 40 training digits held back, of 1e-3, 3e-3 and for ours 8e-3, after
# the first few hundred steps of one seed. The chairs have those of the digits.
_ALL = ("ShapeGF", "l-GAN CD", "l-GAN EMD", "AtlasNet sphere", "AtlasNet patches")


def _rates(*numbers: float) -> tuple[tuple[str, float], ...]:
    return tuple(zip(_ALL, numbers, strict=True))


RATES = {
    "digits": _rates(8e-3, 3e-3, 3e-3, 3e-3, 1e-3),
    "chairs": _rates(8e-3, 3e-3, 3e-3, 3e-3, 1e-3),
    "paper": _rates(1e-3, 1e-3, 1e-3, 1e-3, 1e-3),
    # A rate that decoders without shortcuts, or without conditional norms, bear too.
    "architecture": (("ShapeGF", 3e-3),),
    "sparse": (("ShapeGF", 3e-3),),
}

# Networks for one core: a step of ours takes about 35 ms of it at 16 shapes, all ten levels and 32 points each. Batch
# norm learns its statistics from batches that all hold the same levels: with one level a shape it took several times
# as many steps to the same error.
SMALL: dict[str, Any] = {
    "encoder": (32, 64, 128),
    "head": (64,),
    "hidden": 64,
    "blocks": 3,
    "levels": "all",
    "loss_points": 32,
    "shapes_per_update": 16,
    "rounds": 20,
}
# With its looks, and a minute for the points that are drawn in the end, a run takes two and a half minutes of a core.
DIGITS: dict[str, Any] = {
    **SMALL,
    "data": "digits",
    "train_shapes": 1442,
    "test_shapes": 100,
    "n_points": 256,
    "seconds": 110.0,
    "looks": 10,
    "curve_shapes": 8,
}
CHAIRS: dict[str, Any] = {
    **DIGITS,
    "data": "families",
    "family": "chair",
    "train_shapes": 500,
    "test_shapes": 60,
    "pool": 2048,
    "n_points": 512,
}
AIRPLANES: dict[str, Any] = {
    **CHAIRS,
    "data": "airplanes",
    "train_shapes": 626,
    "n_points": 1024,
    "seconds": 200.0,
}
# On a GPU, where a step waits for the start of its operations and not for its points: more of all.
ON_GPU: dict[str, Any] = {
    "encoder": (128, 128, 256, 512),
    "head": (256, 128),
    "hidden": 128,
    "blocks": 4,
    "loss_points": 64,
    "shapes_per_update": 64,
    "seconds": 60.0,
}
# 2,000 chairs at the paper's sizes.
PAPER: dict[str, Any] = {
    **CHAIRS,
    **ON_GPU,
    "train_shapes": 2000,
    "test_shapes": 100,
    "pool": 10_000,
    "n_points": 2048,
    "code_dim": 128,
    "hidden": 256,
    "blocks": 8,
    "loss_points": 256,
    "seeds": (0,),
    "rounds": 40,
    "seconds": 600.0,
}
# A small encoder: it meets up to 2,048 points of a shape. All 13 cells have as many steps.
SPARSE: dict[str, Any] = {
    **SMALL,
    "data": "families",
    "family": "airplane",
    "seeds": (0,),
    "train_shapes": 500,
    "test_shapes": 20,
    "pool": 10_000,
    "n_points": 2048,
    "looks": 2,
    "curve_shapes": 4,
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
    "levels": "all",
    "shapes_per_update": 4,
    "rounds": 2,
    "updates": 2,
    "looks": 2,
    "curve_shapes": 2,
    "shown": 2,
}
