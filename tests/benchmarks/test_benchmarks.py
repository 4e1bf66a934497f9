"""The benchmark itself: it must do the job, and must fail when it measured nothing or something wrong."""

import inspect
import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from pcl_lib import distances
from pcl_lib.experiments.benchmarks.races import read_benchmarks
from tests.benchmarks import __main__ as benchmarks
from tests.benchmarks import busy, engines, memory
from tests.benchmarks import measure as measuring
from tests.benchmarks.clouds import pairs
from tests.benchmarks.goals import goals
from tests.benchmarks.measure import OURS, Case, Peer, difference, measure
from tests.distances.test_every import ASSIGNMENTS

CPU = torch.device("cpu")
EVERYWHERE = {"cpu": 1e12}
INSTALLED = measuring.installed


@pytest.fixture
def no_compiler(monkeypatch):
    """As if KeOps were not installed: its kernels take longer to compile than everything here to run."""
    monkeypatch.setattr(measuring, "installed", lambda name: name != "pykeops" and INSTALLED(name))


def scaled(factor, **limits):
    peer = Peer(lambda x, y: factor * (x - y).norm(dim=-1).mean(), "torch", EVERYWHERE, **limits)
    return {"a peer": peer}


def case(peers, **options):
    return Case(
        "chamfer",
        "a job",
        1,
        16,
        lambda x, y: (x - y).norm(dim=-1).mean(),
        peers,
        pairs(1, 16, CPU),
        **options,
    )


@pytest.mark.slow
@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
@pytest.mark.parametrize("subject", benchmarks.SUBJECTS)
def test_every_subject_writes_ratios_and_the_machine(no_compiler, tmp_path, subject, device):
    assert benchmarks.main([subject, "--quick", "--device", device, "--out", str(tmp_path)]) == 0
    report = json.loads((tmp_path / f"benchmarks-{device}-{subject}-quick.json").read_text())
    read = read_benchmarks(f"{device}-{subject}-quick", folder=tmp_path)
    assert [race.best_peer for race in read.races] == [result["best_peer"] for result in report["cases"]]
    assert report["quick"] is True
    assert report["machine"]["cores"] >= 1
    assert report["machine"]["versions"]["torch"]
    assert report["machine"]["versions"]["POT"]
    assert report["cases"]
    assert report["memory"] == []
    for result in report["cases"]:
        assert result["subject"] == subject
        medians = [ratio["median"] for ratio in result["ratios"].values()]
        assert min(medians) == result["ratios"][result["best_peer"]]["median"] > 0
        assert set(result["milliseconds"]) == {OURS, *result["ratios"]}
        assert set(result["ratios"]) == {*result["difference"], *result["excess"]}
        assert not set(result["ratios"]) & set(result["left_out"])


def test_every_public_distance_has_a_case():
    public = {name for name in distances.__all__ if inspect.isfunction(getattr(distances, name))}
    raced = {c.function for subject in benchmarks.SUBJECTS.values() for c in subject(CPU, True)}
    assert public - {*ASSIGNMENTS} <= raced  # no other library has a rival for these


@pytest.mark.slow
def test_a_busy_machine_is_compared_with_a_quiet_one(tmp_path):
    assert benchmarks.main(["busy", "--quick", "--out", str(tmp_path)]) == 0
    report = json.loads((tmp_path / "benchmarks-cpu-busy-quick.json").read_text())
    assert report["cases"] == report["memory"] == []
    for result in report["busy"]:
        quiet, crowded = (result["milliseconds"][state]["median"] for state in ("quiet", "busy"))
        assert result["ratio"] == crowded / quiet > 0
        assert min(result["rounds"].values()) >= busy.TURNS


def test_no_busy_neighbour_stays():
    def fails():
        with busy.neighbours(2) as running:
            raise KeyError(running, [process.poll() for process in running])

    with pytest.raises(KeyError) as raised:
        fails()
    running, meanwhile = raised.value.args
    assert meanwhile == [None, None]
    assert None not in [process.poll() for process in running]


@pytest.mark.slow
def test_memory_of_a_process_of_its_own(tmp_path):
    assert benchmarks.main(["memory", "--quick", "--out", str(tmp_path)]) == 0
    report = json.loads((tmp_path / "benchmarks-cpu-memory-quick.json").read_text())
    against, million = report["memory"]
    assert million["function"] == "em_kd"
    assert million["contenders"][OURS]["seconds"] > 0
    matrix, ours = (against["contenders"][name]["peak_mib"] for name in ("torch.cdist", OURS))
    if matrix is not None:  # the system says how much memory a process takes
        assert matrix > 4 * against["points"] ** 2 / memory.MIB
        assert ours < matrix / 10


def test_fails_when_there_is_nothing_to_compare_with(monkeypatch, tmp_path):
    monkeypatch.setattr(measuring, "installed", {}.get)
    with pytest.raises(SystemExit, match=r"nothing was measured.*'pykdtree': 'not installed'"):
        benchmarks.main(["chamfer", "--quick", "--out", str(tmp_path)])
    assert not list(tmp_path.iterdir())


def test_says_why_a_peer_is_left_out():
    peers = scaled(1) | {
        "far": Peer(len, "torch", {"cpu": 255}),
        "away": Peer(len, "torch", {"cuda": 1e12}),
        "gone": Peer(len, "no_such_module", EVERYWHERE),
    }
    result = measure(case(peers), CPU, 0.01)
    assert result["left_out"] == {"far": "too large for it", "away": "not on cpu", "gone": "not installed"}
    assert list(result["ratios"]) == ["a peer"]


def test_fails_when_a_contender_computes_something_else():
    assert measure(case(scaled(1.0005)), CPU, 0.01)["difference"]["a peer"] == pytest.approx(5e-4, rel=1e-2)
    assert measure(case(scaled(1.04, tolerance=0.05)), CPU, 0.01)["rounds"] >= 3
    for factor in (0.5, 1.01, float("nan")):
        with pytest.raises(SystemExit, match=r"differs from that of pcl_lib.*a peer"):
            measure(case(scaled(factor)), CPU, 0.01)


def test_fails_when_a_contender_takes_the_threads_of_the_others_away():
    before = torch.get_num_threads()

    def greedy(x, y):
        torch.set_num_threads(before + 1)
        return (x - y).norm(dim=-1).mean()

    try:
        with pytest.raises(
            SystemExit, match=f"a peer leaves torch with {before + 1} threads, it found {before}"
        ):
            measure(case({"a peer": Peer(greedy, "torch", EVERYWHERE)}), CPU, 0.01)
    finally:
        torch.set_num_threads(before)


def test_an_upper_bound_may_exceed_by_what_it_promises_and_never_fall_below():
    assert measure(case(scaled(0.95), may_exceed=0.08), CPU, 0.01)["excess"]["a peer"] == pytest.approx(
        1 / 0.95 - 1, rel=1e-4
    )
    for factor in (0.9, 1.01):
        with pytest.raises(SystemExit, match="a peer"):
            measure(case(scaled(factor), may_exceed=0.08), CPU, 0.01)


def test_a_long_job_runs_once():
    calls = []

    def count(x, y):
        calls.append(1)
        return (x - y).norm(dim=-1).mean()

    result = measure(case({"a peer": Peer(count, "torch", EVERYWHERE)}, once=True), CPU, 0.01)
    assert result["rounds"] == len(calls) == 1


def test_the_largest_error_of_an_answer_counts():
    right = torch.tensor([3.0, 4.0])
    assert difference((right, right), (right, right + torch.tensor([0.0, 0.5]))) == pytest.approx(0.1)
    assert difference(torch.zeros(2), torch.full((2,), 2.0)) == pytest.approx(8**0.5)


def test_goals_are_held_against_the_run():
    def cases(seconds, ratio):
        shared = {"points": 2048, "clouds": 32}
        return [
            {"function": "chamfer", "ratios": {"torch.cdist": {"median": ratio}}} | shared,
            {"function": "nearest_each_way", "milliseconds": {OURS: {"median": 1e3 * seconds}}}
            | {"points": 1_048_576, "clouds": 1},
        ]

    def used(ours):
        contenders = {OURS: {"peak_mib": ours}, "torch.cdist": {"peak_mib": 30_000.0}}
        return [{"function": "chamfer", "clouds": 32, "points": 16_384, "contenders": contenders}]

    assert [goal["reached"] for goal in goals(cases(0.5, 8.0), used(100.0))] == [True, True, True]
    assert [goal["reached"] for goal in goals(cases(2.0, 4.0), used(400.0))] == [False, False, False]


def test_an_unknown_subject_is_refused(capsys):
    with pytest.raises(SystemExit):
        benchmarks.main(["chamber"])
    assert "unknown subjects: chamber" in capsys.readouterr().err


def test_an_answer_that_is_wrong_loses_no_other(monkeypatch, tmp_path):
    right, wrong = case(scaled(1)), case(scaled(2))
    monkeypatch.setattr(benchmarks, "SUBJECTS", {"chamfer": lambda *_: iter([right, wrong, right])})
    with pytest.raises(SystemExit, match="chamfer, 16 points: a job: answer differs"):
        benchmarks.main(["chamfer", "--quick", "--out", str(tmp_path)])
    report = json.loads((tmp_path / "benchmarks-cpu-chamfer-quick.json").read_text())
    assert len(report["cases"]) == 2
    assert len(report["failed"]) == 1


def test_where_time_is_short_goals_come_first_and_the_rest_is_named(monkeypatch, tmp_path):
    goal = replace(case(scaled(1)), clouds=32, points=2048)
    monkeypatch.setattr(benchmarks, "SUBJECTS", {"chamfer": lambda *_: iter([case(scaled(1)), goal])})
    now = [0.0]

    def measured(of, *_):
        now[0] += 100.0
        return found | {"clouds": of.clouds, "points": of.points}

    found = measure(case(scaled(1)), CPU, 0.01)
    monkeypatch.setattr(benchmarks, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(benchmarks, "measure", measured)
    assert benchmarks.main(["chamfer", "--minutes", "1", "--out", str(tmp_path)]) == 0
    report = json.loads((tmp_path / "benchmarks-cpu-chamfer.json").read_text())
    assert [found["points"] for found in report["cases"]] == [2048]
    assert report["out_of_time"] == ["chamfer, 16 points: a job"]


@pytest.mark.slow
def test_engines_answer_alike_and_say_why_they_do_not_run():
    found = list(engines.measure(CPU, True, float("inf")))
    assert len(found) == len(engines.CASES)
    for result in found:
        assert {"auto", "dense"} <= set(result["milliseconds"])
        assert max(result["difference"].values()) < 1e-5
        assert {*result["milliseconds"], *result["left_out"]} == set(engines.ENGINES)
        assert f"{result['points']}: ms auto" in engines.line(result)
    assert not list(engines.measure(CPU, True, 0.0))
