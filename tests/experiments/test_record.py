"""Records are written whole or not at all, from committed code, and stale ones are found."""

import json
import subprocess
from dataclasses import replace

import numpy as np
import pytest

from pcl_lib.experiments import record as records
from pcl_lib.experiments.__main__ import main
from pcl_lib.experiments.autoencoder.distances import EXPERIMENT, tiny
from pcl_lib.experiments.catalogue import EXPERIMENTS, experiment
from pcl_lib.experiments.record import StaleRecord, digest_of, read_record, verify, write_record
from pcl_lib.experiments.runner.provenance import Source, source_of
from pcl_lib.experiments.runner.run import run_experiment
from tests.experiments.conftest import git

NAME = EXPERIMENT.name
FIELDS = (
    "experiment",
    "preset",
    "settings",
    "settings_hash",
    "seeds",
    "data",
    "device",
    "versions",
    "date",
    "seconds",
    "commit",
    "clean",
    "previews",
    "digest",
    "result",
)


@pytest.fixture
def written(in_turn, code, tmp_path):
    settings, _, result = in_turn
    source = source_of(tmp_path / "out", folder=code)
    return write_record(NAME, "tiny", settings, result, source, folder=tmp_path / "records")


def edit(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_record_gives_back_the_result(in_turn, written):
    settings, _, result = in_turn
    record = read_record(NAME, written.parent)
    assert record.result.rows == result.rows
    assert record.result.table("MCD") == result.table("MCD")
    assert record.result.logged_steps == result.logged_steps
    for key, curve in result.curves.items():
        assert np.array_equal(record.result.curves[key], curve)
    for name, clouds in result.previews.items():
        assert np.array_equal(record.result.previews[name], clouds)
    assert record.seeds == list(settings.seeds)
    assert record.settings["n_points"] == settings.n_points
    assert len(record.data["checksum"]) == len(record.settings_hash) == 64
    assert set(record.versions) == {"python", "torch", "numpy", "pcl_lib"}
    assert read_record(written).caption == record.caption
    for part in (
        record.date[:10],
        record.device,
        "synthetic families",
        "seeds 0 and 1;",
        "tiny",
        record.commit[:10],
    ):
        assert part in record.caption
    verify(written)


def test_no_part_of_a_file_is_left_behind(written):
    assert sorted(path.name for path in written.parent.iterdir()) == [f"{NAME}.json", f"{NAME}.npz"]
    assert json.loads(written.read_text()).keys() == set(FIELDS)


def test_a_stale_record_is_found(written, monkeypatch, capsys):
    assert main(["verify", "--records", str(written.parent)]) == 0
    monkeypatch.setitem(EXPERIMENT.presets, "tiny", lambda: replace(tiny(), blur=0.06))
    assert main(["verify", "--records", str(written.parent)]) == 1
    shown = capsys.readouterr()
    assert f"stale: {NAME}.json: settings" in shown.err
    assert "the preset 'tiny' has" in shown.err
    assert "1 records, 1 stale" in shown.out


def test_a_record_of_an_older_version_is_stale(written, monkeypatch):
    newer = replace(EXPERIMENT, version=2)
    monkeypatch.setattr(records, "experiment", lambda _: newer)
    with pytest.raises(StaleRecord, match="record it again"):
        verify(written)


def test_a_record_of_a_preset_that_is_gone_is_stale(written, monkeypatch):
    monkeypatch.delitem(EXPERIMENT.presets, "tiny")
    with pytest.raises(StaleRecord, match="there is no preset 'tiny' any more"):
        verify(written)


@pytest.mark.parametrize("name", FIELDS)
def test_a_lacking_field_is_found(written, name):
    content = json.loads(written.read_text())
    del content[name]
    written.write_text(json.dumps(content))
    with pytest.raises(StaleRecord, match=f"{NAME}.json: lacks {name}; record it again"):
        verify(written)
    assert main(["verify", "--records", str(written.parent)]) == 1


def test_previews_of_another_run_are_found(written):
    previews = written.with_suffix(".npz")
    previews.write_bytes(previews.read_bytes()[:-1] + b"x")
    with pytest.raises(StaleRecord, match="not those that belong to it"):
        verify(written)
    previews.unlink()
    with pytest.raises(StaleRecord, match="not those that belong to it"):
        read_record(written)


def test_a_lacking_run_in_a_record_is_found(written):
    result = json.loads(written.read_text())["result"]
    lacking = result | {"rows": result["rows"][1:]}
    edit(written, result=lacking, digest=digest_of(lacking))
    with pytest.raises(ValueError, match="the result lacks the runs AE CD 0; a record has them all"):
        verify(written)


@pytest.mark.parametrize("what", ["metric", "cost", "curve", "seed"])
def test_a_number_edited_by_hand_is_found(written, what):
    result = json.loads(written.read_text())["result"]
    row = result["rows"][3]
    if what == "metric":
        row["metrics"]["EMD"] *= 0.999
    elif what == "cost":
        row["relative_cost"] += 1e-9
    elif what == "seed":
        row["seed"] = 1 - row["seed"]
    else:
        result["curves"][0][-1][0][0] -= 1e-6
    edit(written, result=result)
    with pytest.raises(StaleRecord, match="a number was changed by hand"):
        read_record(written)
    assert main(["verify", "--records", str(written.parent)]) == 1


def test_settings_edited_by_hand_are_found(written):
    edit(written, settings=json.loads(written.read_text())["settings"] | {"steps": 999})
    with pytest.raises(StaleRecord, match="are not those of its hash"):
        verify(written)


def test_no_record_says_how_to_make_one(tmp_path):
    with pytest.raises(FileNotFoundError, match=f"make record NAME={NAME}"):
        read_record(NAME, tmp_path)


def test_an_incomplete_result_is_not_recorded(in_turn, code, tmp_path):
    settings, _, result = in_turn
    source = source_of(tmp_path / "out", folder=code)
    lacking = replace(result, rows=[row for row in result.rows if row.seed == 0])
    with pytest.raises(ValueError, match="lacks the runs AE CD 1, AE CD lengths 1"):
        write_record(NAME, "tiny", settings, lacking, source, folder=tmp_path / "records")
    nan = [replace(row, metrics={**row.metrics, "HD": float("nan")}) for row in result.rows]
    with pytest.raises(ValueError, match="is not finite"):
        write_record(NAME, "tiny", settings, replace(result, rows=nan), source, folder=tmp_path / "records")
    with pytest.raises(ValueError, match="a record has the settings of its preset 'tiny'"):
        write_record(NAME, "tiny", replace(settings, steps=5), result, source, folder=tmp_path / "records")
    large = {"truth": np.random.default_rng(0).random(300_000)}
    with pytest.raises(ValueError, match="previews take at most 1000000 bytes"):
        write_record(
            NAME, "tiny", settings, replace(result, previews=large), source, folder=tmp_path / "records"
        )
    assert not (tmp_path / "records").exists()


def test_a_write_that_is_cut_short_leaves_no_record(in_turn, code, tmp_path, monkeypatch):
    settings, _, result = in_turn
    source = source_of(tmp_path / "out", folder=code)

    def full(path, data):
        raise OSError("no space left")

    monkeypatch.setattr(records, "write_whole", full)
    with pytest.raises(OSError, match="no space left"):
        write_record(NAME, "tiny", settings, result, source, folder=tmp_path / "records")
    with pytest.raises(FileNotFoundError):
        read_record(NAME, tmp_path / "records")


@pytest.mark.parametrize("how", ["edited", "new", "deleted", "committed later"])
def test_code_other_than_committed_is_refused(in_turn, code, tmp_path, how):
    settings, _, result = in_turn
    source = source_of(tmp_path / "out", folder=code)
    file = code / ("more.py" if how == "new" else "experiment.py")
    if how == "deleted":
        file.unlink()
    else:
        file.write_text("steps = 2\n")
    if how == "committed later":
        git(code, "commit", "-qam", "second")
    with pytest.raises(ValueError, match=rf"\({source.commit[:10]}\), and these files are not: {file.name}"):
        write_record(NAME, "tiny", settings, result, source, folder=tmp_path / "records")
    assert not (tmp_path / "records").exists()
    with pytest.raises(ValueError, match="commit them and begin in another folder"):
        source_of(tmp_path / "out", folder=code)  # a resumed run finds it before it trains
    if how != "committed later":
        with pytest.raises(ValueError, match="these files are not"):
            source_of(tmp_path / "another", folder=code)
        assert not (tmp_path / "another").exists()


def test_runs_of_unknown_code_are_not_taken_up(in_turn, code):
    _, folder, _ = in_turn
    with pytest.raises(ValueError, match="holds runs, and not the commit of their code"):
        source_of(folder, folder=code)


def test_outside_of_git_there_is_no_record(tmp_path):
    with pytest.raises(ValueError, match="run it from a git checkout"):
        source_of(tmp_path / "out", folder=tmp_path)


def test_list(capsys):
    assert main(["list"]) == 0
    assert f"{NAME}: presets live, record, record-cpu, record-gpu, tiny" in capsys.readouterr().out


def test_run_prints_tables_and_keeps_what_it_finished(in_turn, capsys, tmp_path):
    _, folder, result = in_turn
    command = ["run", NAME, "--preset", "tiny", "--device", "cpu", "--out", str(folder)]
    assert main([*command, "--seeds", "2", "--records", str(tmp_path / "records")]) == 0
    mean, _ = result.table("HD")["Folding", "Sinkhorn"]
    shown = capsys.readouterr().out
    assert f"{mean:.4g}" in shown
    assert "Folding  Sinkhorn" in shown
    assert not (tmp_path / "records").exists(), "only the presets of records write one"


def test_a_recording_run_writes_its_record(in_turn, code, capsys, tmp_path, monkeypatch):
    _, folder, _ = in_turn
    monkeypatch.setitem(EXPERIMENT.presets, "record-tiny", tiny)
    monkeypatch.setattr("pcl_lib.experiments.__main__.source_of", lambda _: Source(code, head(code)))
    command = ["run", NAME, "--preset", "record-tiny", "--device", "cpu", "--out", str(folder)]
    assert main([*command, "--records", str(tmp_path)]) == 0
    verify(tmp_path / f"{NAME}.json")
    assert main([*command, "--seeds", "3", "--records", str(tmp_path)]) == 1
    assert "a record has the seeds of its preset 'record-tiny'" in capsys.readouterr().err


def test_a_recording_run_that_is_stopped_writes_nothing(code, tmp_path, monkeypatch):
    monkeypatch.setitem(EXPERIMENT.presets, "record-tiny", tiny)
    monkeypatch.setattr("pcl_lib.experiments.__main__.source_of", lambda _: Source(code, head(code)))

    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("pcl_lib.experiments.runner.timing.step_times", stopped)
    command = ["run", NAME, "--preset", "record-tiny", "--device", "cpu", "--out", str(tmp_path / "out")]
    monkeypatch.setattr("pcl_lib.experiments.runner.training.train_all", lambda *_, **__: None)
    with pytest.raises(KeyboardInterrupt):
        main([*command, "--records", str(tmp_path / "records")])
    assert not (tmp_path / "records").exists()


def test_unknown_presets_are_refused(capsys, tmp_path):
    assert main(["run", NAME, "--preset", "huge", "--out", str(tmp_path)]) == 1
    assert (
        "the presets are live, record, record-cpu, record-gpu, tiny; received 'huge'"
        in capsys.readouterr().err
    )
    with pytest.raises(ValueError, match=f"the experiments are {', '.join(EXPERIMENTS)}; received 'x'"):
        experiment("x")


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_each_experiment_runs_at_its_tiniest(name, tmp_path):
    of = experiment(name)
    settings = replace(of.presets["tiny"](), seeds=(7,))
    result = run_experiment(of, settings, folder=tmp_path, device="cpu", progress=False)
    assert {row.seed for row in result.rows} == {7}


def head(folder):
    done = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize(("steps", "short"), [(100, False), (99, True)])
def test_a_caption_says_where_a_record_is_too_short_to_decide(written, monkeypatch, steps, short):
    settings = replace(tiny(), steps=steps, batch_size=4, train_shapes=12)
    longer = replace(
        EXPERIMENT, presets={**EXPERIMENT.presets, "tiny": lambda: replace(settings, train_shapes=12)}
    )
    monkeypatch.setattr(records, "experiment", lambda _: longer)
    monkeypatch.setattr(records, "DECIDES", 100 * 4 / 12)
    caption = read_record(written).caption
    assert f"{steps * 4 / 12:.0f} passes over the training data" in caption
    assert ("too short to decide" in caption) == short
