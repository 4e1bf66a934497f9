"""One noise level against ten, and where points start, with fields that are known."""

import pytest
import torch

from pcl_lib.data import digits
from pcl_lib.experiments.gradient_fields import field_facts, levels
from pcl_lib.experiments.gradient_fields.levels import ANNEALED, EXACT, INSIDE, ONE, OUTSIDE, TEN


@pytest.fixture(scope="module")
def digit():
    return digits.sample(3, 64, seed=0).points, digits.sample(3, 64, seed=1).points


def unequal(seed):
    """An eighth of the points on the right, the others on the left."""
    noise = 0.05 * torch.randn(64, 2, generator=torch.Generator().manual_seed(seed))
    middle = torch.where(torch.arange(64) < 8, 1.0, -1.0)
    return noise + torch.stack([middle, torch.zeros(64)], -1)


def test_the_exact_field_fails_by_mixing_alone():
    cloud, truth = unequal(0), unequal(1)
    field = levels.exact_field(cloud)
    found = levels.at_levels({EXACT: field, TEN: field}, {0.01: field}, truth, levels=(0.01,))
    assert set(found) == {*((name, at) for name in (EXACT, TEN) for at in (ANNEALED, "0.01")), (ONE, "0.01")}
    (ten,), (one,) = found[EXACT, ANNEALED], found[EXACT, "0.01"]
    assert one.emd > 2 * ten.emd, "mass stays where it fell"
    assert one.to_truth < 0.05**2, "on the shape all the same"
    assert found[ONE, "0.01"] == found[EXACT, "0.01"], "every sampler meets the same start and noise"


@pytest.mark.slow
def test_all_starts_meet_the_same_noise(digit):
    cloud, truth = digit
    found = levels.from_starts(
        levels.exact_field(cloud), truth, more={"line": torch.zeros(64, 2)}, seeds=(0, 1)
    )
    assert set(found) == {*INSIDE, *OUTSIDE, "line"}
    assert found["line"] == found["one point"]
    for start in OUTSIDE:
        assert found[start][0].emd == pytest.approx(found["one point"][0].emd, rel=0.05)
    assert found["uniform"][0] != found["uniform"][1]


def test_a_field_that_flies_off_is_infinitely_bad(digit):
    found = levels.from_starts(lambda x, _: x**3, digit[1])
    assert found["distance 100"][0].emd == float("inf")


def test_a_start_is_as_far_as_it_says():
    made = levels.starts(5, 3)
    assert made["distance 100"].norm(dim=-1).tolist() == [100.0] * 5
    assert made["uniform"].abs().max() <= 1.5


def test_a_network_learns_the_direction_of_a_shape(digit):
    cloud, _ = digit
    field = levels.learned_field(cloud, [1.0, 0.3], steps=60, points=64, hidden=16, blocks=1, rate=1e-2)
    places = torch.tensor([[2.0, 0.0], [0.0, -2.0], [-2.0, 1.0]])
    ours, exact = field(places, 1.0), levels.exact_field(cloud)(places, 1.0)
    assert torch.cosine_similarity(ours, exact).min() > 0.9


def test_mass_is_where_it_belongs_when_points_are_drawn_from_the_shape():
    cloud = torch.cat([torch.rand(50, 2), torch.rand(50, 2) + 4])
    labels = torch.arange(2).repeat_interleave(50)
    (wrong,) = field_facts.misplaced_mass(cloud, labels, [0.01], seeds=(0,))
    assert wrong > 0.3, "from the box all points fall to the part that is near"


def test_places_far_from_a_cloud_are_not_supervised():
    cloud = torch.zeros(1, 2)
    assert field_facts.unsupervised(cloud, 0.01).float().mean() > 0.99
    assert not field_facts.unsupervised(cloud, 1.0).any()


def test_a_wide_field_points_to_the_mean_and_a_narrow_one_to_the_nearest():
    cloud = torch.tensor([[-1.0, 0.0], [1.0, 0.0], [1.0, 0.2]])
    where = torch.tensor([[0.5, 3.0], [0.5, -3.0]])
    assert field_facts.angles(where, cloud, 100.0)[0] < 0.1
    assert field_facts.angles(where, cloud, 0.01)[1] < 0.1
    assert field_facts.angles(where, cloud, 0.01)[0] > 5


def test_the_length_of_a_narrow_field_is_a_distance():
    cloud = torch.stack([torch.linspace(-1, 1, 2001), torch.zeros(2001)], -1)
    where = torch.tensor([[0.0, 0.5], [0.3, -0.7]])
    assert field_facts.distance_error(where, cloud, cloud, 0.01) < 0.01
    # A wide one points past the line to its mean, which is further.
    assert field_facts.distance_error(torch.tensor([[0.9, 0.1]]), cloud, cloud, 3.0) > 1


def test_between_two_parts_the_field_is_short_and_no_surface():
    cloud = torch.tensor([[-0.4, 0.0], [0.4, 0.0]])
    wide, narrow = (field_facts.false_surface(cloud, cloud, sigma=sigma, cells=60) for sigma in (0.3, 0.01))
    assert wide > narrow == 0
