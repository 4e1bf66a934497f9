"""The committed records: whole, and with every public distance in them."""

import inspect
import json
from pathlib import Path

import pytest

from pcl_lib import distances
from pcl_lib.experiments.benchmarks.races import read_benchmarks
from tests.benchmarks.__main__ import NOT_ON_CUDA
from tests.benchmarks.measure import OURS
from tests.distances.test_every import ASSIGNMENTS, FIELDS

RECORDS = Path(__file__).resolve().parents[2] / "book" / "records"
FILES = sorted(RECORDS.glob("benchmarks-*.json"))
QUARTILES = {"median", "lower_quartile", "upper_quartile"}
# What a cloud says of places in space is no distance; its race is run, and joins the record with the next one. Nor is
# an assignment, for which no other library has a rival.
NO_DISTANCES = {*FIELDS, *ASSIGNMENTS}
PUBLIC = {name for name in distances.__all__ if inspect.isfunction(getattr(distances, name))} - NO_DISTANCES


def test_there_is_a_record_of_a_processor():
    assert RECORDS / "benchmarks-cpu.json" in FILES


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_record_has_what_the_page_shows(path):
    record = json.loads(path.read_text(encoding="utf-8"))
    machine = record["machine"]
    assert machine["date"]
    assert machine["cpu"]
    assert machine["cores"]
    assert machine["versions"]["torch"]
    assert (machine["device"] == "cpu") == (path.stem == "benchmarks-cpu")
    assert record["seconds"] > 0
    for case in record["cases"]:
        assert case["ratios"], case["function"]
        assert all(set(ratio) == QUARTILES and ratio["median"] > 0 for ratio in case["ratios"].values())
        assert set(case["milliseconds"][OURS]) == QUARTILES
        assert case["best_peer"] in case["ratios"]
        assert {
            "subject",
            "job",
            "clouds",
            "points",
            "left_out",
            "excess",
            "rounds",
            "share_of_checks",
        } <= set(case)
    if machine["device"] == "cpu" or record["memory"]:
        assert [used["function"] for used in record["memory"]] == ["chamfer", "em_kd"]
    assert bool(record["goals"]) == (machine["device"] != "cpu")
    assert not record.get("failed")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_library_reads_a_record(path):
    cases = json.loads(path.read_text(encoding="utf-8"))["cases"]
    races = read_benchmarks(path.stem.removeprefix("benchmarks-")).races
    assert [(race.function, race.points, race.best_peer) for race in races] == [
        (case["function"], case["points"], case["best_peer"]) for case in cases
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_public_distance_is_in_a_record(path):
    record = json.loads(path.read_text(encoding="utf-8"))
    recorded = {case["function"] for case in record["cases"]}
    if record["machine"]["device"] != "cpu":  # a GPU is lent for minutes: what it had no time for is named
        recorded |= {*NOT_ON_CUDA, *(title.partition(",")[0] for title in record["out_of_time"])}
    assert recorded >= PUBLIC


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_record_is_of_a_whole_run(path):
    assert json.loads(path.read_text(encoding="utf-8"))["quick"] is False
