"""The experiments on completion from their settings to their results."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from pcl_lib.data import ReadError
from pcl_lib.distances import auction
from pcl_lib.experiments.completion import losses as completion_losses
from pcl_lib.experiments.completion import networks as completion_networks
from pcl_lib.experiments.completion.build import build, method, objective
from pcl_lib.experiments.completion.data import load_pairs
from pcl_lib.experiments.completion.evaluate import complete, equal_density_f1, spread
from pcl_lib.experiments.completion.settings import LOSSES, NETWORKS, TWO_SIDED
from pcl_lib.experiments.named_losses import completion_loss
from pcl_lib.experiments.runner import training
from pcl_lib.experiments.runner.experiment import Run
from pcl_lib.experiments.runner.training import load_final_weights
from tests.experiments import stopped
from tests.experiments.alike import same

EACH = ("CD-L2", "F1", "F1 at equal density")
METRICS = (
    "CD-L1",
    *EACH,
    *(f"{name} {difficulty}" for difficulty in ("simple", "moderate", "hard") for name in EACH),
)


def clouds(seed, n=24, b=2):
    return torch.rand(b, n, 3, generator=torch.Generator().manual_seed(seed))


def lengths(x, y):
    """Nearest distances both ways, without the library."""
    d = torch.cdist(x.double(), y.double(), compute_mode="donot_use_mm_for_euclid_dist")
    return d.amin(2), d.amin(1)


@pytest.mark.slow
def test_the_result_of_one_network_and_some_losses(losses_in_turn):
    settings, _, result = losses_in_turn
    assert [(*row.configuration, row.seed) for row in result.rows] == [
        ("PCN", loss, seed) for seed in settings.seeds for loss in settings.losses
    ]
    for row in result.rows:
        assert set(row.metrics) == {*METRICS, "CD-L1 airplane", "CD-L1 chair", "CD-L1 lamp"}
        assert all(np.isfinite(value) and value >= 0 for value in row.metrics.values())
        each = [row.metrics[f"CD-L1 {family}"] for family in settings.families]
        assert row.metrics["CD-L1"] == pytest.approx(np.mean(each))
    n, m = settings.n_points, settings.n_partial
    assert result.previews["truth"].shape == (settings.shown, n, 3)
    assert result.previews["partial"].shape == (settings.shown, m, 3)
    assert result.previews["PCN/EMD"].shape == (settings.shown, n, 3)
    assert result.previews["PCN/steps"].shape == (settings.looks, n, 3)
    assert result.previews["distances/PCN/CD sums"].shape == (1001,)
    assert not any(name.startswith("lidar") for name in result.previews)
    assert result.curve_measure == "CD-L1"
    assert result.curves["PCN", "HyperCD"].shape == (len(settings.seeds), settings.looks)
    assert result.data["name"] == "synthetic families airplane, chair, lamp"


@pytest.mark.slow
def test_the_result_of_all_networks(networks_in_turn):
    settings, _, result = networks_in_turn
    assert result.table("Fidelity").keys() == {(n, loss) for n in NETWORKS for loss in settings.losses}
    for network in NETWORKS:
        assert result.previews[f"{network}/steps"].shape == (settings.looks, settings.n_points, 3)
        assert result.previews[f"lidar/{network}/Landau CD"].shape[1:] == (settings.n_points, 3)
    assert result.previews["lidar/partial"].shape == (2, settings.n_partial, 3)
    assert len(load_pairs(settings).cars) == settings.train_shapes // len(settings.families)
    mean, deviation = result.table("MMD")["PCN", "CD"]
    assert mean > 0
    assert np.isfinite(deviation)


@pytest.mark.slow
def test_metrics_are_those_of_the_weights_that_are_kept(losses_in_turn):
    settings, folder, result = losses_in_turn
    one = Run(("PCN", "HyperCD"), 1)
    network = build(settings, "PCN", 0)
    load_final_weights(one.folder(folder), {"model": network})
    row = next(row for row in result.rows if (row.configuration, row.seed) == one)
    data = load_pairs(settings)
    there, back = lengths(complete(network, data.views.partial), data.views.complete)
    half_sum = (there.mean(-1) + back.mean(-1)) / 2
    assert row.metrics["CD-L1"] == pytest.approx(1000 * float(half_sum.mean()), rel=1e-5)
    assert row.metrics["CD-L1 chair"] == pytest.approx(1000 * float(half_sum[1]), rel=1e-5)
    there, back = lengths(complete(network, data.crops["hard"].partial), data.crops["hard"].complete)
    squares = there.square().mean(-1) + back.square().mean(-1)
    assert row.metrics["CD-L2 hard"] == pytest.approx(1000 * float(squares.mean()), rel=1e-5)
    assert network.training


@pytest.mark.slow
def test_quantiles_are_of_all_nearest_distances(losses_in_turn):
    settings, folder, result = losses_in_turn
    network = build(settings, "PCN", 0)
    load_final_weights(Run(("PCN", "CD"), 0).folder(folder), {"model": network})
    data = load_pairs(settings)
    every = torch.cat(
        [way.flatten() for way in lengths(complete(network, data.views.partial), data.views.complete)]
    )
    kept = result.previews["distances/PCN/CD"]
    assert (np.diff(kept) >= 0).all()
    assert kept[[0, 500, -1]] == pytest.approx(
        [float(every.min()), float(np.median(every)), float(every.max())], rel=2e-3
    )


def test_f1_at_equal_density_is_f1_at_1_percent_on_16384_points():
    settings = completion_networks.tiny()
    x = torch.zeros(1, 1, 3)
    for distance, found in ((0.159, 1.0), (0.161, 0.0)):  # 0.01 sqrt(16384 / 64) = 0.16
        assert equal_density_f1(settings, x, x + torch.tensor([distance, 0, 0])).item() == found


def test_training_pairs_are_half_views_half_crops_of_other_shapes_than_the_test():
    settings = completion_losses.tiny()
    data = load_pairs(settings)
    partial, complete_clouds = data.training.tensors
    assert len(partial) == 2 * settings.views * settings.train_shapes
    half = len(partial) // 2
    assert torch.equal(complete_clouds[:half], complete_clouds[half:])
    assert not torch.equal(partial[:half], partial[half:])
    assert not any(torch.equal(a, b) for a in complete_clouds for b in data.views.complete)
    assert data.categories == ("airplane", "chair", "lamp")
    assert [len(pairs.partial) for pairs in data.crops.values()] == [settings.test_shapes] * 3


def test_what_is_shown_is_spread_over_the_families():
    assert spread(torch.arange(15), 5).tolist() == [0, 3, 6, 9, 12]
    assert spread(torch.arange(2), 5).tolist() == [0, 1]


@pytest.mark.parametrize("loss", LOSSES)
def test_losses_have_a_value_for_each_cloud_and_a_gradient(loss):
    x, y = clouds(0), clouds(1, n=12).requires_grad_()
    value = completion_loss(loss)(y, x)
    assert value.shape == (2,)
    value.sum().backward()
    assert bool(torch.isfinite(y.grad).all())
    assert y.grad.abs().sum() > 0
    if loss != "InfoCD":  # its contrast is not zero for equal clouds
        assert completion_loss(loss)(x, x).abs().max() < 1e-3


@pytest.mark.parametrize("loss", [loss for loss in LOSSES if loss not in TWO_SIDED])
def test_one_sided_losses_let_the_second_cloud_have_more(loss):
    x = clouds(0)
    assert completion_loss(loss, one_sided=True)(x[:, :12], x).abs().max() < 1e-3
    assert (completion_loss(loss, one_sided=True)(x, x[:, :12]) > 1e-3).all()


def test_emd_holds_a_stage_against_as_many_farthest_points():
    coarse, truth = clouds(0, n=6), clouds(1)
    assert torch.equal(completion_loss("EMD")(coarse, truth), auction(coarse, truth[:, :6]).value)


def test_sums_change_the_balance_of_the_stages_and_nothing_else():
    settings = completion_losses.tiny()
    coarse, fine, truth = clouds(0, n=4), clouds(1, n=16), clouds(2, n=16)
    last = settings.steps - 1  # the weight of the fine stage is 1

    def value(loss):
        return objective(settings, "PCN", loss)((coarse, fine), truth, truth, last).double()

    (a, b), (c, d) = lengths(coarse, truth), lengths(fine, truth)
    assert torch.allclose(value("CD"), a.mean(-1) + b.mean(-1) + c.mean(-1) + d.mean(-1), rtol=1e-5)
    assert torch.allclose(value("CD sums"), (a.sum(-1) + b.sum(-1) + c.sum(-1) + d.sum(-1)) / 2, rtol=1e-5)


def test_all_losses_start_from_the_same_weights():
    settings = completion_losses.tiny()
    made = [method(settings, Run(("PCN", loss), 0), torch.device("cpu")) for loss in ("CD", "EMD")]
    a, b = (trained.modules["model"].state_dict() for trained in made)
    assert all(torch.equal(a[name], b[name]) for name in a)
    other = build(settings, "PCN", 1).state_dict()
    assert not all(torch.equal(a[name], other[name]) for name in a)


@pytest.mark.slow
@pytest.mark.parametrize("network", NETWORKS)
def test_the_networks_learn(network):
    settings = replace(
        completion_networks.tiny(),
        networks=(network,),
        losses=("CD",),
        seeds=(0,),
        steps=60,
        learning_rate=1e-2,
        attn_learning_rate=5e-3,
    )
    result = completion_networks.run(settings, device="cpu", progress=False)
    data = load_pairs(settings)
    there, back = lengths(complete(build(settings, network, 0), data.views.partial), data.views.complete)
    untrained = 500 * float((there.mean(-1) + back.mean(-1)).mean())
    assert result.rows[0].metrics["CD-L1"] < 0.75 * untrained


@pytest.mark.slow
def test_processes_side_by_side_give_the_same(losses_in_turn, monkeypatch, tmp_path):
    settings, _, result = losses_in_turn
    monkeypatch.setenv("PYTHONPATH", str(stopped.ROOT))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    same(completion_losses.run(settings, folder=tmp_path, device="cpu", progress=False, processes=2), result)


@pytest.mark.slow
def test_stopped_and_resumed_it_ends_the_same(networks_in_turn, monkeypatch, tmp_path):
    settings, _, result = networks_in_turn
    write, left = training.write_arrays, [10]

    def until_stopped(path, arrays):
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt
        write(path, arrays)

    with monkeypatch.context() as patch:
        patch.setattr(training, "write_arrays", until_stopped)
        with pytest.raises(KeyboardInterrupt):
            completion_networks.run(settings, folder=tmp_path, device="cpu", progress=False)
    assert 0 < len(list(tmp_path.glob("*/run.npz"))) < len(result.rows)
    same(completion_networks.run(settings, folder=tmp_path, device="cpu", progress=False), result)


def test_what_is_missing_for_real_shapes_is_said(monkeypatch, tmp_path):
    monkeypatch.delenv("PCL_DATA", raising=False)
    with pytest.raises(ReadError, match="PCL_DATA is not set"):
        completion_losses.run(completion_losses.record_cpu(), folder=tmp_path, progress=False)
    with pytest.raises(ValueError, match="be multiples of their number"):
        load_pairs(replace(completion_losses.tiny(), train_shapes=7))
