"""Completion: the loss gets stages, both clouds and the step, and a resumed run ends as one that never stopped."""

import pytest
import torch
from torch.utils.data import TensorDataset

from pcl_lib.distances import chamfer
from pcl_lib.losses import pcn_alpha, pcn_loss
from pcl_lib.models import PCN
from pcl_lib.trainers import Method, ShapeCompletion, fit
from pcl_lib.trainers._order import batch_rows
from tests.trainers.toys import clouds, parameters

COMPLETE = clouds(seed=2)
PARTIAL = COMPLETE[:, :7]
DATA = TensorDataset(PARTIAL, COMPLETE)
STEPS = 30


def loss(stages, partial, complete, step):
    return pcn_loss(stages, complete, loss=chamfer, alpha=pcn_alpha(step, steps=STEPS))


def completion(loss=loss, norm=True):
    torch.manual_seed(0)
    model = PCN(16, 5, 2, points=((12,), (12,)), widths=(16,), fold=(12, 12), norm=norm)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=7, gamma=0.5)
    return ShapeCompletion(model, loss, optimizer, scheduler)


def train(method, steps=STEPS, data=DATA, **options):
    return fit(method, data, batch_size=4, steps=steps, **{"log_every": 1, "progress": False} | options)


def same(a, b):
    assert a.keys() == b.keys()
    return all(torch.equal(a[key], b[key]) for key in a)


def test_it_is_a_method():
    assert isinstance(completion(), Method)


def test_the_same_numbers_as_a_loop_by_hand():
    method, hand = completion(), completion()
    history = train(method, 8, seed=5)
    model, optimizer = hand.modules["model"], hand.optimizers["model"]
    values = []
    for step in range(8):  # the scheduler falls after the seventh
        rows = batch_rows(step, len(COMPLETE), 4, 5)
        coarse, fine = model(PARTIAL[rows])
        # Changes of alpha after a thirtieth, a fifteenth and a sixth of the steps.
        alpha = 0.01 if step <= 1 else 0.1 if step <= 2 else 0.5 if step <= 5 else 1.0
        value = (chamfer(coarse, COMPLETE[rows]) + alpha * chamfer(fine, COMPLETE[rows])).mean()
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        hand.schedulers["model"].step()
        values.append(value.item())
    assert history.column("loss") == values
    assert same(parameters(method), parameters(hand))


def test_what_the_loss_is_given():
    seen = []

    def watching(stages, partial, complete, step):
        seen.append((step, [stage.shape[1] for stage in stages]))
        assert torch.equal(complete[:, :7], partial)
        return chamfer(stages[-1], complete).mean()  # one value does as well

    train(completion(watching), 3)
    assert seen == [(step, [5, 20]) for step in range(3)]


@pytest.fixture(scope="module")
def never_stopped(tmp_path_factory):
    """The parameters and the history of a run from its first step to its last."""
    whole = completion()
    history = train(whole, folder=tmp_path_factory.mktemp("whole"))
    return parameters(whole), history


@pytest.mark.parametrize(
    "stop", [pytest.param(1, marks=pytest.mark.slow), 6, pytest.param(17, marks=pytest.mark.slow)]
)
def test_a_resumed_run_ends_as_one_that_never_stopped(tmp_path, never_stopped, stop):
    whole, history = never_stopped
    train(completion(), stop, folder=tmp_path / "parts")
    resumed = completion()
    again = train(resumed, folder=tmp_path / "parts")
    assert same(whole, parameters(resumed))
    assert again.column("loss") == history.column("loss")


@pytest.mark.usefixtures("as_users_call_it")
def test_data_that_are_no_pairs():
    three = TensorDataset(PARTIAL, COMPLETE, COMPLETE)
    one = TensorDataset(PARTIAL)
    for data, received in ((COMPLETE, "Tensor"), (three, "3 items"), (one, "1 items")):
        with pytest.raises(
            ValueError, match=rf"pairs of a partial and a complete cloud, received {received}; put them into"
        ):
            train(completion(), 1, data)
