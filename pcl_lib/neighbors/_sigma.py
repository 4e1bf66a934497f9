"""Widths of Gaussians at the door: one for all clouds of a batch, or one for each."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from torch import Tensor

from pcl_lib._checks import check_positive

Sigma = float | Tensor


def check_sigma(sigma: object, clouds: int = 1) -> list[float]:
    """The widths as numbers, one, or one for each of the clouds; `ValueError` unless they are positive and finite."""
    if not isinstance(sigma, Tensor):
        check_positive("sigma", sigma, "length")
        return [float(sigma)]  # type: ignore[arg-type]
    if sigma.ndim > 1 or (sigma.ndim == 1 and len(sigma) not in (1, clouds)):
        raise ValueError(
            f"sigma must be one number, or a tensor of one for each of the {clouds} clouds of x, received shape "
            f"{tuple(sigma.shape)}"
        )
    values = sigma.detach().double().reshape(-1).tolist()
    bad = [value for value in values if not (math.isfinite(value) and value > 0)]
    if bad:
        raise ValueError(f"sigma must be a positive, finite length, received {bad[0]!r}")
    return values


def check_ladder(sigmas: object) -> list[float]:
    """Noise levels, largest first, as numbers; `ValueError` unless they are positive and do not rise."""
    values = sigmas.detach().cpu().tolist() if isinstance(sigmas, Tensor) else sigmas
    if not isinstance(values, Sequence) or isinstance(values, str) or len(values) == 0:
        raise ValueError(
            f"sigmas must be one or more noise levels, largest first, received {sigmas!r}; see noise_levels"
        )
    for value in values:
        check_positive("each of sigmas", value, "length")
    for before, after in itertools.pairwise(values):
        if after > before:
            raise ValueError(
                f"sigmas must fall from the largest to the smallest, received {after:.3g} after {before:.3g}; sort them"
            )
    return [float(value) for value in values]
