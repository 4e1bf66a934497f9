"""The order of Table 1 on made-up results: which record judges it, and whether another way to draw points keeps it."""

import pytest

from pcl_lib.experiments.claims import HOLDS, NOT, PART, UNKNOWN, UNTESTED
from pcl_lib.experiments.neuralqaad import compare, report, rules
from pcl_lib.experiments.neuralqaad.published import ATLAS, CHAMFER, GREEDY, OURS, RANDOM
from pcl_lib.experiments.neuralqaad.settings import ALONE, FLOOR, TRUE
from pcl_lib.experiments.runner.paired_difference import Difference
from tests.experiments.made_qaad import AS_CLAIMED, judged, table1, verdict

SHARE = compare.EM_KD_SHARE
ROWS = (ATLAS, CHAMFER, GREEDY, OURS)
SETS = ("faces", "figures")
# All but the order of the first two rows, on figures.
OTHERWISE = {("figures", CHAMFER): 150.0}


def of_order(changes=None, *, steps=3000, rows=ROWS):
    """The rows as claimed, but for some EM-kDs by set and row."""
    changed = {f"{data}/{row}": {SHARE: value} for (data, row), value in (changes or {}).items()}
    return table1({row: AS_CLAIMED[row] for row in rows}, steps=steps, **changed)


def drop(by):
    return Difference((-by - 0.1, -float(by), -by + 0.1))


NEAR = Difference((-1.0, 0.0, 1.0))


def test_the_order_is_that_of_the_rows_without_the_random_one():
    found = compare.steps(of_order().result)
    assert len(found) == 6
    assert not any(RANDOM in name for name in found)
    assert all(each.sign == -1 for each in found.values())
    assert found["faces, greedy and reassignment against greedy"].mean == pytest.approx(-62.5)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, HOLDS),
        (OTHERWISE, PART),
        ({("faces", OURS): AS_CLAIMED[GREEDY]}, PART),
        ({(data, row): 100.0 + k for data in SETS for k, row in enumerate(ROWS)}, UNKNOWN),
    ],
)
def test_the_order_holds_where_every_interval_is_below_zero(changes, expected):
    """The last: the order is the other way round, and a short record refutes nothing."""
    assert verdict(judged(table1=table1(), order=of_order(changes)), "the order of Table 1: each") == expected


def test_a_long_training_refutes_the_order(monkeypatch):
    monkeypatch.setattr(type(table1()), "epochs", 600.0)
    other_way = {(data, row): 100.0 + k for data in SETS for k, row in enumerate(ROWS)}
    assert verdict(judged(table1=table1(), order=of_order(other_way)), "the order of Table 1: each") == NOT


def test_of_two_records_the_one_of_more_steps_judges():
    long_one, short_one = of_order(OTHERWISE, steps=3000), of_order(OTHERWISE, steps=500)
    for part in ("the order of Table 1: each", "far more efficiently"):
        assert verdict(judged(table1=table1(), order=long_one), part) == PART
        assert verdict(judged(table1=table1(), order=short_one), part) == HOLDS
    first = of_order(steps=4000, rows=(ATLAS, CHAMFER))
    both = judged(table1=table1(), order=long_one, architecture=first)
    assert verdict(both, "far more efficiently") == HOLDS
    assert verdict(both, "the order of Table 1: each") == PART
    (number,) = [claim.number for words, claim in both.items() if "far more" in words]
    assert "4,000 steps" in number


def test_what_the_four_rows_do_not_have_the_whole_table_judges():
    worse = of_order({("faces", OURS): 90.0, ("figures", OURS): 90.0})
    claims = judged(table1=table1(), order=worse)
    assert verdict(claims, "boosts the results") == UNKNOWN
    for part in ("extraordinary bad", "solves this issues", "neither of the two steps"):
        assert verdict(claims, part) == HOLDS
    alone = judged(order=of_order())
    assert verdict(alone, "significantly outperforms") == HOLDS
    assert verdict(alone, "solves this issues") == UNTESTED
    assert alone.keys() == claims.keys() == judged().keys()


def test_the_longest_of_none_is_none():
    assert rules.longest(None, None) is None
    one, same = of_order(), of_order()
    assert rules.longest(None, one, same) is one


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ({"a": drop(5), "b": drop(3), "c": NEAR}, HOLDS),
        ({"a": drop(5), "b": NEAR, "c": drop(5)}, PART),
        ({"a": NEAR, "b": NEAR, "c": drop(5)}, UNKNOWN),
        ({"a": drop(-5), "b": drop(-5), "c": drop(5)}, NOT),
    ],
)
def test_only_what_was_shown_can_survive(after, expected):
    before = {"a": drop(9), "b": drop(9), "c": NEAR}
    assert rules.survives(before, after) == expected


def test_steps_are_counted_by_their_intervals():
    assert rules.in_order({"a": drop(9), "b": NEAR, "c": drop(-9), "d": drop(1)}) == (2, 1, 1)


def test_tables_of_two_ways_to_draw_points():
    shuffled, fresh = table1(AS_CLAIMED | {FLOOR: 5.0}).result, of_order(rows=(*ROWS, RANDOM, ALONE)).result
    rows = report.modes_table({"shuffled": shuffled, "fresh places": fresh}, "Two ways.").text
    assert "figures, fresh places" in rows
    assert f"{ALONE} against {RANDOM}" in rows
    assert f"{OURS} against {ATLAS} | -85.0 % (-85.2 to -84.8)" in rows
    whole = report.both_sets(shuffled, "Both sets.").text
    assert all(row in whole for row in (*ROWS, TRUE, FLOOR))
    assert "faces, EM-kD, %" in whole
    last = report.order_table(fresh, "The order.", rows=ROWS, whole=True).text.splitlines()[-1]
    assert last.startswith(f"{OURS} against {ATLAS}")


def test_thousands_have_commas():
    assert "+1,266.4 %" in report.paper_table_1("Printed.").text
    steps = report.order_table(table1().result, "The order.").text
    assert "+1,658 %" in steps
    assert "+1,266 %" in report.table_1(table1().result, "faces", "Table 1.").text
    assert compare.shown(Difference((1500.0, 1500.2))).startswith("+1,500.1 %")
