"""Killed at random moments and started again, a run ends bit for bit as one that was left alone."""

import json
import multiprocessing
import random
import signal
import time
from pathlib import Path

import pytest
import torch

from pcl_lib.trainers import checkpoints, load_checkpoint
from tests.trainers import killed

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow
KILLS = 6
AHEAD = 21  # steps that a process may get ahead of the newest checkpoint: three more checkpoints
HANGS = 600  # seconds after which a process hangs, whatever the machine is busy with


def equal(a, b):
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(equal(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(equal, a, b))
    return torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b


def lines(folder):
    records = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [{key: value for key, value in record.items() if key != "seconds"} for record in records]


@pytest.fixture(scope="module")
def processes():
    """Starts processes with torch loaded already, and no more than that: killing one harms nothing else."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.setenv("OMP_NUM_THREADS", "1")
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["tests.trainers.killed"])
        yield context


@pytest.fixture(scope="module")
def left_alone(processes, tmp_path_factory):
    folder = tmp_path_factory.mktemp("alone")
    process = processes.Process(target=killed.run, args=(folder,))
    process.start()
    process.join(HANGS)
    assert process.exitcode == 0
    return folder


def newest(folder):
    return max((int(path.stem[5:]) for path in checkpoints(folder)), default=0)


def wait(process, condition):
    while not condition():
        assert process.is_alive()
        time.sleep(0.001)


@pytest.mark.parametrize("seed", [0, 1])
def test_killed_at_random_moments(processes, left_alone, tmp_path, seed):
    moments, folder, reached = random.Random(seed), tmp_path / "run", [0]
    for kill in range(KILLS):
        begun = tmp_path / f"begun-{kill}"
        process = processes.Process(target=killed.run, args=(folder, reached[-1] + AHEAD, begun))
        process.start()
        if kill % 2:  # while it trains: within the few steps from one checkpoint to the next but one
            wait(process, lambda: newest(folder) > reached[-1])
        else:  # while it sets up, loads and cuts the log back
            wait(process, begun.exists)
        time.sleep(moments.uniform(0, 0.08))
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        reached.append(newest(folder))
    assert reached == sorted(reached)
    assert len(set(reached)) > KILLS / 2
    assert reached[-1] < killed.STEPS, "the kills came before the end"
    last = processes.Process(target=killed.run, args=(folder,))
    last.start()
    last.join(HANGS)
    assert last.exitcode == 0
    expected, found = (load_checkpoint(checkpoints(run)[-1]) for run in (left_alone, folder))
    assert expected.pop("seconds") > 0
    assert found.pop("seconds") > 0
    assert expected.keys() >= {
        "step",
        "modules",
        "averages",
        "optimizers",
        "schedulers",
        "random",
        "settings",
    }
    assert equal(expected, found)
    assert lines(folder) == lines(left_alone)
    assert [record["step"] for record in lines(folder)] == list(range(2, killed.STEPS + 1, 2))
