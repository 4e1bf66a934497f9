"""PCLoss: the released numbers, the descriptors by hand, and bad input."""

import math

import pytest
import torch

from pcl_lib.losses import PCLoss
from pcl_lib.models import parameter_count
from tests.losses.closed_form import GOLDEN, fill, large

FACTS = GOLDEN["pcloss"]


@pytest.fixture
def filled():
    loss = PCLoss().double()
    fill(loss.points, (5, 6))
    fill(loss.spread, (7, 8))
    fill(loss.place, (5, 6, 9))
    return loss


def clouds(b=2, n=40, m=40, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(b, m, 3, generator=generator), torch.rand(b, n, 3, generator=generator)


def test_the_released_numbers(filled):
    truth, made = large()
    rows = torch.arange(128)
    assert filled.task(made, truth, rows).item() == pytest.approx(FACTS["task"], rel=1e-9)
    assert filled.own(made, truth, rows).item() == pytest.approx(FACTS["own"], rel=1e-9)


def test_number_of_parameters():
    assert parameter_count(PCLoss()) == 182_724


@pytest.mark.parametrize("scaled", [True, False])
def test_a_descriptor_by_hand(scaled):
    loss = PCLoss(anchors=2, scaled=scaled)
    cloud, anchors = (
        torch.tensor([[[0.0, 0, 0], [1, 0, 0], [0, 2, 0]]]),
        torch.tensor([[[0.1, 0, 0], [0, 1.0, 0]]]),
    )
    radius = torch.tensor([[0.5, -0.3]])
    found = loss.describe(cloud, anchors, radius)[0]
    for a in range(2):
        d = [math.sqrt(1e-4 + float((p - anchors[0, a]).square().sum())) - 0.01 for p in cloud[0]]
        e = [math.exp(-v / (0.01 + float(radius[0, a]) ** 2)) for v in d]
        mean = sum(w * p for w, p in zip(e, cloud[0], strict=True)) / (1e-8 + sum(e))
        by_hand = (mean - (1 - 1e-8 / (1e-8 + sum(e))) * anchors[0, a]) * (1.5 if scaled else 1.0)
        torch.testing.assert_close(found[a], by_hand)


def test_equal_clouds_are_alike_and_moved_ones_are_not():
    torch.manual_seed(0)
    loss = PCLoss(anchors=16)
    _, truth = clouds()
    rows = torch.arange(16)
    anchors, radius = loss.place_anchors(truth, truth, rows)
    assert loss._difference(truth, truth, anchors, radius).item() == pytest.approx(0.0, abs=1e-8)
    assert loss._difference(truth + 0.1, truth, anchors, radius) > 0.01


def test_the_draw_is_of_the_global_generator():
    torch.manual_seed(0)
    loss, (made, truth) = PCLoss(anchors=8), clouds()
    torch.manual_seed(1)
    one, other = loss.task(made, truth), loss.task(made, truth)
    torch.manual_seed(1)
    assert one == loss.task(made, truth)
    assert one != other


def test_other_sizes_and_gradients():
    torch.manual_seed(0)
    loss, (made, truth) = PCLoss(anchors=8), clouds(m=30, n=50)
    made.requires_grad_(True)
    loss.task(made, truth).backward()
    assert made.grad.isfinite().all()
    assert made.grad.abs().sum() > 0
    loss.zero_grad()
    loss(made, truth, own=True).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in loss.parameters())


def test_fewer_points_than_anchors():
    made, truth = clouds(n=100)
    with pytest.raises(ValueError, match=r"as there are anchors \(128\), received 100"):
        PCLoss().task(made, truth)


def test_output_that_is_not_finite():
    made, truth = clouds()
    made[1, 3, 2] = math.inf
    with pytest.raises(ValueError, match="made must be finite"):
        PCLoss(anchors=8).own(made, truth)


@pytest.mark.parametrize("anchors", [0, 1, -3])
def test_a_number_of_anchors_out_of_range(anchors):
    with pytest.raises(ValueError, match="anchors must be"):
        PCLoss(anchors=anchors)
