"""A table of clouds: what it gives for an index, where it starts, where gradients go, and bad input."""

import pytest
import torch

from pcl_lib.models import PointTable

CLOUDS = torch.arange(4 * 5 * 3, dtype=torch.float32).reshape(4, 5, 3)


def test_rows_come_in_the_order_of_the_index():
    table = PointTable(CLOUDS)
    torch.testing.assert_close(table(torch.tensor([2, 0])), CLOUDS[[2, 0]], rtol=0, atol=0)
    assert sum(p.numel() for p in table.parameters()) == CLOUDS.numel()


def test_a_row_asked_for_twice_comes_twice_and_its_gradients_add():
    table = PointTable(CLOUDS)
    table(torch.tensor([1, 1])).sum().backward()
    assert (table.points.grad[1] == 2).all()


def test_gradients_reach_the_chosen_rows_alone():
    table = PointTable(CLOUDS)
    table(torch.tensor([3, 1])).square().sum().backward()
    torch.testing.assert_close(table.points.grad[[1, 3]], 2 * CLOUDS[[1, 3]], rtol=0, atol=0)
    assert (table.points.grad[[0, 2]] == 0).all()


def test_the_clouds_that_were_given_stay_as_they_are():
    given = CLOUDS.clone()
    table = PointTable(given)
    with torch.no_grad():
        table.points.add_(1)
    assert torch.equal(given, CLOUDS)


@pytest.mark.parametrize("dim", [2, 3])
def test_uniform_points_fill_their_box(dim):
    points = PointTable.uniform(2, 4000, dim=dim, half_width=0.5, seed=0).points.detach()
    assert points.shape == (2, 4000, dim)
    assert 0.49 < points.max() <= 0.5
    assert -0.5 <= points.min() < -0.49
    assert points.mean((0, 1)).abs().max() < 0.02


def test_a_seed_is_a_start_and_takes_none_of_the_callers_numbers():
    state = torch.get_rng_state()
    first, again, other = (PointTable.uniform(2, 8, seed=seed).points for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.usefixtures("as_users_call_it")
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: PointTable(CLOUDS[0]),
            r"clouds must be a batch \(S, N, D\), received \(5, 3\); add an axis",
        ),
        (lambda: PointTable(CLOUDS.long()), "integer tensor"),
        (lambda: PointTable(CLOUDS * torch.nan), "clouds must be finite, received nan"),
        (lambda: PointTable.uniform(0, 8, seed=0), "shapes must be"),
        (lambda: PointTable.uniform(2, 0, seed=0), "n_points must be"),
        (lambda: PointTable.uniform(2, 8, half_width=0.0, seed=0), "half_width must be"),
    ],
    ids=["one cloud", "integer", "nan", "no shapes", "no points", "no box"],
)
def test_bad_input(make, message):
    with pytest.raises(ValueError, match=message):
        make()
