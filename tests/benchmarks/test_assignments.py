"""The benchmark of assignments: it sees one that is not one-to-one, and both contenders begin alike."""

import json
from pathlib import Path

import pytest
import torch

from tests.benchmarks import assignments

RECORD = Path(__file__).resolve().parents[2] / "book" / "records" / "assignments-cpu.json"
QUARTILES = {"median", "lower_quartile", "upper_quartile"}


def whole(report):
    assert set(report["greedy"]) == {"clouds", "points", "leaf_size", "seconds", "seconds_of_all_cores"}
    assert report["machine"]["versions"]["torch"]
    for step in report["steps"]:
        assert set(step["more"]) == QUARTILES
        assert set(step["milliseconds"]) == {assignments.WITH, assignments.WITHOUT}
        assert step["rounds"] >= 3
    return [step["name"] for step in report["steps"]], report["quick"]


def test_writes_times_and_the_machine(tmp_path):
    out = tmp_path / "assignments.json"
    assert assignments.main(["--quick", "--out", str(out)]) == 0
    assert whole(json.loads(out.read_text())) == ([size.name for size in assignments.QUICK], True)


def test_fails_where_two_points_have_one_target(monkeypatch):
    monkeypatch.setattr(
        assignments,
        "greedy_assignment",
        lambda made, *_, **__: torch.zeros(made.shape[:2], dtype=torch.int64),
    )
    with pytest.raises(SystemExit, match="not one-to-one"):
        assignments.greedy(2, 64)


def test_both_contenders_begin_alike_and_one_swaps():
    size = assignments.QUICK[0]
    clouds = assignments.clouds_of(4, size.of)
    first = torch.stack([torch.randperm(size.of) for _ in clouds])
    index = torch.arange(2)
    kept = []
    for swaps in (True, False):
        method, engine = assignments.trainer(size, clouds, first, swaps=swaps)
        before = method.assignments.of_point.clone()
        assignments.stepper(method, engine)(clouds[index], index)
        kept.append((before, method.assignments.of_point))
    assert torch.equal(kept[0][0], kept[1][0])
    assert not torch.equal(*kept[0])
    assert torch.equal(*kept[1])


def test_the_record_is_of_a_whole_run():
    report = json.loads(RECORD.read_text(encoding="utf-8"))
    assert whole(report) == ([size.name for size in assignments.SIZES], False)
    assert (report["greedy"]["clouds"], report["greedy"]["points"]) == (64, 65_536)
    assert report["greedy"]["leaf_size"] == assignments.LEAF
