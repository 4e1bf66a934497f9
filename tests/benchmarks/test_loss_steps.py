"""The benchmark of training steps under each loss: all train, it would see if one did not, its record is whole."""

import json
from pathlib import Path

import pytest
import torch

from pcl_lib.experiments.benchmarks.races import read_steps
from tests.benchmarks import loss_steps

RECORD = Path(__file__).resolve().parents[2] / "book" / "records" / "loss-steps-cpu.json"
QUARTILES = {"median", "lower_quartile", "upper_quartile"}


def whole(report):
    assert set(report["ratios"]) == set(report["milliseconds"]) == set(loss_steps.LOSSES)
    for found in (*report["ratios"].values(), *report["milliseconds"].values()):
        assert set(found) == QUARTILES
        assert found["median"] > 0
    assert report["ratios"][loss_steps.BASELINE]["median"] == 1
    assert report["machine"]["versions"]["torch"]
    return report["quick"]


def test_writes_ratios_and_the_machine(tmp_path):
    out = tmp_path / "loss-steps-cpu.json"
    assert loss_steps.main(["--quick", "--rounds", "3", "--out", str(out)]) == 0
    assert whole(json.loads(out.read_text(encoding="utf-8"))) is True
    assert "4 clouds of 64 points" in read_steps("cpu", folder=tmp_path).job


@pytest.mark.parametrize("still", ["model", "loss"])
def test_fails_when_a_network_does_not_move(tmp_path, monkeypatch, still):
    step_of = loss_steps.step_of

    def stuck(settings, loss, device):
        step = step_of(settings, loss, device)
        if loss == "PFD":
            for group in step.method.optimizers[still].param_groups:
                group["initial_lr"] = group["lr"] = 0.0
            step.method.schedulers[still].base_lrs = [0.0]
        return step

    monkeypatch.setattr(loss_steps, "step_of", stuck)
    with pytest.raises(SystemExit, match=f"a step with PFD leaves the weights of {still} as they were"):
        loss_steps.main(["--quick", "--rounds", "1", "--out", str(tmp_path / "steps.json")])


def test_all_start_from_the_same_network():
    settings = loss_steps.sizes(quick=True)
    device = torch.device("cpu")
    steps = loss_steps.contenders(settings, loss_steps.batches(settings, device), device)
    first, *others = (step.weights()["model"] for step in steps.values())
    assert all(torch.equal(first, other) for other in others)


def test_the_size_is_the_papers():
    settings = loss_steps.sizes(quick=False)
    assert (settings.batch_size, settings.n_points, settings.code_dim) == (16, 2048, 128)
    assert (settings.points, settings.ae_widths) == ((64, 128, 128, 256), (256, 256))


def test_the_record_is_of_a_whole_run():
    report = json.loads(RECORD.read_text(encoding="utf-8"))
    assert whole(report) is False
    assert report["rounds"] >= 9
    assert "16 clouds of 2,048 points" in report["job"]
