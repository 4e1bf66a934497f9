"""Assignments: the quadratic cost, the greedy start and its repair, and swaps that keep what they promise."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pcl_lib.distances import (
    AUCTION_SETTINGS,
    auction,
    em_kd,
    emd,
    greedy_assignment,
    quadratic_cost,
    reassign,
    repair_assignment,
)


def drawn(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def bijective(assignment):
    return all(
        (row.bincount(minlength=row.shape[0]) == 1).all() for row in assignment.view(-1, assignment.shape[-1])
    )


def test_quadratic_cost_by_hand():
    """The sum of Eq. 17 with two loops, over ordered pairs."""
    q, p, order = drawn(2, 7, 3), drawn(2, 7, 3, seed=1), torch.stack([torch.randperm(7), torch.arange(7)])
    for found, a, b, row in zip(quadratic_cost(q, p, order), q, p, order, strict=True):
        pairs = [(i, j) for i in range(7) for j in range(7) if i != j]
        by_hand = sum((b[row[i]] - b[row[j]]).norm() / (a[i] - a[j]).norm() for i, j in pairs)
        assert found.item() == pytest.approx(by_hand.item(), rel=1e-12)
    assert quadratic_cost(q[0], 3 * q[0], torch.arange(7)).item() == pytest.approx(3 * 7 * 6)


def test_quadratic_cost_has_a_gradient_where_targets_coincide():
    q, p = drawn(6, 3), torch.zeros(6, 3, dtype=torch.float64, requires_grad=True)
    quadratic_cost(q, p, torch.arange(6)).backward()
    assert torch.equal(p.grad, torch.zeros_like(p))


def test_points_at_one_place():
    q, p = drawn(5, 3), drawn(5, 3, seed=1)
    q[3] = q[1] + 1e-11
    with pytest.raises(
        ValueError, match=r"received q\[1\] and q\[3\] closer than 1e-09 \(1 such pairs\); remove"
    ):
        quadratic_cost(q, p, torch.arange(5))
    left = quadratic_cost(q, p, torch.arange(5), coincident="leave out")
    others = [(i, j) for i in range(5) for j in range(5) if i != j and {i, j} != {1, 3}]
    by_hand = sum((p[i] - p[j]).norm() / (q[i] - q[j]).norm() for i, j in others)
    assert left.item() == pytest.approx(by_hand.item(), rel=1e-9)


def test_greedy_is_the_matching_of_squares():
    made, target = drawn(2, 130, 3), drawn(2, 130, 3, seed=1)
    found = greedy_assignment(made, target, leaf_size=32)
    assert torch.equal(found, em_kd(made, target, leaf_size=32, squared=True).matching)
    assert bijective(found)
    assert torch.equal(greedy_assignment(made, target), emd(made, target, squared=True).matching)
    lengths = em_kd(made, target, leaf_size=32).matching
    assert not torch.equal(found, lengths)


def test_the_repair_of_the_paper():
    made = torch.tensor([[0.0], [0.4], [3.0], [0.9], [2.5]])
    target = torch.tensor([[0.5], [1.0], [2.0], [7.0], [8.0]])
    found = repair_assignment(torch.tensor([0, 0, 2, 0, 2]), made, target, seed=1)
    assert bijective(found)
    assert found[1] == 0  # the closest of three
    assert found[4] == 2  # the closer of two
    orders = {
        tuple(repair_assignment(torch.tensor([0, 0, 2, 0, 2]), made, target, seed=s).tolist())
        for s in range(30)
    }
    assert len(orders) == 6  # three points, three targets left, every order
    whole = torch.tensor([4, 3, 2, 1, 0])
    assert torch.equal(repair_assignment(whole, made, target), whole)


def test_released_leaves_are_mended_into_a_bijection():
    """Clouds whose auction ends with targets taken twice, at the settings of the paper."""
    made, target = 100 * drawn(2, 128, 2), 100 * drawn(2, 128, 2, seed=1)
    settings = AUCTION_SETTINGS["neuralqaad"]._asdict()
    assert not auction(made, target, **settings, leftovers="released").one_to_one.all()
    found = greedy_assignment(made, target, leaf_size=128, leaves="released")
    assert bijective(found)
    assert bijective(greedy_assignment(made[0], target[0], leaf_size=40, leaves="released"))
    exact = greedy_assignment(made, target, leaf_size=128)

    def cost(matching):
        return (made - target.gather(1, matching[..., None].expand(-1, -1, 2))).square().sum()

    assert cost(exact) < cost(found)


def after(state, queries, counterparts, swaps):
    """The assignment (B, N) with the targets of the swapped pairs exchanged."""
    changed = state.clone()
    for row, q, c, swap in zip(changed, queries, counterparts, swaps, strict=True):
        q, c = q[swap], c[swap]
        row[q], row[c] = row[c], row[q]
    return changed


@given(
    seed=st.integers(0, 10**6),
    n=st.integers(3, 40),
    share=st.floats(0.1, 1.0),
    squared=st.booleans(),
    ties=st.booleans(),
)
def test_a_bijection_stays_one_and_the_loss_falls_by_the_gains(seed, n, share, squared, ties):
    """At frozen predictions; with both conflicts forced: few targets wanted by many, and chains of them."""
    made, cloud = drawn(2, n, 3, seed=seed), drawn(2, n, 3, seed=seed + 1)
    generator = torch.Generator().manual_seed(seed)
    state = torch.stack([torch.randperm(n, generator=generator) for _ in range(2)])
    queries = torch.stack([torch.randperm(n, generator=generator) for _ in range(2)])[
        :, : max(2, round(share * n))
    ]
    offered = torch.stack([torch.randperm(n, generator=generator) for _ in range(2)])[:, : queries.shape[1]]

    def of(points, rows):
        return points.gather(1, rows[..., None].expand(-1, -1, 3))

    near = torch.cdist(of(made, queries), of(cloud, offered)).argmin(2)
    counterparts = state.argsort(1).gather(1, offered.gather(1, near))
    found = reassign(
        of(made, queries),
        of(cloud, state.gather(1, queries)),
        of(made, counterparts),
        of(cloud, state.gather(1, counterparts)),
        queries,
        counterparts,
        squared=squared,
        ties=ties,
    )
    moved = [torch.cat((q[s], c[s])) for q, c, s in zip(queries, counterparts, found.swaps, strict=True)]
    assert all(len(points.unique()) == len(points) for points in moved), "a point in two swaps"
    changed = after(state, queries, counterparts, found.swaps)
    assert bijective(changed)

    def loss(assignment):
        gap = (made - of(cloud, assignment)).square().sum(-1)
        return (gap if squared else gap.sqrt()).sum()

    assert (loss(state) - loss(changed)).item() == pytest.approx(
        found.gains.sum().item(), rel=1e-10, abs=1e-12
    )
    assert (found.gains[found.swaps] >= 0 if ties else found.gains[found.swaps] > 0).all()
    assert (found.gains[~found.swaps] == 0).all()


def on_a_line(made, targets, queries, counterparts, **options):
    y, a = (torch.tensor(x, dtype=torch.float64)[:, None] for x in (made, targets))
    q, c = torch.tensor(queries), torch.tensor(counterparts)
    return reassign(y[q], a[q], y[c], a[c], q, c, **options)


def test_two_queries_that_want_one_target():
    """Points 0 and 1 both want what 2 has. Gains 2 * 1.9 * 2 and 2 * 2.1 * 3; the larger stays."""
    found = on_a_line([2.0, 2.2, 0.1], [0.0, -1.0, 2.0], [0, 1], [2, 2])
    assert found.swaps.tolist() == [False, True]
    assert found.gains.tolist() == pytest.approx([0.0, 2 * 2.1 * 3.0])


def test_a_query_that_is_the_counterpart_of_another():
    """Point 0 wants what 1 has, and 1 wants what 2 has."""
    found = on_a_line([1.0, 3.0, 0.0], [0.0, 1.0, 3.0], [1, 0], [2, 1])
    assert found.swaps.tolist() == [True, False]
    both = on_a_line([1.0, 3.0, 0.0, 9.0], [0.0, 1.0, 3.0, 9.0], [0, 3, 1], [1, 3, 2])
    assert both.swaps.tolist() == [False, False, True]  # 3 wants what it has


def test_what_a_dropped_swap_held_back_is_free_again():
    """Of a chain of falling gains the first and the third are taken: the second, which stands between, is not."""
    made, targets = [0.0, 10.0, 19.0, 27.0], [30.0, 20.0, 11.0, 3.0]
    found = on_a_line(made, targets, [0, 1, 2], [1, 2, 3])
    gains = on_a_line(made, targets, [1], [2]).gains, on_a_line(made, targets, [2], [3]).gains
    assert gains[0] > gains[1] > 0
    assert found.swaps.tolist() == [True, False, True]


def test_ties_and_lengths():
    """Points in a line with their targets beyond: lengths cannot tell the two ways apart, squares can."""
    line = ([0.0, 1.0], [2.0, 3.0], [0], [1])
    assert not on_a_line(*line, squared=False).swaps.any()
    assert on_a_line(*line, squared=False, ties=True).swaps.all()
    crossed = ([0.0, 1.0], [3.0, 2.0], [0], [1])
    assert on_a_line(*crossed).gains.tolist() == [2.0]
    assert not on_a_line(*crossed, squared=False).swaps.any()
    itself = on_a_line([0.0, 1.0], [2.0, 3.0], [0], [0], ties=True)
    assert not itself.swaps.any()


@pytest.mark.usefixtures("as_users_call_it")
def test_bad_input():
    q, rows = drawn(4, 3), torch.arange(4)
    with pytest.raises(
        ValueError, match="assignment must be int64 with one target for each point of q, of shape"
    ):
        quadratic_cost(q, q, rows[:3])
    with pytest.raises(
        ValueError, match="assignment must hold indices from 0 to 3, received 1 to 4; is it one of"
    ):
        quadratic_cost(q, q, rows + 1)
    with pytest.raises(ValueError, match="coincident must be one of 'raise', 'leave out'"):
        quadratic_cost(q, q, rows, coincident="skip")
    with pytest.raises(ValueError, match="made and target must have the same number of points"):
        greedy_assignment(q, drawn(5, 3))
    with pytest.raises(ValueError, match="target must be finite, received nan"):
        greedy_assignment(q, q * torch.nan)
    with pytest.raises(ValueError, match="leaf_size must be an integer of at least 1"):
        greedy_assignment(q, q, leaf_size=0)
    with pytest.raises(ValueError, match="leaves must be one of 'exact', 'released'"):
        greedy_assignment(q, q, leaves="auction")
    with pytest.raises(ValueError, match="targets must be of the shape and dtype of made"):
        reassign(q, q[:3], q, q, rows, rows)
    with pytest.raises(ValueError, match="counterpart_made must be finite"):
        reassign(q, q, q / 0, q, rows, rows)
    with pytest.raises(ValueError, match=r"counterparts must be the rows of the points, of shape \(4,\)"):
        reassign(q, q, q, q, rows, rows[:2])
