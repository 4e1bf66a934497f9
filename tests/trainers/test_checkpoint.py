"""Checkpoints: whole or refused, harmless to load, and a run that goes on from one is the run that never stopped."""

import hashlib
import io
import json
import pickle

import numpy as np
import pytest
import torch

from pcl_lib.trainers import DamagedCheckpoint, _fit, _log, checkpoints, fit, load_checkpoint
from pcl_lib.trainers._checkpoint import save_checkpoint
from tests.trainers.toys import Adversarial, clouds, parameters, reconstruction


def train(folder, steps, method=None, **options):
    method = method or Adversarial()
    settings = {
        "batch_size": 4,
        "checkpoint_every": 5,
        "log_every": 3,
        "ema": 0.9,
        "clip": 1.0,
        "progress": False,
    }
    return method, fit(method, clouds(), steps=steps, folder=folder, **settings | options)


def without_times(history):
    return [{key: value for key, value in record.items() if key != "seconds"} for record in history.records]


@pytest.fixture(scope="module")
def never_stopped(tmp_path_factory):
    return train(tmp_path_factory.mktemp("whole"), 23)


@pytest.mark.parametrize("stops", [(10,), (4, 11, 12), (22,), (23,)])
def test_a_resumed_run_ends_as_one_that_never_stopped(never_stopped, tmp_path, stops):
    method, history = never_stopped

    class Killed(BaseException):
        pass

    def killed_in(steps):
        """Only what lies in the folder outlives this."""
        run = Adversarial()
        step = run.step

        def stopping(batch, index, engine):
            if engine.step == steps:
                raise Killed
            return step(batch, index, engine)

        run.step = stopping
        with pytest.raises(Killed):
            train(tmp_path, 23, run)

    for stop in stops:
        if stop < 23:
            killed_in(stop)
        else:
            train(tmp_path, 23)
    resumed, again = train(tmp_path, 23)
    expected, found = parameters(method), parameters(resumed)
    assert all(torch.equal(expected[key], found[key]) for key in expected)
    averages = zip(history.averages.values(), again.averages.values(), strict=True)
    assert all(
        torch.equal(a, b) for x, y in averages for a, b in zip(x.parameters(), y.parameters(), strict=True)
    )
    assert without_times(again) == without_times(history)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert lines == again.records
    assert [line["step"] for line in lines] == [3, 6, 9, 12, 15, 18, 21, 23]
    assert [line["seconds"] for line in lines] == sorted(line["seconds"] for line in lines)


def test_the_newest_two_are_kept_and_what_a_kill_left_is_removed(tmp_path):
    (tmp_path / "step-000000003.pt.partial").write_bytes(b"half")
    _, history = train(tmp_path, 23)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "log.jsonl",
        "step-000000020.pt",
        "step-000000023.pt",
    ]
    assert history.checkpoint == checkpoints(tmp_path)[-1]


def test_a_longer_run_goes_on(never_stopped, tmp_path):
    train(tmp_path, 10)
    method, _ = train(tmp_path, 23)
    expected, found = parameters(never_stopped[0]), parameters(method)
    assert all(torch.equal(expected[key], found[key]) for key in expected)


DAMAGE = {
    "a flipped bit": lambda data: data[:2000] + bytes([data[2000] ^ 1]) + data[2001:],
    "cut off": lambda data: data[:-7],
    "cut in half": lambda data: data[: len(data) // 2],
    "empty": lambda data: b"",
    "zeros at the end": lambda data: data[:-4096] + bytes(4096),
    "bytes added": lambda data: data + b"\n",
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_one_is_refused_with_its_name_and_that_of_the_one_before(tmp_path, damage):
    train(tmp_path, 10)
    older, newest = checkpoints(tmp_path)
    newest.write_bytes(DAMAGE[damage](newest.read_bytes()))
    with pytest.raises(
        DamagedCheckpoint, match=r"step-000000010\.pt is damaged.*go on from step-000000005\.pt"
    ):
        train(tmp_path, 12)
    older.write_bytes(DAMAGE[damage](older.read_bytes()))
    with pytest.raises(DamagedCheckpoint, match=r"step-000000010\.pt is damaged.*no older one is whole"):
        train(tmp_path, 12)


def test_after_the_damaged_one_is_deleted_the_run_ends_the_same(never_stopped, tmp_path):
    train(tmp_path, 10)
    checkpoints(tmp_path)[-1].unlink()
    method, history = train(tmp_path, 23)
    expected, found = parameters(never_stopped[0]), parameters(method)
    assert all(torch.equal(expected[key], found[key]) for key in expected)
    assert without_times(history)[0]["step"] == 3


class Harm:
    ran = False

    def __reduce__(self):
        return (exec, ("from tests.trainers import test_checkpoint; test_checkpoint.Harm.ran = True",))


def test_loading_runs_no_code(tmp_path):
    path, buffer = tmp_path / "step-000000001.pt", io.BytesIO()
    torch.save({"modules": Harm()}, buffer)
    path.write_bytes(buffer.getvalue() + hashlib.sha256(buffer.getvalue()).digest())
    with pytest.raises(pickle.UnpicklingError, match="Weights only load failed"):
        load_checkpoint(path)
    assert not Harm.ran


def test_what_could_not_be_loaded_again_is_refused_when_written(tmp_path):
    method = Adversarial()
    method.optimizers["codes"].param_groups[0]["lr"] = np.float64(0.1)
    with pytest.raises(
        ValueError, match=r"more than tensors and plain numbers.*give learning rates as Python floats"
    ):
        train(tmp_path, 5, method)
    assert checkpoints(tmp_path) == []


def test_a_failed_write_leaves_the_old_checkpoint(tmp_path, monkeypatch):
    train(tmp_path, 5)
    whole = checkpoints(tmp_path)[0].read_bytes()

    def full(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="no space left"):
        save_checkpoint(tmp_path / "step-000000006.pt", {"step": 6})
    assert [path.read_bytes() for path in checkpoints(tmp_path)] == [whole]


OTHER = {
    "seed=0 \\(now 1\\)": {"seed": 1},
    "batch_size=4 \\(now 8\\)": {"batch_size": 8},
    "ema=0.9 \\(now None\\)": {"ema": None},
    "clip=1.0 \\(now 2.0\\), ema=0.9 \\(now 0.5\\)": {"clip": 2.0, "ema": 0.5},
}


@pytest.mark.usefixtures("as_users_call_it")
@pytest.mark.parametrize("message", OTHER)
def test_another_run_does_not_go_on_from_it(tmp_path, message):
    train(tmp_path, 5)
    with pytest.raises(
        ValueError, match=f"step-000000005.pt is of a run with {message}; resume with the same"
    ):
        train(tmp_path, 6, **OTHER[message])


def test_a_run_is_neither_overwritten_nor_shortened(tmp_path):
    train(tmp_path, 10)
    with pytest.raises(
        ValueError, match=r"holds a run with the checkpoint step-000000010\.pt; go on from it"
    ):
        train(tmp_path, 10, resume=False)
    with pytest.raises(ValueError, match="has done 10 steps, more than the 7 asked for"):
        train(tmp_path, 7)


def test_another_method_does_not_go_on_from_it(tmp_path):
    train(tmp_path, 5)
    with pytest.raises(ValueError, match=r"modules=\['codes', 'critic', 'generator'\] \(now \['model'\]\)"):
        train(tmp_path, 6, reconstruction())


def test_a_torn_last_line_of_the_log_is_dropped_and_a_damaged_one_refused(tmp_path):
    train(tmp_path, 10)
    log = tmp_path / "log.jsonl"
    lines = log.read_text()
    log.write_text(lines + '{"step": 12, "ep')
    _, history = train(tmp_path, 12)
    assert [record["step"] for record in history.records] == [3, 6, 9, 10, 12]
    log.write_text(lines.replace('"epoch"', "epoch", 2))
    with pytest.raises(ValueError, match=r"line 1 of the log .*log\.jsonl is damaged"):
        train(tmp_path, 12)


def test_looks_come_before_the_checkpoint_of_their_step_and_change_nothing(tmp_path):
    """Their random numbers are their own, and a run that is resumed at a look takes it again."""
    seen = []

    def look(step):
        torch.rand(3)
        seen.append((step, [path.name for path in checkpoints(tmp_path / "looked")]))

    options = {"batch_size": 8, "seed": 3, "checkpoint_every": 4, "progress": False}
    plain = fit(Adversarial(), clouds(), steps=9, folder=tmp_path / "plain", log_every=1, **options)
    looked = {"folder": tmp_path / "looked", "log_every": 1, "look": look, "look_at": (3, 4, 9), **options}
    fit(Adversarial(), clouds(), steps=4, **looked)
    resumed = fit(Adversarial(), clouds(), steps=9, **looked)
    assert resumed.column("generator") == plain.column("generator")
    fourth = "step-000000004.pt"
    assert seen == [(3, []), (4, []), (4, [fourth]), (9, [fourth, "step-000000008.pt"])]


def test_checkpoints_may_be_seldom_by_the_clock(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("pcl_lib.trainers._fit.time.monotonic", lambda: now[0])
    saved = []

    def look(step):
        now[0] = 10.0 * step
        saved.append([path.name for path in checkpoints(tmp_path)])

    options = {"batch_size": 8, "checkpoint_every": 1, "checkpoint_seconds": 25.0, "progress": False}
    fit(Adversarial(), clouds(), steps=8, folder=tmp_path, look=look, look_at=range(9), **options)
    found = {name for names in saved for name in names}
    assert found == {"step-000000003.pt", "step-000000006.pt"}
    assert checkpoints(tmp_path)[-1].name == "step-000000008.pt"
    with pytest.raises(ValueError, match=r"checkpoint_seconds must be a time, 0 or more, received -1\.0"):
        fit(Adversarial(), clouds(), steps=1, **(options | {"checkpoint_seconds": -1.0}))


def test_the_log_is_on_the_disk_before_its_checkpoint(tmp_path, monkeypatch):
    order = []
    monkeypatch.setattr(_log.os, "fsync", lambda _: order.append("log"))
    monkeypatch.setattr(_fit, "save_checkpoint", lambda path, _: order.append(path.name))
    options = {"batch_size": 4, "folder": tmp_path, "checkpoint_every": 2, "progress": False}
    fit(Adversarial(), clouds(), steps=4, **options)
    assert order[-4:] == ["log", "step-000000002.pt", "log", "step-000000004.pt"]
