"""D1 and D2 PSNR: loops, the peak, both ways to carry normals, messages."""

import math

import numpy as np
import pytest
import torch

from pcl_lib.metrics import d1_psnr, d2_psnr, largest_spacing
from tests.metrics.reference import random_clouds, rotation, square_distances


def sphere(n, seed=0):
    x = random_clouds(n, 3, seed=seed) - 0.5
    return x / x.norm(dim=1, keepdim=True)


def naive_d2(x, y, normals, peak, carry):
    sq = square_distances(x, y)
    to_y, to_x = sq.argmin(1), sq.argmin(0)
    carried = normals[to_x].copy()
    if carry == "mean":
        for j in range(len(y)):
            senders = [normals[i] for i in range(len(x)) if to_y[i] == j]
            if senders:
                carried[j] = np.mean(senders, 0)
    there = np.mean([((x[i] - y[j]) @ carried[j]) ** 2 for i, j in enumerate(to_y)])
    back = np.mean([((y[j] - x[i]) @ normals[i]) ** 2 for j, i in enumerate(to_x)])
    return 10 * math.log10(3 * peak**2 / max(there, back))


def test_d1_matches_the_loops():
    x, y = random_clouds(40, 3), random_clouds(30, 3, seed=1)
    sq = square_distances(x.numpy(), y.numpy())
    expected = 10 * math.log10(3 * 0.7**2 / max(sq.min(1).mean(), sq.min(0).mean()))
    assert d1_psnr(x, y, peak=0.7).item() == pytest.approx(expected, rel=1e-12)
    assert d1_psnr(y, x, peak=0.7).item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("carry", ["nearest", "mean"])
def test_d2_matches_the_loops(carry):
    x = sphere(60)
    y = sphere(25, seed=1) * 1.05
    expected = naive_d2(x.numpy(), y.numpy(), x.numpy(), 2.0, carry)
    assert d2_psnr(x, y, x, peak=2.0, carry=carry).item() == pytest.approx(expected, rel=1e-12)


def test_the_two_ways_to_carry_normals_differ():
    x, y = sphere(60), sphere(25, seed=1) * 1.05
    assert d2_psnr(x, y, x, peak=2.0).item() != d2_psnr(x, y, x, peak=2.0, carry="mean").item()


def test_ten_bit_grid():
    # One step of the grid, everywhere, along the normal: D1 and D2 agree, 10 log10(3 * 1023^2).
    axis = torch.arange(0, 100, 10, dtype=torch.float64)
    x = torch.cartesian_prod(axis, axis, torch.zeros(1, dtype=torch.float64))
    up = torch.tensor([[0.0, 0.0, 1.0]], dtype=torch.float64).expand_as(x)
    expected = 10 * math.log10(3 * 1023**2)
    assert d1_psnr(x, x + up, peak=1023.0).item() == pytest.approx(expected, rel=1e-12)
    assert d2_psnr(x, x + up, up, peak=1023.0).item() == pytest.approx(expected, rel=1e-12)
    sideways = torch.tensor([1.0, 0.0, 0.0], dtype=torch.float64)
    assert d2_psnr(x, x + sideways, up, peak=1023.0).item() == math.inf


def test_peak_and_scale():
    x, y = sphere(60), sphere(50, seed=1)
    for metric in (d1_psnr, lambda a, b, peak: d2_psnr(a, b, x, peak=peak)):
        value = metric(x, y, peak=1.0).item()
        assert metric(x, y, peak=10.0).item() == pytest.approx(value + 20, rel=1e-12)
        assert metric(5 * x, 5 * y, peak=5.0).item() == pytest.approx(value, rel=1e-12)


def test_invariances():
    x, y, turn = sphere(60), 1.1 * sphere(50, seed=1), rotation()
    value = d2_psnr(x, y, x, peak=1.0).item()
    assert d2_psnr(x @ turn + 3, y @ turn + 3, x @ turn, peak=1.0).item() == pytest.approx(value, rel=1e-9)
    assert d2_psnr(x, y, -x, peak=1.0).item() == pytest.approx(value, rel=1e-12)
    assert d1_psnr(x, x, peak=1.0).item() == math.inf


def test_largest_spacing_is_dpccs_peak():
    x = random_clouds(40, 3)
    sq = square_distances(x.numpy(), x.numpy())
    np.fill_diagonal(sq, np.inf)
    assert largest_spacing(x).item() == pytest.approx(sq.min(1).max() ** 0.5, rel=1e-12)
    assert largest_spacing(torch.stack([x, 2 * x])).tolist() == pytest.approx(
        [largest_spacing(x).item(), 2 * largest_spacing(x).item()]
    )
    assert largest_spacing(torch.ones(4, 3)).item() == 0


@pytest.mark.parametrize("carry", ["nearest", "mean"])
def test_a_batch_is_a_loop(carry):
    x, y = torch.stack([sphere(40), sphere(40, 1)]), torch.stack([sphere(30, 2), 1.1 * sphere(30, 3)])
    pairs = list(zip(x, y, strict=True))
    expected = torch.stack([d2_psnr(a, b, a, peak=1.0, carry=carry) for a, b in pairs])
    assert torch.allclose(d2_psnr(x, y, x, peak=1.0, carry=carry), expected, rtol=1e-12)
    expected = torch.stack([d1_psnr(a, b, peak=1.0) for a, b in pairs])
    assert torch.allclose(d1_psnr(x, y, peak=1.0), expected, rtol=1e-12)


def test_messages(as_users_call_it):
    x = sphere(20)
    for peak in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match=r"peak must be a positive.*largest_spacing"):
            d1_psnr(x, x, peak=peak)
    with pytest.raises(ValueError, match="'nearest', 'mean', received 'mpeg'"):
        d2_psnr(x, x, x, peak=1.0, carry="mpeg")
    with pytest.raises(ValueError, match="truth and normals must have the same number of points"):
        d2_psnr(x, x, x[:10], peak=1.0)
    with pytest.raises(ValueError, match="truth and decoded must"):
        d2_psnr(x, x[:, :2], x, peak=1.0)
    with pytest.raises(ValueError, match="at least two points"):
        largest_spacing(x[:1])
