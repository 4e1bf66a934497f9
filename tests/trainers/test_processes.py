"""Two processes on the CPU, each with half of every batch, and one with the whole: the same run."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from pcl_lib.trainers import checkpoints, load_checkpoint
from pcl_lib.trainers._order import batch_rows
from tests.trainers.test_kill import equal, lines
from tests.trainers.toys import Adversarial, parameters, train, with_a_critic

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow
LOOPBACK = "lo" if sys.platform == "linux" else "lo0"  # the host's name need not resolve


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("two")
    fabric = Path(sys.executable).parent / "fabric"
    script = ROOT / "tests" / "trainers" / "two_processes.py"
    options = ["--accelerator", "cpu", "--devices", "2", "--main-port", str(free_port())]
    done = subprocess.run(
        [fabric, "run", *options, script, folder],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": LOOPBACK},
        capture_output=True,
        text=True,
        timeout=900,  # of a process that hangs
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def facts(folder):
    return [json.loads((folder / f"rank-{rank}.json").read_text()) for rank in range(2)]


def test_same_losses_and_parameters_as_one_process(folder, facts):
    assert [(f["processes"], f["backend"]) for f in facts] == [(2, "gloo")] * 2
    method = Adversarial(noise=0.0)
    alone = train(method, None, 12)
    together = lines(folder / "still")
    assert [record["step"] for record in together] == [2, 4, 6, 8, 10, 12]
    for one, two in zip(alone.records, together, strict=True):
        assert two == pytest.approx({key: one[key] for key in two}, rel=1e-5)
    state = load_checkpoint(checkpoints(folder / "still")[-1])
    for key, value in parameters(method).items():
        name, _, rest = key.partition(".")
        assert torch.allclose(state["modules"][name][rest], value, rtol=1e-4, atol=1e-6), key
    averages = {name: module.state_dict() for name, module in alone.averages.items()}
    for name, values in averages.items():
        assert all(
            torch.allclose(state["averages"][name][k], v, rtol=1e-4, atol=1e-6) for k, v in values.items()
        )


def test_a_learned_loss_is_that_of_one_process(folder, facts):
    method = with_a_critic()
    train(method, None, 6)
    state = load_checkpoint(checkpoints(folder / "learned")[-1])
    for key, value in parameters(method).items():
        name, _, rest = key.partition(".")
        assert torch.allclose(state["modules"][name][rest], value, rtol=1e-4, atol=1e-5), key


def test_processes_draw_their_own_noise_and_go_on_with_it(folder, facts):
    whole, parts = (load_checkpoint(checkpoints(folder / name)[-1]) for name in ("whole", "parts"))
    assert len(whole["random"]) == 2
    assert not equal(whole["random"][0]["torch"], whole["random"][1]["torch"])
    for key in ("modules", "averages", "optimizers", "schedulers", "random"):
        assert equal(whole[key], parts[key])
    assert lines(folder / "whole") == lines(folder / "parts")


def test_all_processes_end_with_the_same_parameters_and_history(facts):
    first, second = facts
    assert first["sum"] == second["sum"]
    for one, two in zip(first["records"], second["records"], strict=True):
        assert one | {"seconds": None} == two | {"seconds": None}  # each has its own clock


def test_what_diverges_in_one_process_stops_all(facts):
    rows = [sorted(batch_rows(step, 24, 8, 0).tolist()) for step in range(3)]
    step = next(i for i, items in enumerate(rows) if 5 in items)
    assert [f["stopped"] for f in facts] == [[step + 1, rows[step]]] * 2


def test_a_run_of_two_processes_does_not_go_on_with_one(folder):
    with pytest.raises(ValueError, match=r"is of a run with processes=2 \(now 1\)"):
        train(Adversarial(), folder / "whole", 14)
