"""The experiment from its settings to its result: in turn, side by side, and stopped in between."""

import multiprocessing
import signal
import time
from dataclasses import replace

import numpy as np
import pytest
import torch

from pcl_lib.data import ReadError
from pcl_lib.distances import chamfer, emd
from pcl_lib.experiments.autoencoder.build import build
from pcl_lib.experiments.autoencoder.data import shapes
from pcl_lib.experiments.autoencoder.distances import live, record_cpu, run, tiny
from pcl_lib.experiments.autoencoder.evaluate import metrics, reconstruct
from pcl_lib.experiments.autoencoder.settings import METRICS
from pcl_lib.experiments.named_losses import autoencoder_loss
from pcl_lib.experiments.runner import training
from pcl_lib.experiments.runner.experiment import Run
from pcl_lib.experiments.runner.training import load_final_weights
from tests.experiments import stopped
from tests.experiments.alike import same


def test_the_result_has_every_run(in_turn):
    settings, _, result = in_turn
    assert [(*row.configuration, row.seed) for row in result.rows] == [
        (network, loss, seed)
        for seed in settings.seeds
        for network in settings.networks
        for loss in settings.losses
    ]
    for row in result.rows:
        assert tuple(row.metrics) == METRICS
        assert all(np.isfinite(value) and value > 0 for value in row.metrics.values())
        assert row.ms_per_step > 0
        assert row.metrics["EM-kD"] >= row.metrics["EMD"] - 1e-6
        if row.factors["loss"] == "CD":
            assert row.relative_cost == 1
    for curve in result.curves.values():
        assert curve.shape == (len(settings.seeds), settings.looks)
    assert result.logged_steps == [2, 4]
    n = settings.n_points
    assert result.previews["truth"].shape == (settings.shown, n, 3)
    assert result.previews["AE/augmented CD"].shape == (settings.shown, n, 3)
    assert result.previews["Folding/steps"].shape == (settings.looks, n, 3)
    assert result.data["name"] == "synthetic families airplane, chair, table"


def test_metrics_are_those_of_the_weights_that_are_kept(in_turn):
    settings, folder, result = in_turn
    one = Run(("Folding", "Sinkhorn"), 1)
    network = build(settings, "Folding", 0)
    load_final_weights(one.folder(folder), {"model": network})
    truth = shapes(settings).test
    made = reconstruct(network, truth)
    row = next(row for row in result.rows if (row.configuration, row.seed) == one)
    assert row.metrics["CD"] == pytest.approx(float(chamfer(made, truth).mean()), rel=1e-5)
    assert row.metrics["EMD"] == pytest.approx(float(emd(made, truth).value.mean()), rel=1e-5)
    assert metrics(settings, truth, truth, METRICS) == dict.fromkeys(METRICS, 0.0)


def test_seeds_start_from_other_weights_and_leave_the_callers_numbers():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    a, again, b = (build(tiny(), "AE", seed) for seed in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), before)
    weight = "decoder.layers.layers.0.weight"
    assert torch.equal(a.state_dict()[weight], again.state_dict()[weight])
    assert not torch.equal(a.state_dict()[weight], b.state_dict()[weight])


@pytest.mark.parametrize("loss", tiny().losses)
def test_losses_have_a_value_for_each_cloud_and_vanish_on_equal_clouds(loss):
    x, y = (torch.rand(2, 30, 3, generator=torch.Generator().manual_seed(seed)) for seed in (0, 1))
    function = autoencoder_loss(loss, blur=tiny().blur, scaling=tiny().scaling)
    assert function(x, x).abs().max() < 1e-6
    y.requires_grad_()
    value = function(y, x)
    assert value.shape == (2,)
    value.sum().backward()
    assert bool(torch.isfinite(y.grad).all())
    assert y.grad.abs().sum() > 0


@pytest.mark.slow
def test_the_losses_learn():
    settings = replace(
        tiny(),
        networks=("AE",),
        seeds=(0,),
        steps=60,
        n_points=32,
        learning_rate=1e-2,
        train_shapes=24,
        curve_measure="CD",
    )
    result = run(settings, device="cpu", progress=False)
    truth = shapes(settings).test
    untrained = chamfer(reconstruct(build(settings, "AE", 0), truth), truth).mean()
    for row in result.rows:
        assert row.metrics["CD"] < 0.7 * untrained, row.factors["loss"]


@pytest.mark.slow
def test_processes_side_by_side_give_the_same(in_turn, monkeypatch, tmp_path):
    settings, _, result = in_turn
    monkeypatch.setenv("PYTHONPATH", str(stopped.ROOT))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    same(run(settings, folder=tmp_path, device="cpu", progress=False, processes=2), result)


def test_what_is_finished_is_not_run_again(in_turn, monkeypatch):
    settings, folder, result = in_turn
    monkeypatch.setattr(training, "train", lambda *_: pytest.fail("trained again"))
    again = run(settings, folder=folder, device="cpu", progress=False)
    same(again, result)
    assert again.rows == result.rows


@pytest.mark.slow
def test_killed_and_resumed_it_ends_the_same(in_turn, monkeypatch, tmp_path):
    settings, _, result = in_turn
    monkeypatch.setenv("PYTHONPATH", str(stopped.ROOT))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.experiments.stopped"])
    for look in ("AE-EMD-0/look-000000002.npz", "Folding-CD-1/look-000000002.npz"):
        process = context.Process(target=stopped.run_until, args=(tmp_path, tmp_path / look))
        process.start()
        while not (tmp_path / look).exists():
            assert process.is_alive()
            time.sleep(0.001)
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        assert not (tmp_path / look).with_name("run.npz").exists(), "killed before its end"
    same(run(settings, folder=tmp_path, device="cpu", progress=False), result)


def test_stopped_between_the_last_look_and_the_result(in_turn, tmp_path):
    settings, _, result = in_turn
    settings = replace(settings, networks=("AE",), losses=("CD",), seeds=(0,))
    one = Run(("AE", "CD"), 0)
    first = run(settings, folder=tmp_path, device="cpu", progress=False)
    (one.folder(tmp_path) / "run.npz").unlink()
    same(run(settings, folder=tmp_path, device="cpu", progress=False), first)
    assert first.rows[0].metrics == result.rows[0].metrics


def test_a_folder_of_other_settings_is_refused(in_turn):
    settings, folder, _ = in_turn
    with pytest.raises(ValueError, match=r"holds a run of other settings .* choose another folder"):
        run(replace(settings, steps=5), folder=folder, device="cpu", progress=False)


def test_what_is_missing_for_real_shapes_is_said(monkeypatch, tmp_path):
    monkeypatch.delenv("PCL_DATA", raising=False)
    with pytest.raises(ReadError, match="PCL_DATA is not set"):
        run(record_cpu(), folder=tmp_path, progress=False)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"families": ()}, "families must be named"),
        ({"train_shapes": 191}, "be multiples of their number"),
        ({"data": "cars"}, 'data must be "airplanes" or "families", received \'cars\''),
    ],
)
def test_bad_data_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        shapes(replace(live(), **changes))


def test_unknown_devices_and_processes_are_refused():
    with pytest.raises(ValueError, match='device must be "auto", "cpu" or "cuda", received \'tpu\''):
        run(tiny(), device="tpu", progress=False)
    with pytest.raises(ValueError, match="processes must be at least 1, received 0"):
        run(tiny(), device="cpu", progress=False, processes=0)
