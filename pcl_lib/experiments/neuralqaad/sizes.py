"""Widths that give networks of different make the same number of weights, and sizes that presets share."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from functools import lru_cache
from itertools import product
from typing import Any

import torch
from torch import nn

from pcl_lib.experiments.neuralqaad.settings import QaadSettings, Row
from pcl_lib.models import AtlasV2Decoder, parameter_count

WIDEST = 512
EQUAL = 0.01  # numbers of weights that differ by less are equal
_NEAR = 4  # widths that are tried on either side


def weights(inputs: int, widths: Sequence[int], shared: int, patches: int) -> int:
    """How many weights layers without biases have, the first of them shared by all patches.

    >>> weights(13, (256, 128, 128, 128, 64, 3), 4, 16)
    203008
    """
    sizes = (inputs, *widths)
    layers = [a * b for a, b in zip(sizes, widths, strict=False)]
    return sum(layers[:shared]) + patches * sum(layers[shared:])


def layers(settings: QaadSettings, row: Row) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Widths of the trunk and of the heads: those of the settings, or for another number of patches or of shared layers
    six of about the paper's proportions, with as many weights in all as the settings' own network has."""
    if (row.patches, row.shared) == (settings.patches, len(settings.trunk)):
        return settings.trunk, settings.heads
    inputs = 3 + settings.code_dim
    target = weights(inputs, (*settings.trunk, *settings.heads), len(settings.trunk), settings.patches)
    widths = six_layers(inputs, row.shared, row.patches, target)
    return widths[: row.shared], widths[row.shared :]


@lru_cache(maxsize=16)
def six_layers(inputs: int, shared: int, patches: int, target: int) -> tuple[int, ...]:
    """Widths close to 2w-w-w-w-w/2-3, the paper's proportions, with as many weights as asked for, within a per cent.

    >>> six_layers(13, 4, 16, 203_008)
    (256, 128, 128, 128, 64, 3)
    """

    def off(widths: tuple[int, ...]) -> float:
        return abs(weights(inputs, widths, shared, patches) / target - 1)

    w = min(range(2, WIDEST), key=lambda w: off((2 * w, w, w, w, max(1, w // 2), 3)))
    found = [
        (abs(a) + abs(b) + abs(c), (2 * (w + c) + a, *(w + c,) * 3, max(1, (w + c) // 2 + b), 3))
        for a, b, c in product(range(-_NEAR, _NEAR + 1), repeat=3)
        if w + c > _NEAR
    ]
    near = [each for each in found if off(each[1]) < EQUAL]
    return min(near, key=lambda each: each[0])[1] if near else (2 * w, w, w, w, max(1, w // 2), 3)


def atlas(code_dim: int, points: int, patches: int, width: int, deform: int) -> AtlasV2Decoder:
    """AtlasNetV2 with the deformation of the square: SELU as in the paper, batch norm as released, and no tanh, which
    could not reach the border of the frame. `width` of the hidden layers, `deform` of those of the deformation."""
    return AtlasV2Decoder(
        code_dim,
        points,
        patches=patches,
        widths=(width,) * 3,
        deform=(deform,) * 2,
        activation=nn.SELU,
        tanh=False,
    )


@lru_cache(maxsize=16)
def atlas_widths(code_dim: int, patches: int, target: int) -> tuple[int, int]:
    """The widths whose number of weights is within a per cent of a target, as equal as can be.

    >>> atlas_widths(10, 16, 203_008), atlas_widths(10, 16, 34_624)
    ((59, 59), (22, 20))
    """

    def off(width: int, deform: int) -> float:
        with torch.device("meta"):
            return parameter_count(atlas(code_dim, patches, patches, width, deform)) / target - 1

    middle = bisect(range(WIDEST), 0.0, lo=_NEAR, key=lambda w: off(w, w))
    around = range(max(1, middle - _NEAR), middle + _NEAR)
    found = [(width, deform) for width in around for deform in around]
    near = [pair for pair in found if abs(off(*pair)) < EQUAL]
    return min(near or found, key=lambda pair: (abs(pair[0] - pair[1]) if near else 0, abs(off(*pair))))


# A network and sets for one core, about 25 seconds for a run: a fourth of the paper's widths, 20 ms a step.
SHORT: dict[str, Any] = {
    "shapes": 48,
    "cloud_points": 4096,
    "trunk": (64, 48, 48, 48),
    "heads": (32, 3),
    "encoder": (32, 64, 128),
    "steps": 1000,
    "evaluated": 16,
    "coarse": 2,
    "curve_shapes": 2,
}
# Every part once, in seconds, on figures, which anyone can make: for tests.
TINY: dict[str, Any] = {
    "sets": ("figures",),
    "seeds": (0, 1),
    "shapes": 6,
    "cloud_points": 64,
    "code_dim": 4,
    "patches": 4,
    "trunk": (12, 8),
    "heads": (6, 3),
    "encoder": (8, 8),
    "batch_size": 3,
    "step_points": 16,
    "steps": 8,
    "evaluated": 3,
    "leaf_size": 16,
    "coarse": 1,
    "looks": 2,
    "curve_shapes": 2,
    "shown": 1,
    "shown_points": 32,
    "assigned_points": 16,
}
