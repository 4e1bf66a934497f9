"""The runner knows factors and seeds, and nothing of what they stand for."""

import pytest
import torch

from pcl_lib.experiments import record as records
from pcl_lib.experiments.record import read_record, write_record
from pcl_lib.experiments.runner import training
from pcl_lib.experiments.runner.experiment import Run, runs_of
from pcl_lib.experiments.runner.provenance import source_of
from pcl_lib.experiments.runner.run import run_experiment
from tests.experiments import toy


@pytest.fixture(scope="module")
def result():
    return run_experiment(toy.EXPERIMENT, toy.Settings(), device="cpu", progress=False)


def test_factors_are_named_and_every_configuration_is_run(result):
    assert result.configurations == toy.Settings().configurations
    assert [dict(row.factors) for row in result.rows[:2]] == [
        {"power": "2", "bias": "with", "data": "uniform"},
        {"power": "2", "bias": "without", "data": "uniform"},
    ]
    assert result.curves["4", "with", "uniform"].shape == (2, 2)


def test_without_a_baseline_and_timed_steps_there_is_no_relative_cost(result):
    assert all(row.relative_cost is None for row in result.rows)
    with pytest.raises(
        ValueError, match="metric must be one of error, ms_per_step, received 'relative_cost'"
    ):
        result.table("relative_cost")


def test_steps_are_timed_where_the_settings_say_so(tmp_path):
    settings = toy.Settings(cost_steps=2)
    run_experiment(toy.EXPERIMENT, settings, folder=tmp_path, device="cpu", progress=False)
    assert (tmp_path / "costs.json").exists()


def test_every_module_is_measured_with_its_final_weights(result):
    """The second layer trains in the second half alone: the last of the curve is the metric, and both halves moved."""
    for row in result.rows:
        curve = result.curves[row.configuration][row.seed]
        assert row.metrics["error"] == pytest.approx(curve[-1])
        assert curve[0] != curve[1]


def test_recorded_presets_have_names_of_their_own(result, code, tmp_path, monkeypatch):
    monkeypatch.setattr(records, "experiment", lambda _: toy.EXPERIMENT)
    source, folder = source_of(tmp_path / "out", folder=code), tmp_path / "records"
    more = toy.EXPERIMENT.presets["record-more"]()
    larger = run_experiment(toy.EXPERIMENT, more, device="cpu", progress=False)
    write_record("toy", "record", toy.Settings(), result, source, folder=folder)
    write_record("toy", "record-more", more, larger, source, folder=folder)
    assert sorted(path.name for path in folder.glob("*.json")) == ["toy-more.json", "toy.json"]
    read = read_record("toy", folder).result
    assert read.rows == result.rows
    assert read.configurations == result.configurations
    assert [len(read_record(name, folder).seeds) for name in ("toy", "toy-more")] == [2, 3]


def test_a_folder_is_named_after_its_run(tmp_path):
    assert Run(("4", "with", "a set"), 1).folder(tmp_path) == tmp_path / "4-with-a-set-1"
    assert str(Run(("4", "with"), 1)) == "4 with 1"


@pytest.mark.parametrize(("powers", "seeds", "processes"), [(("2",), (0, 1), 1), (("2",), (0,), 2)])
def test_one_process_or_one_run_starts_no_other_process(powers, seeds, processes, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "ProcessPoolExecutor", lambda *_, **__: pytest.fail("started processes"))
    settings, folder = toy.Settings(powers=powers, seeds=seeds), tmp_path / "a" / "new" / "folder"
    options = {"folder": folder, "device": "cpu", "progress": False}
    run_experiment(toy.EXPERIMENT, settings, **options)
    last = runs_of(settings)[-1].folder(folder) / training.RESULT
    last.unlink()
    run_experiment(toy.EXPERIMENT, settings, processes=processes, **options)
    assert last.exists()


def test_it_runs_on_the_threads_that_it_found(result):
    before = torch.get_num_threads()
    run_experiment(toy.EXPERIMENT, toy.Settings(powers=("2",), seeds=(0,)), device="cpu", progress=False)
    assert torch.get_num_threads() == before
