"""The table of assignments: both ways round, swaps in place, and of which clouds it is."""

import pytest
import torch
from jaxtyping import config

from pcl_lib.trainers import Assignments
from pcl_lib.trainers._assignments import checksum_of
from tests.trainers.toys import clouds


@pytest.fixture
def _as_users_call_it():
    config.update("jaxtyping_disable", True)
    yield
    config.update("jaxtyping_disable", False)


def permutations(shapes=4, points=12, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.stack([torch.randperm(points, generator=generator) for _ in range(shapes)])


def consistent(table):
    rows = torch.arange(table.points, dtype=torch.int32).expand(table.shapes, -1)
    inverse = table.of_target.gather(1, table.of_point.long())
    return torch.equal(inverse, rows) and torch.equal(table.of_point.sort(1).values, rows)


def test_targets_and_holders_are_inverses():
    of = permutations()
    table = Assignments.of(clouds(4), of)
    index, rows = torch.tensor([3, 1]), torch.tensor([[0, 5, 7], [2, 2, 11]])
    assert torch.equal(table.targets(index, rows), of[index].gather(1, rows))
    assert torch.equal(table.holders(index, table.targets(index, rows)), rows)
    assert table.of_point.dtype == table.of_target.dtype == torch.int32
    assert consistent(table)


def test_swaps_change_these_pairs_and_nothing_else():
    of = permutations()
    table = Assignments.of(clouds(4), of)
    index, rows, others = torch.tensor([2, 0]), torch.tensor([[0, 1], [3, 4]]), torch.tensor([[5, 6], [7, 8]])
    table.swap(index, rows, others, torch.tensor([[True, False], [True, True]]))
    expected = of.clone()
    for shape, a, b in ((2, 0, 5), (0, 3, 7), (0, 4, 8)):
        expected[shape, a], expected[shape, b] = of[shape, b], of[shape, a]
    assert torch.equal(table.of_point.long(), expected)
    assert consistent(table)


def test_all_of_it_is_saved():
    table = Assignments.of(clouds(4), permutations())
    table.begun.fill_(7)
    fresh = Assignments(4, 12)
    fresh.load_state_dict(table.state_dict())
    assert torch.equal(fresh.of_point, table.of_point)
    assert torch.equal(fresh.of_target, table.of_target)
    assert (int(fresh.begun), int(fresh.checksum)) == (7, checksum_of(clouds(4)))


def test_the_checksum_knows_other_clouds_and_another_order():
    these = clouds(4)
    moved = these.clone()
    moved[2, 5, 1] += 1e-6
    others = [moved, these.flip(1), these.flip(0), these[:2], these.double()]
    found = {checksum_of(each) for each in (these, *others)}
    assert len(found) == 6
    assert checksum_of(these.clone()) == checksum_of(these)
    table = Assignments.of(these, permutations())
    table.tie_to(checksum_of(these))
    with pytest.raises(
        ValueError, match=r"assignments must belong to the clouds .* received those of other clouds"
    ):
        table.tie_to(checksum_of(moved))


@pytest.mark.usefixtures("_as_users_call_it")
def test_bad_input():
    table, of = Assignments(4, 12), permutations()
    for row in (torch.zeros(12, dtype=torch.int64), of[0][:11], of[0] + 1):
        with pytest.raises(
            ValueError, match=r"must hold each row from 0 to 11 once, received another for shape 1"
        ):
            table.set(1, row)
    with pytest.raises(ValueError, match=r"a target for each point, \(4, 12\), received \(3, 12\)"):
        Assignments.of(clouds(4), of[:3])
    with pytest.raises(
        ValueError, match=r"they take 800,000,000,000,000 bytes, received a machine with [\d,]+ bytes"
    ):
        Assignments(100_000_000, 1_000_000)
    with pytest.raises(ValueError, match="points must be an integer from 1 to 2147483647"):
        Assignments(1, 1 << 31)
    with pytest.raises(
        ValueError, match=r"clouds must be one tensor \(S, N, 3\), received list; clouds of diff"
    ):
        checksum_of([torch.rand(4, 3), torch.rand(5, 3)])
