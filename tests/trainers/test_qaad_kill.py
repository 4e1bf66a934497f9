"""A run of QAAD that is killed and started again ends bit for bit as one that was left alone, assignments too."""

import multiprocessing
import signal

import pytest

from pcl_lib.trainers import checkpoints, load_checkpoint
from tests.trainers import killed_qaad
from tests.trainers.test_kill import HANGS, ROOT, equal, lines, newest, wait

pytestmark = pytest.mark.slow


@pytest.fixture
def processes(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return multiprocessing.get_context("spawn")


def start(processes, folder):
    process = processes.Process(target=killed_qaad.run, args=(folder,))
    process.start()
    return process


def test_killed_before_and_after_the_assignment_began(processes, tmp_path):
    alone, folder = tmp_path / "alone", tmp_path / "killed"
    left = start(processes, alone)
    for reached in (
        killed_qaad.EVERY,
        4 * killed_qaad.EVERY,
    ):  # the first ten steps are of the Chamfer distance
        process = start(processes, folder)
        wait(process, lambda reached=reached: newest(folder) >= reached)
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        assert newest(folder) < killed_qaad.STEPS
    last = start(processes, folder)
    for process in (left, last):
        process.join(HANGS)
        assert process.exitcode == 0
    expected, found = (load_checkpoint(checkpoints(run)[-1]) for run in (alone, folder))
    for state in (expected, found):
        assert state.pop("seconds") > 0
        assert state["modules"]["assignments"]["begun"] == killed_qaad.STEPS // 4
    assert equal(expected, found)
    assert lines(folder) == lines(alone)
    assert sum(record["swaps"] for record in lines(alone)) > 0
