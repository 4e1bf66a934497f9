"""What whole clouds are worth: places, seams and the linear code, on clouds whose errors are known."""

import numpy as np
import pytest
import torch

from pcl_lib.experiments.neuralqaad import compare, scores
from pcl_lib.experiments.neuralqaad.theory import Bounds
from pcl_lib.experiments.runner.result import Result

G = torch.Generator().manual_seed(0)
TRUTH = torch.rand(5, 40, 3, generator=G)


def test_points_that_follow_a_place_are_found_in_any_order():
    order = torch.randperm(40, generator=G)
    made = TRUTH[:, order] + torch.tensor([0.01, 0.0, 0.0])
    followed = scores.follow(made, TRUTH)
    assert torch.equal(followed.place, order)
    assert torch.equal(followed.point, order.argsort())
    torch.testing.assert_close(
        scores.place_errors(made, TRUTH, followed), torch.full((5, 40), 0.01), atol=1e-6, rtol=0
    )
    assert scores.point_errors(made, TRUTH, followed).shape == (5, 40)


def test_chunks_of_places_change_nothing(monkeypatch):
    made = torch.rand(5, 30, 3, generator=G)
    whole = scores.follow(made, TRUTH)
    monkeypatch.setattr(scores, "_PLACES", 7)
    parts = scores.follow(made, TRUTH)
    assert torch.equal(whole.point, parts.point)
    assert torch.equal(whole.place, parts.place)


def test_a_point_must_follow_its_place_through_all_shapes():
    """Clouds that match as sets, whose points change places from shape to shape, have no small error."""
    mixed = torch.stack([cloud[torch.randperm(40, generator=G)] for cloud in TRUTH])
    error = scores.place_errors(mixed, TRUTH, scores.follow(mixed, TRUTH)).mean()
    assert error > 0.2


def test_a_missing_part_is_an_error():
    left = TRUTH[:, :20].repeat(1, 2, 1)
    errors = scores.place_errors(left, TRUTH, scores.follow(left, TRUTH))
    assert errors[:, :20].max() < 1e-6
    assert errors[:, 20:].min(1).values.mean() > 0.05


def test_seams_lie_where_the_nearest_points_are_of_two_patches():
    line = torch.linspace(0, 1, 12)[:, None] * torch.tensor([1.0, 0.0, 0.0])
    patch = torch.arange(12) // 6
    gap = line.clone()
    gap[6:, 0] += 0.3  # the second patch has moved away
    places = torch.tensor([[0.02, 0.0, 0.0], [0.66, 0.0, 0.0], [1.2, 0.0, 0.0]])
    found = scores.seams(gap[None], places[None], patch)
    assert found.between.tolist() == [[False, True, False]]
    assert found.error[0, 1] == pytest.approx(6 / 11 + 0.3 - 0.66, abs=1e-6)
    assert found.error[0, 0] < 0.05


def test_a_linear_code_gives_linear_shapes_back_and_no_more():
    axes = torch.randn(2, 40, 3, generator=G)
    shapes = TRUTH[:1] + torch.einsum("sk,kni->sni", torch.randn(8, 2, generator=G), axes)
    torch.testing.assert_close(scores.linear_code(shapes, 2), shapes, atol=1e-5, rtol=0)
    assert (scores.linear_code(shapes, 1) - shapes).norm(dim=-1).mean() > 0.1


def test_a_gap_of_curves_is_one_of_means_over_seeds():
    curves = {("faces", "a"): np.array([[2.0, 3.0], [4.0, 3.0]]), ("faces", "b"): np.array([[3.0, 2.0]] * 2)}
    result = Result([], curves, [1, 2], "EM-kD", {}, {}, "cpu", 0.0)
    assert compare.gap_of_curves(result, "faces", "a", "b").tolist() == [0.0, 50.0]


def test_bounds_of_points_and_their_targets():
    made, targets = torch.tensor([[0.0], [1.0]]), torch.tensor([[1.5], [-1.0]])
    found = Bounds.of(made, targets)
    assert found == Bounds(1.75, 0.75, 0.75, 0.75, 0.75)
    assert found.hold
    crossed = Bounds.of(torch.tensor([[0.0], [0.2]]), torch.tensor([[0.1], [5.0]]))
    assert (crossed.there, crossed.back) == pytest.approx((0.1, 2.45))
