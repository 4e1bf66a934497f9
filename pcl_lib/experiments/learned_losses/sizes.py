"""Sizes that the presets share, and the rates that were chosen, from a long run on a GPU down to the tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

# The rate of the task network for each loss: the lowest MCD on 64 shapes held back from the training split, of three in
# the search `caloss-rates`; a test compares with its record. The critics share that of the distance they are added to.
RATES = {
    "CD lengths": 2e-3,
    "CD": 2e-3,
    "EMD": 2e-3,
    "Sinkhorn": 2e-3,
    "DCD": 2e-3,
    "PUD": 2e-3,
    "PFD": 2e-3,
    "CRND": 2e-3,
    "PCLoss": 2e-3,
    "CALoss": 5e-4,
}
# 256 points and small networks: a step of CD takes 14 ms of one core.
SMALL: dict[str, Any] = {
    "n_points": 256,
    "code_dim": 64,
    "points": (32, 64, 128),
    "ae_widths": (128, 128),
    "fold_widths": (64, 64),
    "curve_shapes": 100,
    "mcd_centres": 64,
    "disks": (0.05, 0.1),
    "costly_shapes": 100,
    "compared": 32,
}
# Synthetic shapes, about a minute on two cores.
LIVE: dict[str, Any] = {
    **SMALL,
    "seeds": (0, 1),
    "data": "families",
    "families": ("airplane", "chair", "lamp"),
    "train_shapes": 192,
    "test_shapes": 24,
    "code_dim": 32,
    "points": (32, 64),
    "ae_widths": (128,),
    "batch_size": 8,
    "steps": 240,
    "looks": 4,
    "curve_shapes": 24,
    "costly_shapes": 12,
    "compared": 12,
    "cost_steps": 5,
}
# Every part once, in seconds: for tests.
TINY: dict[str, Any] = {
    **LIVE,
    "train_shapes": 12,
    "test_shapes": 3,
    "n_points": 64,
    "code_dim": 4,
    "points": (8,),
    "ae_widths": (8,),
    "fold_widths": (8,),
    "anchors": 16,
    "batch_size": 4,
    "steps": 4,
    "looks": 2,
    "curve_shapes": 2,
    "mcd_sizes": (4, 8),
    "mcd_centres": 8,
    "disks": (0.2,),
    "costly_shapes": 2,
    "compared": 2,
    "shown": 2,
    "cost_steps": 1,
}


def with_losses(*losses: str, networks: Sequence[str] = ("AE",)) -> dict[str, Any]:
    """Each network with each loss, at the rates that were chosen."""
    return {
        "configurations": tuple((network, loss) for network in networks for loss in losses),
        "rates": tuple((loss, RATES[loss]) for loss in losses),
    }
