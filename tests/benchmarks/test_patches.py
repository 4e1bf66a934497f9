"""The benchmark of the patches: both do one job, it would see if they did not, and its record is whole."""

import json
from pathlib import Path

import pytest
import torch

from tests.benchmarks import patches
from tests.benchmarks.measure import OURS

RECORD = Path(__file__).resolve().parents[2] / "book" / "records" / "patches-cpu.json"
LOOPS = {"a loop of linear layers", "a loop of convolutions"}
QUARTILES = {"median", "lower_quartile", "upper_quartile"}


def whole(report):
    for case in report["cases"]:
        assert set(case["ratios"]) == LOOPS
        assert set(case["milliseconds"]) == {OURS, *LOOPS}
        assert all(set(r) == QUARTILES and r["median"] > 0 for r in case["ratios"].values())
        assert max(case["difference"].values()) <= patches.TOLERANCE
        assert case["rounds"] >= 3
    assert report["machine"]["versions"]["torch"]
    return {(case["network"], case["patches"], case["clouds"], case["points"]) for case in report["cases"]}


def expected(quick):
    return {(network.name, *sizes) for network, *sizes in patches.cases(quick)}


def test_writes_ratios_and_the_machine(tmp_path):
    out = tmp_path / "patches.json"
    assert patches.main(["--quick", "--out", str(out)]) == 0
    assert whole(json.loads(out.read_text())) == expected(quick=True)


@pytest.mark.parametrize("network", patches.NETWORKS, ids=lambda network: network.name)
def test_the_gradients_are_those_of_all_weights_and_agree(network):
    torch.manual_seed(0)
    cpu = torch.device("cpu")
    given = patches.inputs(network, 4, 2, 16, cpu)[0]
    jobs = patches.jobs(network, 4, cpu)
    ours = jobs.pop(OURS)(*given)
    for job in jobs.values():
        answer = job(*given)
        assert [part.shape for part in answer[1:]] == [part.shape for part in ours[1:]]
        assert len(answer) == 1 + len(network.widths)
        for here, there in zip(ours, answer, strict=True):
            torch.testing.assert_close(there, here.reshape(there.shape), rtol=1e-4, atol=1e-5)


def test_fails_when_the_loop_has_other_weights(tmp_path, monkeypatch):
    alone = patches.alone

    def spoilt(mlp, patch, kind):
        net = alone(mlp, patch, kind)
        if patch == 3:
            net[0].weight.data *= 1.1
        return net

    monkeypatch.setattr(patches, "alone", spoilt)
    with pytest.raises(SystemExit, match="4 patches: the loop gives something else"):
        patches.main(["--quick", "--out", str(tmp_path / "patches.json")])


def test_the_record_is_of_a_whole_run():
    report = json.loads(RECORD.read_text(encoding="utf-8"))
    assert report["quick"] is False
    assert whole(report) == expected(quick=False)
