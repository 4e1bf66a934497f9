import pytest
import torch

from pcl_lib.data import Cloud, stack


def cloud(n=6, d=3):
    p = torch.arange(n * d, dtype=torch.float32).reshape(n, d)
    return Cloud(
        p, normals=p + 100, colors=p + 200, labels=torch.arange(n), name="a", category="b", split="test"
    )


@pytest.mark.parametrize(
    ("points", "message"),
    [
        (torch.zeros(3), r"\(N, D\) float32.*\(3,\)"),
        (torch.zeros(2, 3, 3), r"received \(2, 3, 3\)"),
        (torch.zeros(2, 3, dtype=torch.float16), "float32 or float64 tensor, received .*float16"),
        (torch.zeros(2, 3, dtype=torch.int64), "int64"),
        (torch.zeros(0, 3), r"at least one point, received shape \(0, 3\)"),
    ],
)
@pytest.mark.usefixtures("as_users_call_it")
def test_points_are_checked(points, message):
    with pytest.raises(ValueError, match=message):
        Cloud(points)


@pytest.mark.parametrize("field", ["normals", "colors", "labels"])
def test_every_per_point_tensor_needs_one_row_per_point(field):
    with pytest.raises(ValueError, match=f"{field} must be a tensor with 4 rows.*3"):
        Cloud(torch.zeros(4, 3), **{field: torch.zeros(3, 3)})


def test_select_takes_everything_that_belongs_to_the_points():
    c = cloud()
    picked = c.select(torch.tensor([4, 1]))
    assert picked.labels.tolist() == [4, 1]
    assert torch.equal(picked.points + 100, picked.normals)
    assert torch.equal(picked.points + 200, picked.colors)
    assert (picked.name, picked.category, picked.split) == ("a", "b", "test")
    assert len(c.select(c.labels > 2)) == 3


def test_with_points_keeps_the_rest_and_the_count():
    c = cloud()
    moved = c.with_points(c.points + 1)
    assert torch.equal(moved.points, c.points + 1)
    assert torch.equal(moved.labels, c.labels)
    with pytest.raises(ValueError, match=r"points must have 6 rows.*received 5"):
        c.with_points(c.points[:5])


def test_stack_without_a_number_keeps_the_order():
    a, b = cloud(), cloud()
    assert torch.equal(stack([a, b]), torch.stack([a.points, b.points]))


def test_stack_draws_subsets_and_repeats():
    small, large = cloud(3), cloud(50)
    batch = stack([small, large], 10, seed=1)
    assert batch.shape == (2, 10, 3)
    assert {tuple(r) for r in batch[0].tolist()} == {tuple(r) for r in small.points.tolist()}
    assert len({tuple(r) for r in batch[1].tolist()}) == 10
    assert torch.equal(batch, stack([small, large], 10, seed=1))
    assert not torch.equal(batch, stack([small, large], 10, seed=2))


@pytest.mark.usefixtures("as_users_call_it")
def test_stack_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match="empty list"):
        stack([])
    with pytest.raises(ValueError, match=r"received 3 to 6 points; pass n_points"):
        stack([cloud(3), cloud(6)])
    with pytest.raises(ValueError, match=r"one dimension, received \[2, 3\]"):
        stack([cloud(3, 2), cloud(3, 3)])
    with pytest.raises(ValueError, match="n_points must be an integer of at least 1, received 0"):
        stack([cloud(3)], 0)
