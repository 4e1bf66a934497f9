"""Bjontegaard's rate difference: one number for two curves of rate and distortion."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import t

from pcl_lib._checks import check_option

METHODS = ("akima", "pchip", "cubic")
CONFIDENCE = 0.95
FEWEST = 4  # points of a curve, Bjontegaard's own number


class BjontegaardRate(NamedTuple):
    """The rate difference of each cloud, and what it says over clouds.

    - `per_cloud` (S,): in per cent, negative where the codec is cheaper than the anchor, NaN where the curves do not
      overlap;
    - `overlap` (S,): of the quality that either curve reaches, the part that both reach, from 0 to 1;
    - `mean`: of `per_cloud`, in per cent, over the clouds whose curves overlap, and `clouds`: how many these are;
    - `half_width`: of the 95 % interval of the mean (Student's t); NaN for one cloud.
    """

    per_cloud: (
        np.ndarray
    )  # (S,) in per cent, negative: cheaper than the anchor; NaN where the curves do not overlap
    overlap: np.ndarray  # (S,) of the quality that either curve reaches, the part that both reach, 0..1
    mean: float  # in per cent, over the clouds that overlap
    half_width: float  # of the 95 % interval of the mean (Student's t); NaN for one cloud
    clouds: int  # that overlap, of S


def bjontegaard_rate(
    rates: Sequence[Sequence[float]],
    quality: Sequence[Sequence[float]],
    anchor_rates: Sequence[Sequence[float]],
    anchor_quality: Sequence[Sequence[float]],
    *,
    method: str = "akima",
) -> BjontegaardRate:
    r"""How much more rate a codec needs than the anchor at equal quality, in per cent, for each cloud and on average.

    .. math:: 100 \bigl( 10^{\Delta} - 1 \bigr), \qquad
              \Delta = \frac{1}{b - a} \int_a^b \bigl( \log_{10} r(q) - \log_{10} r_0(q) \bigr)\, dq

    r(q) and r_0(q) are the rates at quality q, interpolated between the points of each curve, and [a, b] is the range
    of quality that both curves reach: nothing is extrapolated, and `overlap` says how much of the curves that is. A
    common peak of a PSNR shifts both curves and cancels. The clouds are the sample: each has its own curves, and the
    interval is over clouds.

    - `method`: how log rate is interpolated over quality, "akima", "pchip" or "cubic" (a polynomial, Bjontegaard's
      own, which may swing between the points).

    Shapes: one sequence a cloud, of at least 4 points of its curve; rates positive, in any one unit, quality in dB
    (`d2_psnr`). The curves of a cloud may have different numbers of points. Range: (-100, inf); 0 for equal curves.
    Cost: negligible. Errors: `ValueError` for an unknown method, curves that do not pair, are too short, not finite,
    have a rate that is not positive or one quality twice, and if no cloud's curves overlap. Reference: bjontegaard2001.

    >>> rate, quality = [1.0, 2.0, 4.0, 8.0], [60.0, 64.0, 68.0, 72.0]
    >>> half = [r / 2 for r in rate]
    >>> found = bjontegaard_rate([half, half], [quality, quality], [rate, rate], [quality, quality])
    >>> found.mean, found.overlap.tolist(), found.clouds
    (-50.0, [1.0, 1.0], 2)
    """
    check_option("method", method, METHODS)
    counts = {len(curves) for curves in (rates, quality, anchor_rates, anchor_quality)}
    if len(counts) > 1 or counts == {0}:
        raise ValueError(
            f"rates, quality and those of the anchor must have one curve a cloud, received {sorted(counts)} curves"
        )
    pairs = [
        (_curve(r, q, f"cloud {i}"), _curve(r0, q0, f"cloud {i} of the anchor"))
        for i, (r, q, r0, q0) in enumerate(zip(rates, quality, anchor_rates, anchor_quality, strict=True))
    ]
    overlap = np.array([_overlap(codec[1], anchor[1]) for codec, anchor in pairs])
    per_cloud = np.array(
        [
            _difference(codec, anchor, method) if part > 0 else np.nan
            for (codec, anchor), part in zip(pairs, overlap, strict=True)
        ]
    )
    known = per_cloud[overlap > 0]
    if len(known) == 0:
        raise ValueError(
            "the curves must overlap in quality for at least one cloud, received none; measure at nearer rates"
        )
    half = np.nan
    if len(known) > 1:
        half = t.ppf((1 + CONFIDENCE) / 2, len(known) - 1) * known.std(ddof=1) / np.sqrt(len(known))
    return BjontegaardRate(per_cloud, overlap, float(known.mean()), float(half), len(known))


def _curve(rate: Sequence[float], quality: Sequence[float], name: str) -> tuple[np.ndarray, np.ndarray]:
    """Rate and quality of a curve, quality rising."""
    r, q = np.asarray(rate, dtype=np.float64), np.asarray(quality, dtype=np.float64)
    if r.ndim != 1 or r.shape != q.shape or len(r) < FEWEST:
        raise ValueError(
            f"the curve of {name} must have at least {FEWEST} rates and as many qualities, "
            f"received shapes {r.shape} and {q.shape}"
        )
    if not (np.isfinite(r).all() and np.isfinite(q).all() and (r > 0).all()):
        raise ValueError(
            f"the curve of {name} must be finite and its rates positive, received rates {r.tolist()} and "
            f"qualities {q.tolist()}; a PSNR is infinite where the decoded cloud is exact"
        )
    order = np.argsort(q)
    if (np.diff(q[order]) == 0).any():
        raise ValueError(
            f"the curve of {name} must have a rate for each quality, received {q.tolist()} with one of them twice"
        )
    return r[order], q[order]


def _overlap(a: np.ndarray, b: np.ndarray) -> float:
    both = min(a[-1], b[-1]) - max(a[0], b[0])
    return max(float(both / (max(a[-1], b[-1]) - min(a[0], b[0]))), 0.0)


def _difference(
    codec: tuple[np.ndarray, np.ndarray], anchor: tuple[np.ndarray, np.ndarray], method: str
) -> float:
    from bjontegaard import bd_rate

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a small overlap, which is stated
        return float(bd_rate(*anchor, *codec, method=method, require_matching_points=False, min_overlap=0.0))
