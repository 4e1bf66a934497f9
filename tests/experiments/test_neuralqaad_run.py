"""The experiments of NeuralQAAD from their settings to their results."""

from dataclasses import replace

import pytest
import torch
from lightning_fabric import Fabric

from pcl_lib.data import ReadError
from pcl_lib.experiments.neuralqaad import build, data, design, evaluate, network_report, sampling, table1
from pcl_lib.experiments.neuralqaad.published import ATLAS, CHAMFER, GREEDY, OURS, RANDOM
from pcl_lib.experiments.neuralqaad.settings import (
    ALONE,
    ASSIGNED,
    AWAY,
    EM_KD,
    FLOOR,
    MEAN_START,
    PCA,
    PER_CENT,
    PLACE,
    QUADRATIC,
    SEAM,
    TRUE,
    USUAL,
)
from pcl_lib.experiments.runner.experiment import Run, runs_of
from pcl_lib.trainers import Engine

CPU = torch.device("cpu")
TINY = table1.tiny()


def run_of(row, seed=0, settings=TINY):
    return build.method(settings, Run(("figures", row), seed), CPU)


def test_clouds_do_not_come_in_one_order():
    """A random assignment of clouds in shared order would be learnt: it would be the same for all."""
    of = data.load(TINY, "figures")
    orders = {tuple(row) for row in of.places.tolist()}
    assert len(orders) == TINY.shapes
    for cloud, places, truth in zip(of.clouds, of.places, of.truth, strict=True):
        assert torch.equal(truth[places], cloud)


def test_one_frame_for_all_clouds():
    of = data.load(TINY, "figures")
    sizes = (of.truth.amax(1) - of.truth.amin(1)).amax(1)
    assert sizes.max() <= 2.001
    assert sizes.min() < 0.98 * sizes.max(), "each cloud normalised by itself would hide how sizes differ"
    assert of.deviation == pytest.approx(float((of.truth - of.truth.mean(0)).norm(dim=-1).mean()))


def test_fresh_places_are_those_of_no_other_cloud():
    settings = replace(TINY, mode="independent")
    of = data.load(settings, "figures")
    assert of.places is None
    apart = torch.cdist(of.clouds[0], of.truth[0]).min(1).values
    assert apart.min() > 0
    known = data.given(settings, settings.row(("figures", TRUE)))
    assert torch.equal(known.clouds, of.truth)
    assert torch.equal(data.given(settings, settings.row(("figures", OURS))).clouds, of.clouds)


def test_faces_need_their_file(monkeypatch):
    monkeypatch.delenv("PCL_DATA", raising=False)
    data._load.cache_clear()
    with pytest.raises(ReadError, match="PCL_DATA is not set"):
        data.origin(replace(TINY, sets=("faces",)))


@pytest.mark.parametrize("mode", ["shuffled", "independent"])
def test_the_true_assignment_sends_each_point_to_its_place(mode):
    settings = replace(TINY, mode=mode)
    run = Run(("figures", TRUE), 1)
    of = data.given(settings, settings.row(run.configuration))
    network, first = build.network(settings, run), data.first_shape(settings, run)
    assignment = build.true_assignment(of, network, first)
    assert torch.equal(of.clouds[first][assignment[first]], network.input_cloud.detach())
    places = of.places.gather(1, assignment)
    assert torch.equal(places, places[:1].expand_as(places)), "a point is of one place in every cloud"
    assert torch.equal(assignment.sort(1).values, torch.arange(64).expand(6, -1))


def test_a_seed_gives_all_rows_the_same_encoder_and_network():
    encoders = [run_of(row).modules["encoder"].state_dict() for row in (ATLAS, CHAMFER, *ASSIGNED)]
    networks = [run_of(row).modules["model"].state_dict() for row in (CHAMFER, *ASSIGNED)]
    for states in (encoders, networks):
        assert all(torch.equal(states[0][name], each[name]) for each in states for name in states[0])
    other = run_of(OURS, seed=1).modules["model"]
    assert not torch.equal(other.codes.weight, networks[0]["codes.weight"])


def test_rows_are_options_of_one_method():
    found = {row: run_of(row).task for row in ASSIGNED}
    assert {row: (task.start, task.reassignment) for row, task in found.items()} == build.ASSIGNMENTS
    assert not any(found[row].reassignment for row in (RANDOM, GREEDY, TRUE))
    assert all(found[row].reassignment for row in (OURS, ALONE))
    for row, task in found.items():
        assert task.first == TINY.pretraining_steps == 2, row
    for row in (ATLAS, CHAMFER):
        assert run_of(row).task.first == TINY.steps, "by the augmented Chamfer distance to the end"


def test_a_run_is_handed_the_clouds_of_its_own_set():
    method = run_of(OURS)
    seen = []
    method.task.step = lambda batch, index, _: seen.append((batch, index)) or {}
    index = torch.tensor([4, 0])
    method.step(torch.zeros(2), index, Engine(method, Fabric(accelerator="cpu", devices=1), None, None))
    assert torch.equal(seen[0][0], data.load(TINY, "figures").clouds[index])


def test_codes_are_of_the_encoder_first_and_of_the_table_then():
    method = run_of(OURS)
    rows = torch.arange(3)
    before = evaluate.codes(TINY, method.modules, rows)
    assert not torch.equal(before, method.modules["model"].codes.weight[rows])
    method.modules["assignments"].begun.fill_(2)
    assert torch.equal(evaluate.codes(TINY, method.modules, rows), method.modules["model"].codes.weight[rows])


def test_a_perfect_network_has_no_error():
    """Reconstruction is measured by EM-kD on all points, not on a sample and not through the assignment."""
    modules = run_of(FLOOR).modules
    of, rows = data.load(TINY, "figures"), data.evaluated_rows(TINY, 3)
    assert (evaluate.matched(TINY, of.truth[rows], of.clouds[rows], leaf_size=64) < 1e-6).all()
    made = evaluate.made_of(TINY, modules, rows)
    assert made.shape == (3, 64, 3)
    assert (evaluate.matched(TINY, made, of.clouds[rows]) > 1e-3).all()


def test_the_true_assignment_keeps_neighbours_and_a_random_one_does_not():
    costs = {}
    for row in (TRUE, RANDOM):
        method = run_of(row)
        if row == RANDOM:
            for k in range(TINY.shapes):
                method.modules["assignments"].set(
                    k, torch.randperm(64, generator=torch.Generator().manual_seed(k))
                )
        costs[row] = evaluate.assignment_cost(TINY, method.modules)
    assert costs[TRUE] < 0.8 * costs[RANDOM]


def test_a_start_of_several_shapes_lies_between_them():
    settings = design.tiny()
    one, mean = (build.input_start(settings, Run(("figures", row), 0)) for row in (USUAL, MEAN_START))
    truth = data.load(settings, "figures").truth
    assert one.shape == mean.shape == (128, 3)
    assert any(torch.equal(one, cloud) for cloud in data.load(settings, "figures").clouds)
    assert (mean.amax(0) - mean.amin(0)).max() < (truth.amax(1) - truth.amin(1)).max()


@pytest.mark.slow
def test_table_1_has_every_run_and_repeats(tmp_path):
    settings = replace(TINY, seeds=(0,))
    one, other = (table1.run(settings, folder=tmp_path / name, device="cpu", progress=False) for name in "ab")
    assert [(row.configuration, row.seed) for row in one.rows] == [tuple(run) for run in runs_of(settings)]
    for row, again in zip(one.rows, other.rows, strict=True):
        method = row.configuration[1]
        assert row.metrics == again.metrics
        assert {EM_KD, EM_KD + PER_CENT} <= row.metrics.keys()
        assert (PLACE in row.metrics) == (method != FLOOR)
        assert (QUADRATIC in row.metrics) == (method in ASSIGNED)
        assert (AWAY in row.metrics) == (method in (CHAMFER, *ASSIGNED))
        assert (SEAM in row.metrics) == (method not in (PCA, FLOOR))
    assert one.previews["figures/truth"].shape == (1, 32, 3)
    assert one.previews[f"figures/{OURS}/steps"].shape == (2, 2, 32, 3)
    assert one.previews[f"figures/{OURS}/shapes"].shape == (1, 2, 3)
    assert "3 rows" in network_report.reconstructions(one, "figures").text
    assert "by patch" in network_report.input_clouds(one, "figures", patches=4).text
    assert "over training" in network_report.over_training(one, "figures").text
    assert network_report.cloud(one, "figures", "truth").shape == (32, 3)


@pytest.mark.slow
@pytest.mark.parametrize("module", [design, sampling])
def test_every_configuration_is_another_training(module):
    settings = replace(module.tiny(), seeds=(0,))
    result = module.run(settings, device="cpu", progress=False)
    found = [row.metrics[EM_KD] for row in result.rows]
    assert len(set(found)) == len(settings.configurations)
