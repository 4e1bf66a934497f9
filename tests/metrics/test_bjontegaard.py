"""The rate difference of two curves: known answers, and nothing outside of what both curves reach."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t

from pcl_lib.metrics import bjontegaard_rate

QUALITY = [60.0, 63.0, 67.0, 72.0, 78.0]


def rates(quality, slope=0.05, shift=0.0):
    """A curve whose log rate is a straight line of quality: every interpolation follows it exactly."""
    return [10 ** (slope * q - 2.5 + shift) for q in quality]


@pytest.mark.parametrize("method", ["akima", "pchip", "cubic"])
def test_a_constant_factor_is_what_comes_out(method):
    curve = [rates(QUALITY, shift=np.log10(1.3))]
    found = bjontegaard_rate(curve, [QUALITY], [rates(QUALITY)], [QUALITY], method=method)
    assert found.mean == pytest.approx(30.0, rel=1e-9)
    assert found.per_cloud.tolist() == [found.mean]
    assert np.isnan(found.half_width)
    assert found.clouds == 1


def test_a_codec_that_is_cheaper_is_negative_and_the_two_directions_are_inverse():
    a, b = [rates(QUALITY)], [rates(QUALITY, slope=0.04)]
    there = bjontegaard_rate(b, [QUALITY], a, [QUALITY]).mean
    back = bjontegaard_rate(a, [QUALITY], b, [QUALITY]).mean
    assert there < 0 < back
    assert (1 + there / 100) * (1 + back / 100) == pytest.approx(1.0)


def test_only_what_both_curves_reach_counts():
    """Straight lines of slopes 0.05 and 0.04: the mean log ratio is that in the middle of the common range."""
    higher = [70.0, 72.0, 76.0, 80.0]
    found = bjontegaard_rate([rates(higher, slope=0.04)], [higher], [rates(QUALITY)], [QUALITY])
    middle = (70 + 78) / 2
    assert found.mean == pytest.approx(100 * (10 ** (-0.01 * middle) - 1), rel=1e-9)
    assert found.overlap.tolist() == [(78 - 70) / (80 - 60)]


def test_a_common_peak_and_a_common_unit_cancel():
    curves = [rates(QUALITY, slope=0.04)], [rates(QUALITY)]
    found = bjontegaard_rate(curves[0], [QUALITY], curves[1], [QUALITY])
    shifted = [[q + 11.5 for q in QUALITY]]
    bytes_of = [[[7 * r for r in curve] for curve in side] for side in curves]
    again = bjontegaard_rate(bytes_of[0], shifted, bytes_of[1], shifted)
    assert again.mean == pytest.approx(found.mean, rel=1e-9)


def test_the_interval_is_over_clouds_and_a_cloud_without_overlap_is_left_out():
    factors = [1.1, 1.2, 1.4]
    far = [90.0, 92.0, 94.0, 96.0]
    made = [rates(QUALITY, shift=np.log10(f)) for f in factors] + [rates(far)]
    anchors = [rates(QUALITY)] * 4
    found = bjontegaard_rate(made, [QUALITY] * 3 + [far], anchors, [QUALITY] * 4)
    differences = [10.0, 20.0, 40.0]
    assert found.clouds == 3
    assert found.per_cloud[:3] == pytest.approx(differences)
    assert np.isnan(found.per_cloud[3])
    assert found.overlap.tolist() == [1.0, 1.0, 1.0, 0.0]
    assert found.mean == pytest.approx(np.mean(differences))
    assert found.half_width == pytest.approx(t.ppf(0.975, 2) * np.std(differences, ddof=1) / np.sqrt(3))


def test_the_order_of_the_points_does_not_matter():
    found = bjontegaard_rate([rates(QUALITY, slope=0.04)], [QUALITY], [rates(QUALITY)], [QUALITY])
    turned = bjontegaard_rate(
        [rates(QUALITY, slope=0.04)[::-1]], [QUALITY[::-1]], [rates(QUALITY)], [QUALITY]
    )
    assert turned.mean == found.mean


FAR = [90.0, 92.0, 94.0, 96.0, 97.0]


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"rates": [rates(QUALITY)] * 2}, "must have one curve a cloud"),
        (
            {"rates": [], "quality": [], "anchor_rates": [], "anchor_quality": []},
            "must have one curve a cloud",
        ),
        ({"rates": [[1.0, 2.0, 3.0]], "quality": [[1.0, 2.0, 3.0]]}, "cloud 0 must have at least 4"),
        ({"anchor_rates": [rates(QUALITY)[:4]]}, "cloud 0 of the anchor must have at least 4 .* as many"),
        ({"quality": [[*QUALITY[:4], float("inf")]]}, "infinite where the decoded cloud is exact"),
        ({"rates": [[0.0, *rates(QUALITY)[1:]]]}, "its rates positive"),
        ({"quality": [[60.0, 60.0, 67.0, 72.0, 78.0]]}, "one of them twice"),
        ({"quality": [FAR]}, "must overlap in quality for at least one cloud"),
        ({"method": "linear"}, "method must be one of"),
    ],
)
def test_curves_that_cannot_be_compared(change, match):
    good = {
        "rates": [rates(QUALITY)], "quality": [QUALITY], "anchor_rates": [rates(QUALITY)], "anchor_quality": [QUALITY],
    }  # fmt: skip
    with pytest.raises(ValueError, match=match):
        bjontegaard_rate(**{**good, **change})
