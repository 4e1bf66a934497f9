"""density_difference and uniformity: loops, laws, edges, messages."""

import math

import pytest
import torch

from pcl_lib.metrics import density_difference, uniformity
from pcl_lib.neighbors import farthest_points
from tests.metrics.reference import naive_density_difference, naive_uniformity, random_clouds, rotation


@pytest.mark.parametrize("most", [4, 100])
def test_density_matches_the_loops(most):
    x, y = random_clouds(60, 2), random_clouds(45, 2, seed=1)
    value = density_difference(x, y, ball=0.3, max_neighbors=most, distance_weight=0.01).item()
    expected = naive_density_difference(x.numpy(), y.numpy(), 0.3, most, 0.01)
    assert value == pytest.approx(expected, rel=1e-9)


def test_density_laws():
    x, y = random_clouds(200, 2), random_clouds(150, 2, seed=1)
    value = density_difference(x, y).item()
    assert density_difference(y, x).item() == pytest.approx(value, rel=1e-12)
    assert density_difference(x, x).item() == pytest.approx(0, abs=1e-8)
    turned = [torch.nn.functional.pad(cloud, (0, 1)) @ rotation() - 2 for cloud in (x, y)]
    assert density_difference(*turned).item() == pytest.approx(value, rel=1e-6)


def test_density_sees_what_it_is_made_for():
    x = random_clouds(400, 2)
    thinned = x[::2]
    clumped = torch.cat([x[:200], x[:200] + 1e-4])
    shifted = x + 0.005
    values = [density_difference(x, y).item() for y in (shifted, thinned, clumped)]
    assert values[0] < 0.1 * values[1]
    assert values[0] < 0.5 * values[2]


def test_density_counts_the_rim_of_the_ball():
    x = torch.tensor([[0.0], [0.5]], dtype=torch.float64)
    y = torch.tensor([[0.0], [0.75]], dtype=torch.float64)
    counted = density_difference(x, y, ball=0.5, distance_weight=0.0).item()
    assert counted == pytest.approx(
        1 + 0.5, rel=1e-6
    )  # 2 against 1 for each point: |1 - 2| / 1 and |2 - 1| / 2


def test_density_of_a_batch_is_a_loop():
    x, y = random_clouds(3, 150, 3), random_clouds(3, 120, 3, seed=1)
    expected = torch.stack([density_difference(a, b) for a, b in zip(x, y, strict=True)])
    assert torch.allclose(density_difference(x, y), expected, rtol=1e-12)


def test_uniformity_matches_the_loops():
    x = random_clouds(200, 2)
    seeds = farthest_points(x, 10).tolist()
    shares = (0.04, 0.08, 0.12)
    value = uniformity(x, area=1.0, percentages=shares)
    assert value.shape == (3,)
    assert value.tolist() == pytest.approx(
        [naive_uniformity(x.numpy(), seeds, p, 1.0) for p in shares], rel=1e-9
    )


def test_uniformity_ranks_a_grid_before_random_points_before_clumps():
    axis = (torch.arange(24, dtype=torch.float64) + 0.5) / 24
    grid = torch.cartesian_prod(axis, axis)
    scattered = random_clouds(576, 2)
    clumped = scattered**2
    grid, scattered, clumped = (
        uniformity(x, area=1.0, percentages=(0.02, 0.04)) for x in (grid, scattered, clumped)
    )
    assert (grid < 0.6 * scattered).all()
    assert (scattered < clumped).all()


def test_uniformity_scales_with_the_cloud_and_its_area():
    x = random_clouds(300, 2)
    value = uniformity(x, area=1.0, percentages=(0.05,)).item()
    assert uniformity(4 * x, area=16.0, percentages=(0.05,)).item() == pytest.approx(4 * value, rel=1e-9)
    assert uniformity(x - 7, area=1.0, percentages=(0.05,)).item() == pytest.approx(value, rel=1e-6)


def test_uniformity_of_a_batch_is_a_loop_and_small_disks_are_left_out():
    x = random_clouds(3, 200, 2)
    expected = torch.stack([uniformity(a, area=1.0, percentages=(0.03, 0.1), seeds=7) for a in x])
    assert torch.equal(uniformity(x, area=1.0, percentages=(0.03, 0.1), seeds=7), expected)
    assert uniformity(x[0], area=1.0, percentages=(1e-6,)).tolist() == [0]


def test_messages(as_users_call_it):
    x = random_clouds(30, 3)
    for ball in (0.0, -1.0, math.inf, math.nan):
        with pytest.raises(ValueError, match="ball must be a positive, finite length"):
            density_difference(x, x, ball=ball)
    with pytest.raises(ValueError, match="max_neighbors must be an integer of at least 1"):
        density_difference(x, x, max_neighbors=0)
    with pytest.raises(ValueError, match="area must be a positive, finite length squared"):
        uniformity(x, area=0.0)
    for shares in ((), (0.0,), (0.1, 1.5)):
        with pytest.raises(ValueError, match="shares of the surface between 0 and 1"):
            uniformity(x, area=1.0, percentages=shares)
    with pytest.raises(ValueError, match="m must be an integer from 1 to the 30 points"):
        uniformity(x, area=1.0, seeds=31)
