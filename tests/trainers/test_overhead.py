"""The benchmark of the loop: it compares two ways to train one network, and would see if they differed."""

import json

import pytest

from tests.benchmarks import trainer_overhead


@pytest.mark.slow
def test_writes_ratios_and_the_machine(tmp_path):
    out = tmp_path / "report.json"
    assert trainer_overhead.main(["--quick", "--out", str(out)]) == 0
    report = json.loads(out.read_text())
    assert set(report["ratios"]) == {"fit", "fit, log and one checkpoint written"}
    assert all(ratio["median"] > 0 for ratio in report["ratios"].values())
    assert report["machine"]["versions"]["torch"]


def test_fails_when_another_network_is_trained(tmp_path, monkeypatch):
    by_fit = trainer_overhead.by_fit
    monkeypatch.setattr(trainer_overhead, "QUICK", (3, 1))
    monkeypatch.setattr(trainer_overhead, "by_fit", lambda data, steps, write: by_fit(data, steps + 1, write))
    with pytest.raises(SystemExit, match="fit does not train the same network as the loop by hand"):
        trainer_overhead.main(["--quick", "--out", str(tmp_path / "report.json")])
