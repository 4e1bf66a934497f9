"""QAAD: its two phases, what happens once, swaps that hold their promise, and every row of Table 1."""

from itertools import pairwise

import pytest
import torch
from lightning_fabric import Fabric

from pcl_lib.distances import chamfer, em_kd, emd, greedy_assignment
from pcl_lib.models import AtlasV2Decoder
from pcl_lib.trainers import QAAD, Assignments, Method, _qaad
from tests.trainers.bent_sheets import (
    CLOUDS,
    FIRST,
    ORDER,
    PATCHES,
    POINTS,
    SHAPES,
    STEPS,
    STILL,
    method,
    parts,
    train,
)
from tests.trainers.toys import parameters


def bijective(one):
    rows = torch.arange(POINTS, dtype=torch.int32).expand(SHAPES, -1)
    table = one.assignments
    counts = [row.bincount(minlength=POINTS) for row in table.of_point]
    return all((c == 1).all() for c in counts) and torch.equal(
        table.of_target.gather(1, table.of_point.long()), rows
    )


def at(clouds, rows):
    return clouds.gather(1, rows.long()[..., None].expand(-1, -1, 3))


def test_it_is_a_method():
    assert isinstance(method(), Method)


def test_what_happens_once():
    """Nothing moves, so what was computed at the turn can be computed again afterwards."""
    one = method(rate=STILL, reassignment=False, points=POINTS)
    history = train(one)
    assert int(one.assignments.begun) == FIRST
    with torch.no_grad():
        codes = one.encoder.eval()(CLOUDS)  # of whole clouds
        torch.testing.assert_close(one.model.codes.weight.detach(), codes)
        made = torch.cat([one.model.reconstruct(code[None]) for code in one.model.codes.weight])
    assert torch.equal(one.assignments.of_point.long(), greedy_assignment(made, CLOUDS))
    assert history.column("swaps") == [0.0] * STEPS
    squares = (made - at(CLOUDS, one.assignments.of_point)).square().sum(-1).mean().item()
    for epoch in range(FIRST, STEPS, 2):  # two batches
        assert sum(history.column("loss")[epoch : epoch + 2]) / 2 == pytest.approx(squares, rel=1e-5)


def test_greedy_comes_after_pretraining_and_once(monkeypatch, tmp_path):
    """Not from the image of an untrained network, not again in each epoch, and not again where a run is resumed."""
    calls = []

    def counted(made, target, **options):
        calls.append(made)
        return greedy_assignment(made, target, **options)

    monkeypatch.setattr(_qaad, "greedy_assignment", counted)
    train(method(), steps=FIRST, folder=tmp_path)
    assert not calls
    for steps in (FIRST + 1, STEPS - 1, STEPS):
        train(method(), steps=steps, folder=tmp_path)
        assert len(calls) == SHAPES
    with pytest.raises(ValueError, match=r'start must not be "greedy" with pretraining=0\.0'):
        method(pretraining=0.0)


@pytest.mark.parametrize("stop", [2, FIRST, FIRST + 1, 11])
def test_a_resumed_run_ends_bit_for_bit_as_one_left_alone(tmp_path, stop):
    whole, resumed = method(), method()
    history = train(whole, folder=tmp_path / "whole")
    train(method(), steps=stop, folder=tmp_path / "parts")
    again = train(resumed, folder=tmp_path / "parts")
    assert sum(history.column("swaps")) > 0
    for name in ("loss", "swaps", "gain"):
        assert again.column(name) == history.column(name)
    ours, theirs = parameters(whole), parameters(resumed)
    assert (
        ours.keys() == theirs.keys() >= {"assignments.of_point", "assignments.of_target", "assignments.begun"}
    )
    assert all(torch.equal(ours[key], theirs[key]) for key in ours)


def test_a_longer_run_does_not_begin_again(tmp_path):
    """The trace lies in the checkpoint: by its new length the run would still be in its first phase."""
    train(method(), steps=STEPS, folder=tmp_path)
    longer = method(steps=8 * STEPS)
    assert longer.first > STEPS
    train(longer, steps=STEPS + 2, folder=tmp_path)
    assert int(longer.assignments.begun) == FIRST


@pytest.mark.parametrize("points", [16, POINTS])
def test_the_loss_falls_by_the_gains_and_a_bijection_stays_one(points):
    """At frozen weights, from a random start; with all points in a step every conflict there can be."""
    one = method(rate=STILL, start="random", pretraining=0.0, points=points)
    sums, whole = [], []

    def look(_step):
        with torch.no_grad():
            made = one.model.reconstruct(one.model.codes.weight)
        if int(one.assignments.begun) >= 0:
            assert bijective(one)
            gap = made - at(CLOUDS.double(), one.assignments.of_point)
            sums.append(gap.square().sum().item())
            whole.append(one.assignments.of_point.clone())

    history = train(
        one,
        fabric=Fabric(accelerator="cpu", devices=1, precision="64-true"),
        look=look,
        look_at=range(STEPS + 1),
    )
    fallen = [before - after for before, after in pairwise(sums)]
    assert fallen == pytest.approx(history.column("gain")[1:], rel=1e-9)
    moved = [int((a != b).sum()) for a, b in pairwise(whole)]
    assert moved == [2 * n for n in history.column("swaps")[1:]]
    assert moved[0] > 0
    assert min(moved) > 0 or points == POINTS  # where all are offered all, it comes to an end


def test_targets_are_drawn_independently_of_the_assigned_ones(monkeypatch):
    """As many as queries, all of them others; the same number of queries of each patch. Else the points of a step
    could do no more than exchange among themselves."""
    overlap, asked, improve = [], [], Assignments.improve

    def watching(self, index, clouds, rows, made, offered, predict, **options):
        def counted(others):
            asked.append([len(each.unique()) for each in others])
            assert others.shape[1] == max(asked[-1]), "each counterpart is predicted once"
            assert made.requires_grad
            found = predict(others)
            assert not found.requires_grad
            return found

        assert rows.shape == offered.shape == (3, 16)
        for own, drawn, queries in zip(self.targets(index, rows), offered, rows, strict=True):
            assert len(drawn.unique()) == len(queries.unique()) == 16
            assert torch.equal((queries // (POINTS // PATCHES)).bincount(), torch.full((PATCHES,), 4))
            overlap.append(len(set(own.tolist()) & set(drawn.tolist())))
        return improve(self, index, clouds, rows, made, offered, counted, **options)

    monkeypatch.setattr(Assignments, "improve", watching)
    train(method())
    # 16 of 64 among 16 of 64: four on average.
    assert 3 < sum(overlap) / len(overlap) < 5
    assert len(asked) == STEPS - FIRST, "one extra pass a step"


def test_a_code_that_is_not_in_the_batch_does_not_move():
    one = method(pretraining=0.0, start="random")
    seen = [one.model.codes.weight.detach().clone()]

    def look(_step):
        seen.append(one.model.codes.weight.detach().clone())

    train(one, steps=4, look=look, look_at=range(1, 5))
    moved = [(a != b).any(1) for a, b in pairwise(seen)]
    assert [int(m.sum()) for m in moved] == [3, 3, 3, 3]
    assert (moved[0] ^ moved[1]).all()  # two batches make an epoch of six


ROWS = {
    "augmented Chamfer": {"pretraining": 1.0},
    "random": {"start": "random", "reassignment": False},
    "greedy": {"reassignment": False},
    "reassignment": {},
    "from random": {"start": "random"},
    "true": {"start": "given", "reassignment": False},
}


@pytest.mark.slow
def test_the_rows_of_table_1():
    """Each trains, and the order is the paper's, between the floor and the control."""
    place, found = ORDER.argsort(1), {}
    for name, options in ROWS.items():
        torch.manual_seed(0)
        table = Assignments(SHAPES, POINTS)
        if name == "true":
            # Input point i begins as a point of cloud 0: its place, in the order of each cloud.
            table = Assignments.of(CLOUDS, place[:, ORDER[0][parts()[0].order]])
        one = method(assignments=table, steps=120, points=32, **options)
        history = train(one, steps=120, log_every=60)
        with torch.no_grad():
            codes = one.model.codes.weight if one.assigned else one.encoder.eval()(CLOUDS)
            made = one.model.reconstruct(codes)
        found[name] = em_kd(made, CLOUDS).value.mean().item()
        assert ("swaps" in history.records[-1]) == (name != "augmented Chamfer")
    order = ("true", "reassignment", "greedy", "augmented Chamfer", "random")
    assert sorted(order, key=found.__getitem__) == list(order)
    assert found["random"] > 2 * found["greedy"]
    assert found["from random"] < 0.7 * found["random"]


@pytest.mark.slow
def test_any_decoder_by_the_augmented_chamfer_distance():
    torch.manual_seed(0)
    decoder = AtlasV2Decoder(2, POINTS, patches=4, widths=(16,), deform=(8,), activation=torch.nn.SELU)
    encoder = parts()[1]
    one = QAAD(decoder, encoder, CLOUDS, steps=60, pretraining=1.0, points=32, rate=0.01)
    assert sorted(one.modules) == ["encoder", "model"]
    loss = train(one, steps=60).column("loss")
    assert sum(loss[-5:]) < 0.8 * sum(loss[:5])
    with pytest.raises(
        ValueError, match=r"must be a NeuralQAAD to be trained on assigned points, received AtlasV2"
    ):
        QAAD(decoder, encoder, CLOUDS, steps=60, points=32)


def test_no_distance_is_below_its_bound_while_it_trains():
    """Lengths. The matched mean is that of one bijection, EM-kD of another, and EMD of the best."""
    one, matched = method(start="random"), []

    def look(_step):
        with torch.no_grad():
            made = one.model.reconstruct(one.model.codes.weight)
        exact = emd(made, CLOUDS).value
        matched.append((made - at(CLOUDS, one.assignments.of_point)).norm(dim=-1).mean(1))
        rounding = 1 + 1e-6
        assert (matched[-1] * rounding >= exact).all()
        assert (em_kd(made, CLOUDS, leaf_size=8).value * rounding >= exact).all()
        for side in ("forward", "backward"):
            assert (exact * rounding >= chamfer(made, CLOUDS, squared=False, combine=side)).all()

    train(one, look=look, look_at=range(0, STEPS + 1, 2))
    assert len(matched) == 9
    assert matched[-1].mean() < matched[FIRST].mean()
