"""Runs that were trained where there is no git, and gathered where there is."""

import shutil

import pytest
import torch

from pcl_lib.experiments.__main__ import main
from pcl_lib.experiments.autoencoder.distances import EXPERIMENT, tiny
from pcl_lib.experiments.record import read_record, verify
from pcl_lib.experiments.runner import provenance
from pcl_lib.experiments.runner.experiment import runs_of
from pcl_lib.experiments.runner.provenance import note_source, source_of, tree_of
from pcl_lib.trainers import checkpoints
from tests.experiments.conftest import git
from tests.experiments.test_record import head

NAME = EXPERIMENT.name


@pytest.fixture
def copy(code, tmp_path):
    """The committed files of `code`, in folders, with a link and a program, without its git; and what Python adds."""
    (code / "a.b").mkdir()
    (code / "a.b" / "inner.py").write_text("x = 1\n")
    (code / "a").mkdir()
    (code / "a" / "inner.py").write_text("y = 1\n")
    (code / "link").symlink_to("a/inner.py")
    (code / "program").write_text("#!/bin/sh\n")
    (code / "program").chmod(0o755)
    git(code, "add", ".")
    git(code, "commit", "-qm", "second")
    there = tmp_path / "there"
    shutil.copytree(code, there, symlinks=True, ignore=shutil.ignore_patterns(".git"))
    (there / "__pycache__").mkdir()
    (there / "__pycache__" / "experiment.pyc").write_bytes(b"")
    return there


def test_a_folder_has_the_name_that_git_gives_it(code, copy):
    done = provenance._git(code, "rev-parse", "HEAD:./").strip()
    assert tree_of(copy) == done
    (copy / "a" / "inner.py").write_text("y = 2\n")
    assert tree_of(copy) != done


def test_runs_of_the_commit_they_name_are_gathered(code, copy, tmp_path):
    home = tmp_path / "out"
    note_source(home, head(code), folder=copy)
    note_source(home, head(code), folder=copy)
    assert source_of(home, folder=code).commit == head(code)


def test_runs_of_other_files_than_they_name_are_refused(code, copy, tmp_path):
    (copy / "experiment.py").write_text("steps = 7\n")
    note_source(tmp_path / "out", head(code), folder=copy)
    with pytest.raises(ValueError, match="were trained with other files than those of"):
        source_of(tmp_path / "out", folder=code)


def test_one_folder_holds_runs_of_one_code(code, copy, tmp_path):
    note_source(tmp_path / "out", head(code), folder=copy)
    (copy / "experiment.py").write_text("steps = 7\n")
    with pytest.raises(ValueError, match="or its files differ; choose another folder"):
        note_source(tmp_path / "out", head(code), folder=copy)
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "settings.json").write_text("{}")
    with pytest.raises(ValueError, match="not the commit of their code"):
        note_source(tmp_path / "old", head(code), folder=copy)


@pytest.mark.slow
def test_trained_there_and_recorded_here(in_turn, code, copy, tmp_path, monkeypatch, capsys):
    """The runs come without their checkpoints, and nothing is trained or timed again."""
    _, folder, result = in_turn
    home = tmp_path / "runs"
    shutil.copytree(folder, home, ignore=shutil.ignore_patterns("step-*.pt"))
    (home / "settings.json").rename(tmp_path / "settings.json")
    note_source(home, head(code), folder=copy)
    (tmp_path / "settings.json").rename(home / "settings.json")
    monkeypatch.setitem(EXPERIMENT.presets, "record-tiny", tiny)
    monkeypatch.setattr("pcl_lib.experiments.__main__.source_of", lambda out: source_of(out, folder=code))
    monkeypatch.setattr("pcl_lib.experiments.runner.training.train", lambda *_: pytest.fail("trained again"))
    command = ["run", NAME, "--preset", "record-tiny", "--device", "cpu", "--out", str(home), "--gather"]
    assert main([*command, "--records", str(tmp_path / "records")]) == 0
    written = tmp_path / "records" / f"{NAME}.json"
    verify(written)
    assert read_record(written).result.rows == result.rows
    one = runs_of(tiny())[0].folder(home)
    assert not checkpoints(one)
    (one / "run.npz").unlink()
    assert main([*command, "--records", str(tmp_path / "records")]) == 1
    assert "lacks the runs AE CD 0; train them first" in capsys.readouterr().err


@pytest.mark.slow
def test_with_a_commit_no_record_is_written(in_turn, tmp_path):
    _, folder, _ = in_turn
    home = tmp_path / "runs"
    command = ["run", NAME, "--preset", "tiny", "--device", "cpu", "--out", str(home), "--commit", "1" * 40]
    shutil.copytree(folder, home / "x")  # nothing of it is looked at
    assert main([*command, "--records", str(tmp_path / "records")]) == 0
    assert (home / "commit").read_text() == "1" * 40
    assert (home / "tree").read_text() == tree_of(provenance.PACKAGE)
    assert not (tmp_path / "records").exists()


@pytest.mark.parametrize("tf32", [False, True])
def test_matrices_are_multiplied_as_the_settings_say(tf32, monkeypatch, tmp_path):
    from dataclasses import replace

    from pcl_lib.experiments.runner import training

    seen = []
    monkeypatch.setattr(
        training, "fit", lambda *_, **__: seen.append(torch.get_float32_matmul_precision()) or 1 / 0
    )
    settings = replace(tiny(), tf32=tf32)
    with pytest.raises(ZeroDivisionError):
        training.train(EXPERIMENT, settings, runs_of(settings)[0], tmp_path, torch.device("cpu"))
    assert seen == ["high" if tf32 else "highest"]
    assert torch.get_float32_matmul_precision() == "highest"
