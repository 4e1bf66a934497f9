"""A network and its loss by turns: Algorithm 1 by hand, one forward pass, resumption, and bad input."""

import pytest
import torch
from torch.utils.data import TensorDataset

from pcl_lib.distances import chamfer
from pcl_lib.losses import CALoss, PCLoss, pcn_loss, pfd
from pcl_lib.models import PCN, ae
from pcl_lib.trainers import LearnedLoss, Reconstruction, ShapeCompletion, fit

CLOUDS = torch.rand(16, 24, 3, generator=torch.Generator().manual_seed(0))


class Counted(torch.nn.Linear):
    """Moves each point, and counts how often it is asked."""

    calls = 0

    def forward(self, x):
        Counted.calls += 1
        return super().forward(x)


def parts(make_loss=CALoss, seed=0, rate=1e-2):
    torch.manual_seed(seed)
    model, loss = Counted(3, 3), make_loss()
    task = Reconstruction(model, loss, torch.optim.SGD(model.parameters(), lr=rate))
    return model, loss, LearnedLoss(task, loss, torch.optim.SGD(loss.parameters(), lr=rate))


def test_one_step_is_algorithm_1():
    """The loss first, then the network under the loss as it has become; gradients of neither leak into the other."""
    make_loss = lambda: CALoss(contrast=False)  # noqa: E731 (nothing drawn)
    model, loss, method = parts(make_loss)
    fit(method, CLOUDS, batch_size=16, steps=1, seed=0, progress=False)

    by_hand, its_loss, _ = parts(make_loss)
    made = by_hand(CLOUDS)
    gradients = torch.autograd.grad(its_loss.own(made.detach(), CLOUDS), list(its_loss.parameters()))
    with torch.no_grad():
        for parameter, gradient in zip(its_loss.parameters(), gradients, strict=True):
            parameter -= 1e-2 * gradient
    gradients = torch.autograd.grad(its_loss.task(made, CLOUDS).mean(), list(by_hand.parameters()))
    with torch.no_grad():
        for parameter, gradient in zip(by_hand.parameters(), gradients, strict=True):
            parameter -= 1e-2 * gradient
    for found, wanted in zip(
        [*model.parameters(), *loss.parameters()],
        [*by_hand.parameters(), *its_loss.parameters()],
        strict=True,
    ):
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-6)


def test_the_network_runs_once_a_step():
    _, _, method = parts()
    Counted.calls = 0
    fit(method, CLOUDS, batch_size=8, steps=6, progress=False)
    assert Counted.calls == 6


@pytest.mark.parametrize("make_loss", [CALoss, lambda: PCLoss(anchors=8), pfd])
def test_both_move_and_both_are_logged(make_loss):
    model, loss, method = parts(make_loss)
    before = [p.clone() for p in (*model.parameters(), *loss.parameters())]
    history = fit(method, CLOUDS, batch_size=8, steps=4, log_every=1, progress=False)
    after = [*model.parameters(), *loss.parameters()]
    assert all(not torch.equal(a, b) for a, b in zip(before[:2], after[:2], strict=True))
    assert sum(not torch.equal(a, b) for a, b in zip(before, after, strict=True)) > 0.8 * len(after)
    assert len(history.column("own")) == len(history.column("loss")) == 4


def test_batch_norm_sees_each_batch_once():
    torch.manual_seed(0)
    model, loss = ae(8, 24, points=(8,), widths=(16,)), CALoss()
    task = Reconstruction(model, loss, torch.optim.Adam(model.parameters()))
    fit(
        LearnedLoss(task, loss, torch.optim.Adam(loss.parameters())),
        CLOUDS,
        batch_size=8,
        steps=5,
        progress=False,
    )
    counts = {int(m.num_batches_tracked) for m in model.modules() if isinstance(m, torch.nn.BatchNorm1d)}
    assert counts == {5}


def test_a_run_that_was_stopped_ends_alike(tmp_path):
    def run(folder, steps):
        model, loss, method = parts()
        fit(method, CLOUDS, batch_size=8, steps=steps, folder=folder, checkpoint_every=3, progress=False)
        return torch.cat([p.flatten() for p in (*model.parameters(), *loss.parameters())])

    whole = run(tmp_path / "whole", 6)
    run(tmp_path / "halves", 3)
    assert torch.equal(run(tmp_path / "halves", 6), whole)


def test_completion_with_a_learned_loss_on_the_last_stage():
    torch.manual_seed(0)
    model = PCN(16, 8, 2, points=((16,), ()), widths=(32,), fold=(16,))
    loss = CALoss()

    def staged(stages, partial, complete, step):
        return pcn_loss(stages, complete, loss=chamfer, last=loss, alpha=1.0)

    task = ShapeCompletion(model, staged, torch.optim.Adam(model.parameters()))
    method = LearnedLoss(task, loss, torch.optim.Adam(loss.parameters(), lr=3e-3))
    data = TensorDataset(CLOUDS[:, :12], CLOUDS)
    history = fit(method, data, batch_size=8, steps=4, progress=False)
    assert history.records[-1]["step"] == 4


@pytest.mark.usefixtures("as_users_call_it")
def test_a_method_that_cannot_be_split():
    _, loss, method = parts()
    with pytest.raises(ValueError, match="received LearnedLoss without make, pair, measure"):
        LearnedLoss(method, loss, torch.optim.Adam(loss.parameters()))


def test_an_optimiser_of_other_parameters():
    model, loss, method = parts()
    with pytest.raises(ValueError, match="parameters of the loss and no others"):
        LearnedLoss(method.method, loss, torch.optim.Adam([*loss.parameters(), *model.parameters()]))
    with pytest.raises(ValueError, match="parameters of the loss and no others"):
        LearnedLoss(method.method, loss, torch.optim.Adam(loss.points.parameters()))


def test_a_module_of_the_same_name():
    _, loss, method = parts()
    method.method.modules["loss"] = loss
    with pytest.raises(ValueError, match="module 'loss' of its own"):
        LearnedLoss(method.method, loss, torch.optim.Adam(loss.parameters()))
