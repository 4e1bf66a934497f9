"""The record of the benchmarks as the library reads it, and its tables."""

import json

import matplotlib.pyplot as plt
import pytest

from pcl_lib.experiments.benchmarks import report
from pcl_lib.experiments.benchmarks.peaks import measure_peaks
from pcl_lib.experiments.benchmarks.races import OURS, read_benchmarks, read_steps
from pcl_lib.experiments.record import RECORDS


def spread(median, *, wide=0.1):
    return {"median": median, "lower_quartile": median - wide, "upper_quartile": median + wide}


def case(function="chamfer", points=512, fast=2.0, **other):
    return {
        "subject": "chamfer",
        "function": function,
        "job": "a job",
        "clouds": 1,
        "points": points,
        "rounds": 9,
        "best_peer": "fast",
        "ratios": {"slow": spread(10.0), "fast": spread(fast)},
        "milliseconds": {OURS: spread(3.0), "slow": spread(30.0), "fast": spread(6.0)},
        "left_out": {"absent": "not installed"},
        "excess": {},
        "share_of_checks": 0.1,
        "difference": {},
        **other,
    }


@pytest.fixture
def record(tmp_path):
    """The record of a small run: three races, one of which a peer won clearly and one not clearly."""
    cases = [case(), case(points=1024, fast=0.5), case("emd", fast=0.95, excess={"slow": 0.125})]
    job = {"function": "chamfer", "job": "a job", "clouds": 2, "points": 4096}
    found = {"peak_mib": 7.0, "seconds": 2.0}
    contenders = {OURS: found | {"finished": True}, "slow": found | {"finished": False}}
    content = {
        "machine": json.loads((RECORDS / "benchmarks-cpu.json").read_text(encoding="utf-8"))["machine"],
        "seconds": 60.0,
        "cases": cases,
        "memory": [job | {"contenders": contenders}],
        "goals": [{"goal": "g", "at_most": 1, "at_least": None, "found": 0.5, "reached": True}],
    }
    (tmp_path / "benchmarks-cpu.json").write_text(json.dumps(content), encoding="utf-8")
    return read_benchmarks("cpu", folder=tmp_path)


def test_a_race_is_found_by_function_and_size(record):
    assert record.race("chamfer").points == 1024, "the largest"
    race = record.race("chamfer", points=512)
    assert (race.best_peer, race.behind(), race.behind("slow")) == ("fast", 2.0, 10.0)
    assert (race.took(), race.took("slow")) == (3.0, 30.0)
    assert race.size == "512 points"


@pytest.mark.parametrize(
    ("function", "asked", "said"),
    [
        ("chamfer", {"points": 7}, "512 points"),
        ("chamfer", {"clouds": 32}, "1,024 points"),
        ("chamfer", {"job": "another"}, "1,024 points"),
        ("no_such", {}, "there is none"),
    ],
)
def test_a_race_that_was_not_run_is_refused(record, function, asked, said):
    with pytest.raises(ValueError, match=rf"function and size must be .* received '{function}'.*{said}"):
        record.race(function, **asked)


def test_a_missing_record_names_the_command(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no record .*benchmarks-cuda.json.*--device cuda"):
        read_benchmarks("cuda", folder=tmp_path)


def test_who_is_behind(record):
    (race,) = report.clearly_behind(record)
    assert race.points == 1024
    assert report.behind_line(race) == "- `chamfer`, 1,024 points (a job): fast needs 50 % of our 3 ms."


def test_the_table_of_a_subject_has_a_column_for_each_peer_and_names_the_absent(record):
    text = repr(report.races_table(record, "chamfer", "Who wins."))
    assert "Who wins. Each row: a job. Not installed there: absent." in text
    assert "function | ours, ms | slow | fast" in text
    assert "`chamfer`, 1,024 points | 3.00 | 10 [9.9, 10.1] | 0.5 [0.4, 0.6]" in text
    assert "2026" in text, "the date"


def test_a_bound_is_shown_with_what_it_costs(record):
    text = repr(report.bounds_table(record, "Bounds"))
    assert "`emd`, 512 points: a job | 0.950 | 12.50 %" in text
    assert "chamfer" not in text


def test_memory_that_ran_out_says_so(record):
    text = repr(report.memory_table(record, "Memory"))
    assert "`chamfer`, 2 x 4,096 points: a job | pcl_lib | 7.00 | 2.00" in text
    assert "out of memory after 7" in text


def test_a_goal_is_shown_with_what_was_found(record):
    assert "g | at most 1 | 0.500 | True" in repr(report.goals_table(record, "Goals"))


def test_the_chart_has_a_row_for_each_race(record):
    chart = report.races_chart(record)
    left, right = chart.axes
    plt.close(chart)  # pyplot would keep it for the next test
    shown = [[label.get_text() for label in ax.get_yticklabels()] for ax in (left, right)]
    assert shown == [["chamfer, 512", "chamfer, 1,024"], ["emd, 512"]]
    blue = [line for ax in (left, right) for line in ax.lines if line.get_marker() == "o"]
    assert [float(line.get_xdata()[0]) for line in blue] == [2.0, 0.5, 0.95], "the fastest peer of each row"
    assert left.get_xlim() == right.get_xlim()
    assert left.get_ylim() == right.get_ylim()


def machine():
    return json.loads((RECORDS / "benchmarks-cpu.json").read_text(encoding="utf-8"))["machine"]


@pytest.fixture
def steps(tmp_path):
    ratios = {"CD": spread(1.0, wide=0.0), "slow": spread(3.0), "quick": spread(1.5)}
    content = {"job": "a step", "rounds": 5, "machine": machine(), "ratios": ratios, "milliseconds": ratios}
    (tmp_path / "loss-steps-cpu.json").write_text(json.dumps(content), encoding="utf-8")
    return read_steps("cpu", folder=tmp_path)


def test_steps_are_set_beside_the_papers_from_the_quickest_on(steps):
    assert steps.quartiles["quick"] == pytest.approx((1.4, 1.5, 1.6))
    text = repr(report.steps_table(steps, {"CD": 20, "quick": 50}, "CD", "Table 4."))
    assert "Table 4. Each row: a step, 5 rounds." in text
    first, second, third = text.splitlines()[2:5]
    assert first == "CD | 20 | 1.00 | 1.00"
    assert second == "quick | 50 | 2.50 | 1.5 [1.4, 1.6]"
    assert third == "slow | – | – | 3 [2.9, 3.1]"


def test_missing_steps_name_the_command(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no record .*tests.benchmarks.loss_steps --device cuda"):
        read_steps("cuda", folder=tmp_path)


def test_patches_against_each_loop(tmp_path):
    case = {"network": "two layers", "patches": 16, "clouds": 8, "points": 2048, "rounds": 3}
    case |= {"ratios": {"a loop": spread(4.0)}, "milliseconds": {OURS: spread(7.0), "a loop": spread(28.0)}}
    path = tmp_path / "patches-cpu.json"
    path.write_text(json.dumps({"cases": [case], "machine": machine()}), encoding="utf-8")
    text = repr(report.patches_table(path, "Patches."))
    assert "step | ours, ms | a loop" in text
    assert "16 patches, 8 x 2,048 points: two layers | 7.00 | 4 [3.9, 4.1]" in text


@pytest.mark.slow
def test_a_table_of_all_pairs_takes_the_memory_that_was_counted():
    grown, first_call = measure_peaks({"four lines": [1024, 2048], "k-d tree": [2048]})
    assert grown["four lines"] == pytest.approx([24 * 1024**2, 24 * 2048**2], rel=0.2)
    assert grown["k-d tree"][0] < 24 * 2048**2 / 10
    assert first_call.keys() == grown.keys()


def test_an_unknown_method_is_refused():
    with pytest.raises(ValueError, match=r"plan must name methods of four lines.* received magic"):
        measure_peaks({"magic": [8]})
