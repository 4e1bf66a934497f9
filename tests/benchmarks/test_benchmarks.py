"""The benchmark itself: it must do the job, and must fail when it measured nothing or something wrong."""

import json

import pytest

from tests.benchmarks import chamfer, peers


@pytest.fixture
def two_peers(monkeypatch):
    kept = {name: peers._CPU[name] for name in ("pykdtree + autograd", "torch.cdist by hand")}
    monkeypatch.setattr(peers, "_CPU", kept)
    return kept


@pytest.mark.parametrize("size", ["64", "2x64"])
def test_writes_ratios_and_the_machine(two_peers, tmp_path, size):
    out = tmp_path / "report.json"
    assert chamfer.main(["--sizes", size, "--rounds", "2", "--out", str(out)]) == 0
    report = json.loads(out.read_text())
    result = report["sizes"][size]
    assert set(result["ratios"]) == set(two_peers)
    assert result["ratio_to_best_peer"] == min(ratio["median"] for ratio in result["ratios"].values())
    assert all(times["median"] > 0 for times in result["milliseconds"].values())
    assert max(result["difference_from_ours"].values()) < 1e-3
    assert report["machine"]["versions"]["torch"]
    assert report["machine"]["cores"] >= 1


def test_fails_when_there_is_nothing_to_compare_with(monkeypatch, tmp_path):
    monkeypatch.setattr(peers, "_CPU", {})
    out = tmp_path / "report.json"
    assert chamfer.main(["--sizes", "64", "--rounds", "1", "--out", str(out)]) == 1
    assert not out.exists()


def test_fails_when_a_contender_computes_something_else(two_peers, monkeypatch, tmp_path):
    one_sided = (lambda x, y: peers._cdist(x, y) / 2, "torch", None)
    monkeypatch.setattr(peers, "_CPU", two_peers | {"half of it": one_sided})
    with pytest.raises(SystemExit, match=r"differs from pcl_lib chamfer.*half of it"):
        chamfer.main(["--sizes", "64", "--rounds", "1", "--out", str(tmp_path / "report.json")])
