"""Free clouds: each goes to its own target, rows that are not in a batch stay, and a stopped run ends alike."""

import pytest
import torch

from pcl_lib.distances import chamfer, emd
from pcl_lib.losses import CALoss
from pcl_lib.models import PointTable
from pcl_lib.trainers import Diverged, FreeClouds, LearnedLoss, fit

# Four targets far apart, so that a cloud which went to another's would be seen.
TRUTH = (
    torch.rand(4, 16, 3, generator=torch.Generator().manual_seed(0)) + 3 * torch.arange(4.0)[:, None, None]
)


def free(loss=chamfer, rate=0.05, kind=torch.optim.Adam, **options):
    table = PointTable.uniform(4, 16, seed=0)
    return table, FreeClouds(table, loss, kind(table.parameters(), lr=rate, **options))


@pytest.mark.slow
@pytest.mark.parametrize("batch_size", [4, 2])
def test_each_cloud_goes_to_its_own_target(batch_size):
    table, method = free(emd, rate=0.2)
    fit(method, TRUTH, batch_size=batch_size, steps=150, progress=False)
    assert emd(table.points.detach(), TRUTH).value.max() < 0.5


def test_one_step_is_that_of_the_loss():
    table, method = free(rate=1.0, kind=torch.optim.SGD)
    before = table.points.detach().clone().requires_grad_(True)
    (gradient,) = torch.autograd.grad(chamfer(before, TRUTH).mean(), before)
    fit(method, TRUTH, batch_size=4, steps=1, progress=False)
    torch.testing.assert_close(table.points.detach(), (before - gradient).detach())


def test_shapes_that_are_not_in_the_batch_stay():
    table, method = free(kind=torch.optim.SGD)
    before = table.points.detach().clone()
    fit(method, TRUTH, batch_size=1, steps=1, progress=False)
    moved = (table.points.detach() != before).flatten(1).any(1)
    assert moved.sum() == 1


def test_a_loss_without_a_gradient_is_refused():
    _, method = free(lambda y, x: (y.detach() - x).square().mean((1, 2)))
    with pytest.raises(ValueError, match="loss must have a gradient"):
        fit(method, TRUTH, batch_size=4, steps=1, progress=False)


def test_points_that_run_away_are_named():
    _, method = free(lambda y, x: (y - x).square().sum((1, 2)), rate=1e30, kind=torch.optim.SGD)
    with pytest.raises((Diverged, ValueError)):
        fit(method, TRUTH, batch_size=4, steps=5, log_every=1, progress=False)


@pytest.mark.parametrize("learned", [False, True])
def test_a_run_that_was_stopped_ends_alike(tmp_path, learned):
    """With a schedule, and with a loss that draws its noise and has weights of its own."""

    def run(folder, steps):
        torch.manual_seed(0)
        table, loss = PointTable.uniform(4, 16, seed=0), CALoss() if learned else chamfer
        optimizer = torch.optim.Adam(table.parameters(), lr=0.05)
        scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=6)
        method = FreeClouds(table, loss, optimizer, scheduler)
        if learned:
            method = LearnedLoss(method, loss, torch.optim.Adam(loss.parameters(), lr=3e-3))
        fit(method, TRUTH, batch_size=4, steps=steps, folder=folder, checkpoint_every=3, progress=False)
        return table.points.detach().clone()

    whole = run(tmp_path / "whole", 6)
    run(tmp_path / "halves", 3)
    assert torch.equal(run(tmp_path / "halves", 6), whole)
