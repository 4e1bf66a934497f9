"""approximate_emd: the kernel as loops, what it is and what it is not, batches, messages."""

import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment

import pcl_lib.metrics
from pcl_lib.metrics import annealed_matching, approximate_emd
from pcl_lib.metrics._approximate_emd import BLOCK
from tests.metrics.reference import cloud, naive_matching, random_clouds, rotation, square_distances


@pytest.mark.parametrize("last_pass", [False, True])
def test_matches_the_loops(last_pass):
    x, y = random_clouds(14, 3), random_clouds(14, 3, seed=1)
    match = naive_matching(x.numpy(), y.numpy(), last_pass)
    np.testing.assert_allclose(annealed_matching(x, y, last_pass=last_pass), match, rtol=1e-9, atol=1e-15)
    expected = (match * square_distances(x.numpy(), y.numpy()) ** 0.5).sum() / 14
    assert approximate_emd(x, y, last_pass=last_pass).item() == pytest.approx(expected, rel=1e-9)


def test_is_not_the_emd():
    x, y = cloud("U(256, 0)"), cloud("U(256, 1)")
    dist = torch.cdist(x, y)
    exact = dist[linear_sum_assignment(dist.numpy())].mean().item()
    value = approximate_emd(x, y).item()
    assert 1.12 < value / exact < 1.34
    assert approximate_emd(y, x).item() != pytest.approx(value, rel=1e-5)  # not symmetric
    assert approximate_emd(x / 3, y / 3).item() != pytest.approx(
        value / 3, rel=0.01
    )  # nor proportional to scale
    assert "emd" not in pcl_lib.metrics.__all__


def test_invariances():
    x, y = random_clouds(40, 3), random_clouds(40, 3, seed=1)
    value = approximate_emd(x, y).item()
    assert approximate_emd(x @ rotation() + 1, y @ rotation() + 1).item() == pytest.approx(value, rel=1e-9)
    assert approximate_emd(x.flip(0), y[torch.randperm(40)]).item() == pytest.approx(value, rel=1e-9)


def test_matching_gives_no_point_more_than_its_share():
    x, y = random_clouds(3, 40, 3), random_clouds(3, 40, 3, seed=1)
    match = annealed_matching(x, y)
    assert (match >= 0).all()
    for axis in (1, 2):
        assert (match.sum(axis) <= 1 + 1e-9).all()
    assert torch.allclose(annealed_matching(x, y, last_pass=True).sum(2), x.new_ones(3, 40), rtol=1e-6)


def test_well_separated_clouds_match_by_nearest_points():
    x = torch.arange(5, dtype=torch.float64)[:, None] * 0.2
    assert approximate_emd(x, x.flip(0)).item() == pytest.approx(0, abs=1e-9)


def test_all_points_equal_and_one_point():
    assert approximate_emd(torch.ones(5, 3), torch.ones(5, 3)).item() == 0
    assert approximate_emd(torch.zeros(1, 3), torch.ones(1, 3)).item() == pytest.approx(3**0.5)


@pytest.mark.parametrize("entries", [1, 2 * 30 * 30])
def test_a_batch_is_a_loop_in_blocks(monkeypatch, entries):
    monkeypatch.setitem(BLOCK, "cpu", entries)
    x, y = random_clouds(5, 30, 3), random_clouds(5, 30, 3, seed=1)
    expected = torch.stack([approximate_emd(a, b) for a, b in zip(x, y, strict=True)])
    assert torch.allclose(approximate_emd(x, y), expected, rtol=1e-12)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_autocast_changes_nothing(dtype):
    x, y = random_clouds(2, 30, 3).float(), random_clouds(2, 30, 3, seed=1).float()
    expected = approximate_emd(x, y), annealed_matching(x, y)
    with torch.autocast("cpu", dtype=dtype):
        found = approximate_emd(x, y), annealed_matching(x, y)
    assert all(map(torch.equal, found, expected))


def test_another_default_device():
    x, y = random_clouds(30, 3), random_clouds(30, 3, seed=1)
    expected = approximate_emd(x, y)
    with torch.device("meta"):
        found = approximate_emd(x, y)
    assert torch.equal(found, expected)


@pytest.mark.gpu
def test_gpu_agrees():
    x, y = random_clouds(5, 300, 3), random_clouds(5, 300, 3, seed=1)
    assert torch.allclose(approximate_emd(x.cuda(), y.cuda()).cpu(), approximate_emd(x, y), rtol=1e-9)


def test_unmatched_mass_is_refused_and_not_left_out():
    x, y = 1e3 * random_clouds(50, 3), 1e3 * random_clouds(50, 3, seed=1)
    with pytest.raises(ValueError, match=r"only 0% of the mass is matched.*scale both to about unit size"):
        approximate_emd(x, y)
    assert approximate_emd(x, y, last_pass=True).item() > 100


def test_messages(as_users_call_it):
    x = random_clouds(10, 3)
    for function in (approximate_emd, annealed_matching):
        with pytest.raises(ValueError, match="same number of points"):
            function(x, x[:5])
        with pytest.raises(ValueError, match="overflow"):
            function(x.float(), torch.full((10, 3), 1e20))
