"""Sizes that the presets of both experiments on completion share, from a long run on two cores down to the tests."""

from __future__ import annotations

from typing import Any

# Half an hour on two CPU cores: 256 points in, 512 out.
RECORD_CPU: dict[str, Any] = {
    "n_shape": 2048,
    "n_partial": 256,
    "n_points": 512,
    "views": 3,
    "crops": 3,
    "test_crops": 2,
    "code_dim": 128,
    "points": ((32, 64), (128,)),
    "pcn_coarse": 32,
    "pcn_widths": (128, 128),
    "pcn_fold": (64, 64),
    "batch_size": 8,
    "learning_rate": 3e-3,
    "looks": 12,
    "cost_steps": 11,
}
# Less than a minute on a CPU core: 128 points in, 256 out.
LIVE: dict[str, Any] = {
    "n_shape": 1024,
    "n_partial": 128,
    "n_points": 256,
    "views": 2,
    "crops": 2,
    "test_crops": 1,
    "code_dim": 64,
    "points": ((32, 64), (64,)),
    "pcn_coarse": 16,
    "shown": 3,
}
# Every part once, in seconds: for tests.
TINY: dict[str, Any] = {
    "train_shapes": 6,
    "test_shapes": 3,
    "n_shape": 128,
    "n_partial": 16,
    "n_points": 64,
    "views": 1,
    "crops": 1,
    "code_dim": 8,
    "points": ((8,), ()),
    "pcn_coarse": 16,
    "pcn_grid": 2,
    "pcn_widths": (8,),
    "pcn_fold": (8,),
    "batch_size": 4,
    "steps": 4,
    "looks": 2,
    "curve_shapes": 2,
    "shown": 2,
    "cost_steps": 1,
}
