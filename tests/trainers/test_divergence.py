"""What is not finite stops the run, and the message says where it began."""

import pytest
import torch
from torch import nn
from torch.nn.functional import mse_loss

from pcl_lib.distances import chamfer
from pcl_lib.trainers import Diverged, fit, load_checkpoint
from pcl_lib.trainers._order import batch_rows
from tests.trainers.toys import clouds, reconstruction


def train(method, data=None, **options):
    settings = {"batch_size": 4, "steps": 40, "progress": False, "log_every": 8, "checkpoint_every": 8}
    return fit(method, clouds() if data is None else data, **settings | options)


def spoiled_at(step, loss=mse_loss):
    """A loss that is NaN from a step on, counted from 1."""
    calls = []

    def spoiled(output, batch):
        calls.append(None)
        return loss(output, batch) * (float("nan") if len(calls) >= step else 1.0)

    return spoiled


def test_the_step_the_batch_and_the_last_good_checkpoint_are_named(tmp_path):
    with pytest.raises(Diverged) as found:
        train(reconstruction(spoiled_at(21)), folder=tmp_path)
    items = sorted(batch_rows(20, 24, 4, 0).tolist())
    assert found.value.step == 21
    assert found.value.items == items
    assert found.value.checkpoint == tmp_path / "step-000000016.pt"
    message = str(found.value)
    assert message.startswith(
        "'loss' is nan at step 21 (batch 3 of epoch 4, items " + ", ".join(map(str, items))
    )
    assert f"last good one: {tmp_path / 'step-000000016.pt'}" in message
    assert "lower the learning rate" in message
    state = load_checkpoint(found.value.checkpoint)
    assert all(bool(torch.isfinite(value).all()) for value in state["modules"]["model"].values())
    assert [line.split(",")[0] for line in (tmp_path / "log.jsonl").read_text().splitlines()] == [
        '{"step": 8',
        '{"step": 16',
    ]


@pytest.mark.parametrize(
    ("size", "step", "where"), [(8, 2, "batch 2 of epoch 1"), (9, 4, "batch 2 of epoch 2")]
)
def test_eight_items_are_shown_and_all_are_kept(size, step, where):
    with pytest.raises(Diverged) as found:
        train(reconstruction(spoiled_at(step)), batch_size=size)
    items = sorted(batch_rows(step - 1, 24, size, 0).tolist())
    more = ", ..." if size > 8 else ""
    assert f"at step {step} ({where}, items {', '.join(map(str, items[:8]))}{more});" in str(found.value)
    assert found.value.items == items


def test_without_a_checkpoint():
    with pytest.raises(
        Diverged, match=r"'loss' is nan at step 2 .*checkpoint: there is no checkpoint yet"
    ) as found:
        train(reconstruction(spoiled_at(2)))
    assert found.value.checkpoint is None


def test_a_distance_that_refuses_what_is_not_finite_does_not_hide_it(tmp_path):
    with pytest.raises(Diverged, match="'loss' is nan at step 11") as found:
        train(reconstruction(spoiled_at(11, chamfer)), folder=tmp_path)
    assert "must be finite, received nan" in str(found.value.__cause__ or found.value.__context__)
    assert found.value.checkpoint == tmp_path / "step-000000008.pt"


class Rooted(nn.Module):
    """The gradient of the root is infinite at 0, its value is not."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()))

    def forward(self, x):
        return (self.weight * x).sqrt()


@pytest.mark.parametrize(("every", "good"), [(4, None), (3, "step-000000003.pt")])
def test_an_update_that_breaks_the_parameters_is_found_at_the_next_step_or_checkpoint(tmp_path, every, good):
    method = reconstruction()
    method.modules["model"] = model = Rooted()
    method.optimizers["model"] = torch.optim.SGD(model.parameters(), lr=0.01)
    data = clouds()
    row = batch_rows(3, 24, 4, 0)[2].item()
    data[row, 0, 0] = 0.0
    with pytest.raises(Diverged, match="the parameters of 'model' are not finite after step 4 ") as found:
        train(method, data, folder=tmp_path, checkpoint_every=every)
    assert row in found.value.items
    assert found.value.checkpoint == (good and tmp_path / good)


def test_other_errors_stay_what_they_are():
    def wrong(output, batch):
        raise ValueError("a mistake of the caller")

    with pytest.raises(ValueError, match="a mistake of the caller"):
        train(reconstruction(wrong))


def test_data_that_are_not_finite_are_refused_by_the_distance():
    data = clouds()
    data[5, 0, 0] = float("inf")
    step = next(s for s in range(6) if 5 in batch_rows(s, 24, 4, 0).tolist())
    with pytest.raises(ValueError, match="must be finite") as found:
        train(reconstruction(), data)
    (note,) = found.value.__notes__
    assert note.startswith(f"This happened in step {step + 1} (batch {step + 1} of epoch 1, items ")
    assert "5" in note.split("items ")[1].rstrip(").").split(", ")


def test_an_error_before_the_first_update_is_not_laid_to_the_parameters():
    def wrong(output, batch):
        raise ValueError("a mistake of the caller")

    method = reconstruction(wrong)
    with torch.no_grad():
        next(method.modules["model"].parameters()).fill_(float("nan"))
    with pytest.raises(ValueError, match="a mistake of the caller"):
        train(method)
