"""The experiments on gradient fields from their settings to their results."""

import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric

from pcl_lib.distances import chamfer, displacement, emd
from pcl_lib.experiments.gradient_fields import architecture, autoencoding, build, evaluate, excess, sparse
from pcl_lib.experiments.gradient_fields.data import dense, shapes
from pcl_lib.experiments.gradient_fields.rounds import Progress, Rounds, by_share
from pcl_lib.experiments.gradient_fields.settings import METRICS, MODELS, UNTRAINED, VARIANTS
from pcl_lib.experiments.runner.experiment import Run, runs_of
from pcl_lib.models import AtlasDecoder
from pcl_lib.trainers import Engine

CPU = torch.device("cpu")


class Counting:
    """A method that notes what it is given, and takes a moment for each step."""

    def __init__(self, moment=0.0):
        self.layer = torch.nn.Linear(1, 1)
        self.modules = {"layer": self.layer}
        self.optimizers = {"layer": torch.optim.SGD(self.layer.parameters(), lr=1.0)}
        self.moment, self.seen = moment, []

    def step(self, batch, index, engine):
        time.sleep(self.moment)
        self.seen.append((batch, index))
        engine.descend(self.layer.weight.square().sum())
        return {"loss": 0.0}


def rounds(task, **changes):
    progress = Progress(Run(("a",), 0))
    options = {
        "rounds": 4,
        "seconds": 0.0,
        "updates": 3,
        "shapes": 2,
        "points": 5,
        "pool": 7,
    } | changes
    return Rounds(task, progress, **options), progress


def engine_of(method):
    return Engine(method, Fabric(accelerator="cpu", devices=1), None, None)


POOLS = torch.arange(6)[:, None, None] + torch.arange(10)[None, :, None] / 100 + torch.zeros(6, 10, 2)


def test_a_round_has_so_many_updates_each_of_other_shapes_and_points_of_the_pool():
    task = Counting()
    method, progress = rounds(task)
    method.step(POOLS, torch.arange(6), engine_of(method))
    assert int(progress.updates) == len(task.seen) == 3
    assert sorted(int(i) for _, index in task.seen for i in index) == list(range(6)), (
        "each shape once in a pass"
    )
    for batch, index in task.seen:
        assert batch.shape == (2, 5, 2)
        assert torch.equal(batch[..., 0].floor().long(), index[:, None].expand(2, 5))
        assert (batch.remainder(1) < 0.065).all(), "of the first seven points of the pool alone"
    drawn = torch.stack([batch[0, :, 0] % 1 for batch, _ in task.seen])
    assert len(drawn.unique(dim=0)) > 1, "points are drawn anew in each step"


def test_with_moved_points_the_task_gets_pairs():
    task = Counting()
    method, _ = rounds(task, moved=2)
    method.step(POOLS, torch.arange(6), engine_of(method))
    (given, moved), _ = task.seen[0]
    assert torch.equal(moved, given[:, :2])


def test_by_the_clock_a_slow_task_has_fewer_updates():
    counts = []
    for moment in (0.001, 0.02):
        method, progress = rounds(Counting(moment), seconds=0.1)
        method.step(POOLS, torch.arange(6), engine_of(method))
        counts.append(int(progress.updates))
    assert counts[0] > 2 * counts[1] >= 2


def test_a_round_has_one_update_at_least():
    method, progress = rounds(Counting(), seconds=1e-9)
    method.step(POOLS, torch.arange(6), engine_of(method))
    assert int(progress.updates) == 1


def test_rates_fall_by_the_share_that_is_over():
    task = Counting()
    method, progress = rounds(task, rounds=2, updates=2)
    method.schedulers = {"layer": by_share(task.optimizers["layer"], progress)}
    engine, rates = engine_of(method), []
    for _ in range(2):
        method.step(POOLS, torch.arange(6), engine)
        engine.finish_step()
        rates.append(task.optimizers["layer"].param_groups[0]["lr"])
    # The last step of the first round begins at a quarter, that of the second at three quarters.
    assert rates == pytest.approx([1.0, 0.55])


def test_what_is_given_the_reference_and_the_oracle_share_no_point():
    data = shapes(autoencoding.tiny())
    for given, reference, again in zip(data.given, data.reference, data.again, strict=True):
        points = torch.cat([given, reference, again])
        assert len(points.unique(dim=0)) == len(points)
    assert data.pool.shape == (8, 64, 2)
    assert set(data.labels) <= set("0123456789")


def test_training_digits_are_no_test_digits():
    data = shapes(replace(autoencoding.tiny(), n_points=256, pool=256))
    apart = torch.stack([chamfer(data.reference, cloud.expand(3, -1, -1)) for cloud in data.pool])
    assert apart.min() > 3 * chamfer(data.again, data.reference).max()


def test_a_dense_sample_is_of_the_same_shapes_and_of_other_points():
    for settings in (architecture.tiny(), sparse.tiny()):
        many, data = dense(settings, 2, 500), shapes(settings)
        there = chamfer(data.reference[:2], many, squared=False, combine="forward")
        assert (there < 0.1).all()
        assert not torch.isin(many[0].flatten(), data.reference[0].flatten()).all()


def test_a_digit_has_no_mean_far_from_the_oracle():
    """The oracle is that of independent points: evenly spaced ones would make it several times smaller."""
    data = shapes(replace(autoencoding.tiny(), n_points=256))
    found = emd(data.again, data.reference).value.mean()
    assert 0.05 < found < 0.15


def test_a_seed_gives_every_model_the_same_encoder():
    settings = autoencoding.tiny()
    found = []
    for model in MODELS:
        if model in UNTRAINED:
            continue
        modules = build.method(settings, Run((model,), 0), CPU).modules
        encoder = modules["encoder"] if "encoder" in modules else modules["model"].encoder
        found.append(encoder.state_dict())
    assert all(torch.equal(found[0][name], each[name]) for each in found for name in found[0])


def test_atlasnet_in_the_plane_leaves_out_its_third_coordinate():
    torch.manual_seed(0)
    flat = build.Flat(4, 10, surface="sphere", widths=(8,)).eval()
    whole = AtlasDecoder(4, 10, surface="sphere", widths=(8,)).eval()
    whole.load_state_dict(flat.state_dict())
    code = torch.rand(2, 4)
    assert torch.equal(flat(code), whole(code)[..., :2])


def test_no_network_draws_from_the_points_that_are_given():
    settings = replace(autoencoding.tiny(), ladder=10)
    made = evaluate.made_of(settings, {"progress": Progress(Run(("no network",), 0))}, 3)
    given = shapes(settings).given
    assert chamfer(made, given, squared=False, combine="forward").max() < 0.05


def test_a_point_beyond_reach_is_brought_to_the_border():
    field = evaluate.within(lambda points, sigma: -points * sigma)
    points = torch.tensor([[0.5, 0.5], [1e30, 0.0]])
    assert torch.equal(points + field(points, 1.0), torch.zeros(2, 2))


def test_the_exact_field_of_the_dense_sample_has_no_excess(monkeypatch):
    settings = architecture.tiny()
    method = build.method(settings, Run(("abcd",), 0), CPU)
    truth = dense(settings, settings.excess_shapes, settings.dense)
    monkeypatch.setattr(
        method.modules["decoder"], "forward", lambda x, _, sigma: displacement(x, truth, sigma)
    )
    found = excess.excess(settings, method.modules)
    assert list(found.values()) == pytest.approx([0.0] * settings.ladder, abs=1e-6)
    monkeypatch.setattr(method.modules["decoder"], "forward", lambda x, *_: 0 * x)
    assert min(excess.excess(settings, method.modules).values()) > 0


@pytest.mark.slow
def test_autoencoding_has_every_run_and_repeats(tmp_path):
    settings = replace(autoencoding.tiny(), seeds=(0,))
    one, other = (
        autoencoding.run(settings, folder=tmp_path / name, device="cpu", progress=False) for name in "ab"
    )
    assert [(row.configuration, row.seed) for row in one.rows] == [tuple(run) for run in runs_of(settings)]
    for row, again in zip(one.rows, other.rows, strict=True):
        assert set(row.metrics) == {*METRICS, "updates"}
        assert row.metrics == again.metrics
        assert row.metrics["updates"] == (0 if row.configuration[0] in UNTRAINED else 4)
    assert one.previews["between"].shape == (5, 32, 2)
    assert one.previews["codes"].shape == (3, 4)
    np.testing.assert_allclose(
        one.previews["ShapeGF/shapes"][0].mean(1),
        [one.values(metric, "ShapeGF")[0] for metric in METRICS],
        rtol=1e-5,
    )


@pytest.mark.slow
def test_every_variant_is_another_network(tmp_path):
    settings = replace(architecture.tiny(), seeds=(0,))
    result = architecture.run(settings, folder=tmp_path, device="cpu", progress=False)
    found = [result.values("excess loss", variant)[0] for variant in VARIANTS]
    assert len(set(found)) == len(VARIANTS)


def test_cells_take_their_points_from_the_pool():
    settings = replace(sparse.tiny(), divisor=1, pool=10_000)
    row = settings.row(("3000 x 256",))
    assert (row.pool, row.given) == (3000, 256)
    assert settings.row(("no network x 128",)).given == 128
    method = build.method(replace(settings, loss_points=64), Run(("3000 x 256",), 0), CPU)
    assert (method.pool, method.points, method.moved) == (3000, 256, 64)
