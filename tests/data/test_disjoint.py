"""Input and reference of a shape: two samples of it that share no point."""

import pytest
import torch

from pcl_lib.data import Cloud, check_disjoint, digits, disjoint_draws, synthetic
from pcl_lib.distances import chamfer


def rows(cloud):
    return {tuple(p) for p in cloud.points.tolist()}


@pytest.mark.parametrize("seed", [None, 3])
def test_the_parts_are_disjoint_parts_of_the_cloud(seed):
    chair = synthetic.sample("chair", 300, seed=0)
    draws = disjoint_draws(chair, 100, 150, seed=seed)
    assert (len(draws.input), len(draws.reference)) == (100, 150)
    assert not rows(draws.input) & rows(draws.reference)
    assert rows(draws.input) | rows(draws.reference) < rows(chair)
    where = {tuple(p): i for i, p in enumerate(chair.points.tolist())}
    for part in draws:  # normals and labels go with their points
        index = torch.tensor([where[tuple(p)] for p in part.points.tolist()])
        assert torch.equal(part.normals, chair.normals[index])
        assert torch.equal(part.labels, chair.labels[index])


def test_a_seed_deals_a_cloud_whose_order_means_something():
    line = Cloud(torch.linspace(0, 1, 200)[:, None].expand(-1, 2).contiguous())
    in_order, dealt = disjoint_draws(line, 100), disjoint_draws(line, 100, seed=0)
    assert in_order.input.points.max() < in_order.reference.points.min()
    assert float(chamfer(*(d.points for d in dealt))) < 0.01 * float(chamfer(*(d.points for d in in_order)))
    assert torch.equal(dealt.input.points, disjoint_draws(line, 100, seed=0).input.points)


def test_a_reference_that_was_the_input_is_refused():
    one, two = (digits.sample(3, 200, seed=s).points for s in (0, 1))
    check_disjoint(one, two)
    with pytest.raises(ValueError, match="received 200 of 200 points of y in x"):
        check_disjoint(one, one[torch.randperm(200, generator=torch.Generator().manual_seed(0))])
    with pytest.raises(ValueError, match=r"received 10 of 200 points of y in x \(pair 1\)"):
        check_disjoint(torch.stack([one, one]), torch.stack([two, torch.cat([one[:10], two[10:]])]))


def test_a_point_in_common_by_chance_is_none():
    one, two = (digits.sample(3, 200, seed=s).points for s in (0, 1))
    check_disjoint(one, torch.cat([one[:1], two[1:]]))


def test_a_cloud_of_repeated_points_has_no_disjoint_parts():
    few = digits.sample(3, 20, seed=0)
    repeated = few.select(torch.arange(200) % 20)
    with pytest.raises(ValueError, match="y must hold other points than x, received 100 of 100"):
        disjoint_draws(repeated, 100)


def test_errors():
    chair = synthetic.sample("chair", 100, seed=0)
    with pytest.raises(ValueError, match=r"at least n_input \+ n_reference = 120 points, received 100"):
        disjoint_draws(chair, 60)
    with pytest.raises(ValueError, match="n_reference must be an integer of at least 1, received 0"):
        disjoint_draws(chair, 60, 0)
    with pytest.raises(ValueError, match="same dimension"):
        check_disjoint(torch.zeros(3, 2), torch.ones(3, 3))
