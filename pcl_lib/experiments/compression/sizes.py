"""Sizes that presets share."""

from __future__ import annotations

from typing import Any

# Every part once, in seconds, on synthetic shapes, which anyone can make: for tests.
TINY: dict[str, Any] = {
    "sets": ("families",),
    "seeds": (0, 1),
    "steps": 4,
    "patches": 6,
    "shapes": 3,
    "family_points": 3000,
    "azimuth_steps": 64,
    "fewest": 30,
    "most": 60,
    "held": 2,
    "looks": 2,
    "neighbours": 6,
}
