"""The small trainings that show why the last stage's points stay together under CALoss."""

import pytest
import torch

from pcl_lib.experiments.learned_losses import last_stage, network_report
from pcl_lib.losses import CALoss


def test_the_spread_of_groups_of_two():
    points = torch.tensor([[[0.0, 0, 0], [2, 0, 0], [5, 0, 0], [5, 4, 0]]])  # 1 and 2 from their means
    assert last_stage.spread(points, 2) == pytest.approx(2.5**0.5)


def test_free_points_begin_together_and_leave():
    start, end = last_stage.freed(learned=True, shapes=2, steps=5)
    assert start == pytest.approx(0.001 * (3 * 15 / 16) ** 0.5, rel=0.1)
    assert end > start
    assert last_stage.freed(learned=False, shapes=2, steps=5)[1] != end


def test_a_weight_scales_the_last_gradient_and_a_wide_square_the_start():
    plain, weighed = (last_stage.small_pcn(weight, steps=1) for weight in (1.0, 0.01))
    assert weighed.last[0].item() == pytest.approx(0.01 * plain.last[0].item(), rel=1e-3)
    assert weighed.early[0] == plain.early[0]
    assert last_stage.small_pcn(extent=0.5, steps=1).spread[0] > 5 * plain.spread[0]


def test_curves_say_where_they_end():
    traced = last_stage.Traced(torch.full((30,), 0.5), torch.full((30,), 100.0), torch.full((30,), 0.02))
    assert "CALoss is 200 times the other" in network_report.scale_curves(traced).html
    assert (
        "weight 1: 0.020; weight 2: 0.020"
        in network_report.spread_curves({"weight 1": traced, "weight 2": traced}).html
    )


def test_the_drawings_of_the_families_and_of_caloss_leave_random_numbers_alone():
    before = torch.get_rng_state()
    truth, made = (torch.rand(n, 3, generator=torch.Generator().manual_seed(n)) for n in (150, 140))
    figure = network_report.families(truth, made)
    assert torch.equal(torch.get_rng_state(), before)
    assert "data-parts" in figure.html  # three panels, one under the other on a phone
    assert figure.html == network_report.families(truth, made).html
    assert "two losses" in network_report.pipeline(CALoss()).text
