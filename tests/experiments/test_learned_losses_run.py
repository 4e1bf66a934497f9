"""The experiments with learned losses from their settings to their results."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric

from pcl_lib.data import stack, synthetic
from pcl_lib.distances import auction, chamfer, dcd
from pcl_lib.experiments.learned_losses import build, codes, codes_parts, completion, completion_parts, table1
from pcl_lib.experiments.learned_losses.codes_settings import UNTRAINED
from pcl_lib.experiments.learned_losses.data import hold_back, shapes
from pcl_lib.experiments.learned_losses.evaluate import metrics, surface, unevenness
from pcl_lib.experiments.learned_losses.settings import METRICS
from pcl_lib.experiments.named_losses import LOSS_RATES, TABLE_LOSSES, table_loss
from pcl_lib.experiments.runner.experiment import Run, runs_of
from pcl_lib.experiments.runner.training import load_final_weights
from pcl_lib.losses import TrainableLoss
from pcl_lib.trainers import Engine, LearnedLoss

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def pair():
    generator = torch.Generator().manual_seed(0)
    return torch.rand(2, 40, 3, generator=generator), torch.rand(2, 40, 3, generator=generator)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return table1.run(table1.tiny(), folder=tmp_path_factory.mktemp("table1"), device="cpu", progress=False)


@pytest.mark.parametrize("loss", TABLE_LOSSES)
def test_each_name_is_a_loss_with_a_gradient_and_the_learned_ones_have_weights(loss, pair):
    made, truth = pair[0].clone().requires_grad_(), pair[1]
    found = table_loss(loss, anchors=16)
    found(made, truth).mean().backward()
    assert torch.isfinite(made.grad).all()
    assert made.grad.abs().max() > 0
    assert isinstance(found, TrainableLoss) == (loss in LOSS_RATES)


def test_the_conventions_of_the_closed_forms(pair):
    y, x = pair
    torch.testing.assert_close(table_loss("CD")(y, x), chamfer(y, x))
    torch.testing.assert_close(
        table_loss("CD lengths")(y, x), chamfer(y, x, squared=False) / 2, rtol=1e-6, atol=0
    )
    torch.testing.assert_close(table_loss("EMD")(y, x), auction(y, x).value)
    torch.testing.assert_close(
        table_loss("DCD")(y, x), dcd(y, x, alpha=200.0, n_lambda=0.5, form="released"), rtol=1e-6, atol=0
    )


@pytest.mark.parametrize("loss", ["CD", "PUD", "CALoss"])
def test_a_step_moves_the_network_and_the_loss_that_has_weights(loss):
    settings = replace(
        table1.tiny(),
        configurations=(("AE", "CD lengths"), ("AE", loss)),
        rates=(("CD lengths", 1e-3), (loss, 1e-3)),
    )
    method = build.method(settings, Run(("AE", loss), 0), CPU)
    before = {name: [p.clone() for p in module.parameters()] for name, module in method.modules.items()}
    engine = Engine(method, Fabric(accelerator="cpu", devices=1), None, None)
    batch = shapes(settings).train[:4]
    method.step(batch, torch.arange(4), engine)
    assert isinstance(method, LearnedLoss) == (loss in LOSS_RATES)
    assert set(before) == ({"model", "loss"} if loss in LOSS_RATES else {"model"})
    for name, module in method.modules.items():
        assert any(not torch.equal(a, b) for a, b in zip(before[name], module.parameters(), strict=True)), (
            name
        )


def test_rates_are_those_of_the_settings_and_of_the_loss():
    settings = replace(table1.tiny(), rates=tuple((loss, 0.25) for loss in table1.LOSSES))
    method = build.method(settings, Run(("AE", "PCLoss"), 0), CPU)
    # The warm-up begins with a twentieth.
    assert method.optimizers["model"].param_groups[0]["lr"] == pytest.approx(0.25 / 20)
    assert method.optimizers["loss"].param_groups[0]["lr"] == pytest.approx(LOSS_RATES["PCLoss"] / 20)


def test_a_seed_gives_the_same_network_under_all_losses():
    settings = table1.tiny()
    one, other, another = (
        build.build(settings, "AE", loss, seed)[0].state_dict()
        for loss, seed in (("CD", 0), ("CALoss", 0), ("CD", 1))
    )
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert any(not torch.equal(one[name], another[name]) for name in one)


def test_shapes_held_back_are_of_the_training_split_and_not_trained_with():
    settings = table1.tiny()
    whole = shapes(settings)
    search = shapes(replace(settings, held_back=4))
    assert (len(search.train), len(search.test)) == (8, 4)

    def rows(clouds):
        return {cloud.numpy().tobytes() for cloud in clouds}

    assert rows(search.test) <= rows(whole.train)
    assert rows(search.train) | rows(search.test) == rows(whole.train)
    assert not rows(search.test) & (rows(search.train) | rows(whole.test))
    assert search.checksum != whole.checksum
    kept, held = hold_back(torch.arange(9), 2, 1)
    assert sorted([*kept.tolist(), *held.tolist()]) == list(range(9))


def test_all_clouds_lie_in_the_unit_ball():
    for clouds in shapes(table1.tiny())[:2]:
        torch.testing.assert_close(clouds.norm(dim=-1).amax(-1), torch.ones(len(clouds)))


@pytest.mark.slow
def test_the_result_has_every_run_and_every_metric(trained):
    settings = table1.tiny()
    assert [(row.configuration, row.seed) for row in trained.rows] == [
        tuple(run) for run in runs_of(settings)
    ]
    for row in trained.rows:
        assert tuple(row.metrics) == METRICS
        assert all(np.isfinite(value) for value in row.metrics.values())
    assert trained.curves["AE", "CALoss"].shape == (2, len(settings.logged_steps))


@pytest.mark.slow
def test_previews_tell_outputs_of_runs_apart(trained):
    apart = trained.previews["apart"]
    assert apart.shape == (len(trained.rows),) * 2
    np.testing.assert_array_equal(apart, apart.T)
    assert (np.diagonal(apart) == 0).all()
    # Two seeds are further apart than two losses after four steps.
    assert apart[0, 4] > apart[0, 1] > 0
    for loss in table1.LOSSES:
        assert trained.previews[f"AE/{loss}"].shape == (2, 64, 3)
        assert trained.previews[f"AE/{loss}/steps"].shape == (len(trained.logged_steps), 64, 3)


def test_metrics_are_zero_for_the_truth_and_in_their_units():
    settings, truth = table1.tiny(), shapes(table1.tiny()).test
    found = metrics(settings, truth, truth, METRICS)
    assert all(found[name] == pytest.approx(0, abs=1e-6) for name in METRICS if name != "uniformity")
    moved = metrics(settings, truth + torch.tensor([0.01, 0.0, 0.0]), truth, ("CD", "CD lengths", "EMD"))
    assert moved["EMD"] == pytest.approx(0.01, rel=1e-3)
    assert moved["CD lengths"] <= moved["EMD"] * 1.001
    assert moved["CD"] <= 2 * 0.01**2 * 1.001


def test_the_surface_of_random_points_of_a_square():
    points = torch.rand(1, 4000, 2, generator=torch.Generator().manual_seed(0))
    flat = torch.cat((3 * points, torch.zeros(1, 4000, 1)), -1)
    assert surface(flat).item() == pytest.approx(9, rel=0.05)


def test_clumps_are_less_even_than_random_points():
    generator = torch.Generator().manual_seed(0)
    points = torch.rand(1, 400, 2, generator=generator)
    flat = torch.cat((points, torch.zeros(1, 400, 1)), -1)
    clumps = torch.cat(((10 * points).round() / 10 + 0.02 * points, torch.zeros(1, 400, 1)), -1)
    assert unevenness(clumps, flat, (0.05,)).item() > 2 * unevenness(flat, flat, (0.05,)).item()


@pytest.fixture(scope="module")
def classified(tmp_path_factory):
    settings = replace(codes.tiny(), seeds=(1,), cost_steps=0)
    folder = tmp_path_factory.mktemp("codes")
    return settings, folder, codes.run(settings, folder=folder, device="cpu", progress=False)


@pytest.mark.slow
def test_the_control_keeps_its_weights(classified):
    settings, folder, _ = classified
    run = Run(("AE", UNTRAINED), 1)
    method = codes_parts.method(settings, run, CPU)
    start = [p.clone() for p in method.modules["model"].parameters()]
    load_final_weights(run.folder(folder), method.modules)
    assert all(torch.equal(a, b) for a, b in zip(start, method.modules["model"].parameters(), strict=True))


@pytest.mark.slow
def test_a_strength_chosen_by_the_test_is_never_worse(classified):
    _, _, result = classified
    for row in result.rows:
        assert 0 < row.metrics["accuracy"] <= row.metrics["accuracy at the best C"] <= 1
    assert 0 < result.previews["box"] < 1


def test_a_strength_is_chosen_without_the_test_part():
    # Codes that are pure noise: the best of seven on the test part is above chance, the chosen one is not.
    settings = replace(codes.tiny(), folds=4, strengths=(1e-4, 1e-2, 1.0, 1e2))
    random = np.random.default_rng(0)
    code, labels = random.standard_normal((80, 6)), np.repeat(["a", "b"], 40)
    chosen, best = codes_parts.accuracies(settings, code, labels)
    assert abs(chosen - 0.5) < 0.15
    assert best >= chosen
    easy = code + 8 * (labels == "a")[:, None]
    assert codes_parts.accuracies(settings, easy, labels) == (1.0, 1.0)


def test_families_have_three_coordinates_and_their_names_for_labels():
    settings = replace(codes.tiny(), data="families", families=("chair", "mug"), shapes=4)
    found = codes_parts.labelled(settings)
    assert found.clouds.shape == (4, 32, 3)
    assert sorted(set(found.labels.tolist())) == ["chair", "mug"]


def test_only_the_last_stage_has_the_named_loss():
    settings = completion.tiny()
    stages = completion_parts.views_of(settings).training.tensors
    values = {}
    for loss in completion.LOSSES:
        method = completion_parts.method(settings, Run(("PCN", loss), 0), CPU)
        task = getattr(method, "method", method)
        model = method.modules["model"]
        coarse, fine = model(stages[0][:4])
        last = method.modules.get("loss", table_loss("CD lengths"))
        values[loss] = task.loss((coarse, fine), stages[0][:4], stages[1][:4], 0)
        early = chamfer(coarse, stages[1][:4], squared=False, combine="mean")
        torch.testing.assert_close(
            values[loss], early + 0.01 * last(fine, stages[1][:4]), rtol=1e-5, atol=1e-7
        )
    assert not torch.allclose(values["CD lengths"], values["CALoss"])


def test_a_weight_is_of_the_learned_loss_and_an_extent_of_the_sheet():
    settings = completion.tiny()
    weighed = replace(settings, weight=0.25, pcn_extent=0.5)
    partial, truth = (clouds[:4] for clouds in completion_parts.views_of(settings).training.tensors)
    for loss, expected in (("CD lengths", 1.0), ("CALoss", 0.25)):
        plain, other = (completion_parts.method(of, Run(("PCN", loss), 0), CPU) for of in (settings, weighed))
        assert (plain.modules["model"].extent, other.modules["model"].extent) == (0.05, 0.5)
        stages = plain.modules["model"](partial)
        early = chamfer(stages[0], truth, squared=False, combine="mean")
        last, scaled = (
            getattr(method, "method", method).loss(stages, partial, truth, settings.steps) - early
            for method in (plain, other)
        )
        torch.testing.assert_close(scaled, expected * last, rtol=1e-4, atol=1e-6)


@pytest.mark.slow
def test_completion_has_every_run(tmp_path):
    settings = replace(completion.tiny(), seeds=(0,))
    result = completion.run(settings, folder=tmp_path, device="cpu", progress=False)
    assert [(row.configuration, row.seed) for row in result.rows] == [tuple(run) for run in runs_of(settings)]
    assert all(set(row.metrics) == {"MCD", "HD", "CD lengths", "CD"} for row in result.rows)
    assert result.previews["PCN/CALoss"].shape == (2, 64, 3)


def test_a_completion_set_may_be_held_back():
    settings = replace(completion.tiny(), held_back=3)
    found = completion_parts.views_of(settings)
    assert (len(found.training), len(found.held_out.partial)) == (6, 3)
    truth = stack(synthetic.dataset(settings.families, 1, settings.n_shape, seed=1))
    assert not any(torch.isin(found.held_out.complete[k], truth).all() for k in range(3))
