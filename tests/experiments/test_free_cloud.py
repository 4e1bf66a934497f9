"""Free clouds that settle on a digit: the step, the outliers, and the three numbers of the end."""

import pytest
import torch

from pcl_lib.data import digits
from pcl_lib.distances import chamfer
from pcl_lib.experiments.completion.free_cloud import far_outside, settle, settle_each


@pytest.fixture(scope="module")
def digit():
    return digits.example("3", 48).points


def test_a_loss_of_another_scale_takes_the_same_step(digit):
    plain = settle(chamfer, digit, seed=1, steps=5)
    tenfold = settle(lambda x, y: 10 * chamfer(x, y), digit, seed=1, steps=5, divided_by=10.0)
    torch.testing.assert_close(tenfold.points, plain.points, rtol=1e-4, atol=1e-5)
    as_it_comes = settle(lambda x, y: 10 * chamfer(x, y), digit, seed=1, steps=5)
    assert (as_it_comes.points - plain.points).abs().max() > 0.01


def test_outliers_lie_on_their_ring():
    found = far_outside(3, k=50)
    assert found.shape == (50, 2)
    assert ((found.norm(dim=1) >= 2.5) & (found.norm(dim=1) <= 3)).all()
    assert not torch.equal(found, far_outside(4, k=50))


def test_what_became_of_the_points(digit):
    # A loss that draws everybody to the first true point: one serves all, who is a crowd.
    end = settle(lambda x, _: (x - digit[0]).square().sum(1).mean(), digit, seed=0, steps=400, rate=0.1)
    torch.testing.assert_close(end.points, digit[:1].expand(48, -1), rtol=0, atol=1e-3)
    assert (end.crowd, end.lured) == (48, 0)
    away = settle(lambda x, _: (x - 5).square().sum(1).mean(), digit, seed=0, steps=400, rate=0.1)
    assert away.lured == 100
    # and one that leaves them where they are leaves what they serve to chance
    still = settle(lambda x, _: 0 * x.sum(), digit, seed=0, steps=1)
    assert 0 < still.serve < 100


@pytest.mark.slow
def test_each_seed_with_and_without_outliers(digit):
    def loss(x, y):
        return chamfer(x, y)

    found = settle_each(loss, digit, seeds=range(2), divided_by=2.0)
    assert {outliers: len(ends) for outliers, ends in found.items()} == {False: 2, True: 2}
    again = settle(loss, digit, seed=1, outliers=True, divided_by=2.0)
    assert torch.equal(found[True][1].points, again.points)
    assert found[True][1].lured > found[False][1].lured
