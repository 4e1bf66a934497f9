"""The letters of a word as points."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from pcl_lib._checks import check_integer


def letters(
    text: str, n_points: int = 2048, *, dims: int = 2, thickness: float = 0.2, seed: int = 0
) -> Tensor:
    """Independent points on the outlines of the letters of a word, uniform by length: a start for Langevin dynamics.

    - `dims`: 2, or 3 for letters that stand in the plane z = 0;
    - `thickness`: of these, half of it in front of the plane and half behind;
    - `seed`: of the draw.

    The font is DejaVu Sans, which matplotlib brings. The box of the word is centred at the origin, its longer side from
    -1 to 1; x right, y up. Shapes: (n_points, dims), float32. Cost: loads matplotlib (about 0.3 s a process).
    Errors: `ValueError` for a text without outlines, such as spaces, or a number out of range.
    Reference: cai2020shapegf.

    >>> word = letters("ECCV", 500)
    >>> word.shape, round(word[:, 0].abs().max().item(), 1)
    (torch.Size([500, 2]), 1.0)
    """
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    check_integer("n_points", n_points, 1)
    check_integer("dims", dims, 2, 3)
    check_integer("seed", seed, 0)
    font = FontProperties(family="DejaVu Sans")
    word = TextPath((0, 0), text, size=1, prop=font).to_polygons() if text.strip() else []
    curves = [np.asarray(curve) for curve in word]
    if not curves:
        raise ValueError(f"text must have letters with an outline, received {text!r}")
    corners = np.concatenate(curves)
    low, high = corners.min(0), corners.max(0)
    starts = np.concatenate([c[:-1] for c in curves])
    ends = np.concatenate([c[1:] for c in curves])
    lengths = np.linalg.norm(ends - starts, axis=-1)
    rng = np.random.default_rng(seed)
    u = rng.random((n_points, 2))
    at = np.searchsorted(lengths.cumsum(), u[:, 0] * lengths.sum(), side="right").clip(max=len(lengths) - 1)
    points = starts[at] + u[:, 1:] * (ends - starts)[at]
    points = (points - (low + high) / 2) * (2 / (high - low).max())
    if dims == 3:
        points = np.column_stack([points, thickness * (rng.random(n_points) - 0.5)])
    return torch.from_numpy(points).float()
