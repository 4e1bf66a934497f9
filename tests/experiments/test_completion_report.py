"""What the pages say of a result on completion: differences, words, and tables that fit on a page."""

import pytest

from pcl_lib.experiments import report as ledger_report
from pcl_lib.experiments.claims import HOLDS, NOT, Claim
from pcl_lib.experiments.completion import compare, report, sentences
from pcl_lib.experiments.completion.published import LANDAU_TABLE_2
from pcl_lib.experiments.record import read_record
from pcl_lib.experiments.runner.paired_difference import Difference
from pcl_lib.experiments.runner.result import Result, Row

LOSSES = (*LANDAU_TABLE_2, "CD sums", "released Landau CD")


def made(**factors: float) -> Result:
    """Three seeds of each loss: CD-L2 of 100, times a factor, with a little of its own in each seed."""
    rows = [
        Row(
            {"network": "PCN", "loss": loss},
            seed,
            {"CD-L2": 100 * factors.get(loss.replace(" ", "_"), 1.0) + 0.01 * seed * len(loss)},
            1.0,
        )
        for loss in LOSSES
        for seed in range(3)
    ]
    return Result(rows, {}, [30], "CD-L1", {}, {}, "cpu", 1.0)


@pytest.mark.parametrize(("factor", "word", "order"), [(0.5, "better", "yes"), (2.0, "worse", "reversed")])
def test_a_difference_beyond_the_spread_has_a_sign(factor, word, order):
    result = made(Landau_CD=factor)
    change = compare.change(result, "Landau CD", "CD")
    assert change.mean == pytest.approx(100 * (factor - 1), abs=0.1)
    assert compare.so(change) == word
    assert compare.same_order(result, "Landau CD", "CD") == order
    within = compare.change(result, "HyperCD", "CD")
    assert compare.so(within) == "cannot tell"
    assert compare.same_order(result, "HyperCD", "CD") == "cannot tell"
    assert compare.same_order(result, "CD sums", "CD") is None, "the paper does not have it"


def test_orders_are_counted():
    rows = [
        Row({"network": "PCN", "loss": loss}, seed, {"CD-L2": value + 0.001 * seed}, 1.0)
        for loss, value in LANDAU_TABLE_2.items()
        for seed in range(3)
    ]
    result = Result(rows, {}, [30], "CD-L1", {}, {}, "cpu", 1.0)
    said = sentences.orders(result)
    assert said.startswith("Against **CD**, 12 (EMD, truncated CD, ")
    assert "of the paper's 12 orders survive, 0 are reversed, and 0 we cannot tell." in said
    assert "of the paper's 11 orders survive" in said, "gamma has HyperCD's value in the paper"
    for row in rows:
        row.metrics["CD-L2"] = 100 - row.metrics["CD-L2"]
    assert "0 of the paper's 12 orders survive, 12 (EMD" in sentences.orders(result)


def test_the_paper_inside_an_interval_or_not():
    found = Difference((-5.0, -4.0, -3.0))
    assert compare.inside(-3.8, found) is True
    assert compare.inside(3.8, found) is False
    assert compare.inside(None, found) is None


def test_a_short_run_says_whether_it_contains_the_papers_change():
    gain = 1 + (compare.paper_change("Landau CD", "CD") or 0.0) / 100
    assert "interval contains the paper's −3.8 %" in sentences.short_run(made(Landau_CD=gain))
    assert "interval does not contain the paper's −3.8 %" in sentences.short_run(made(Landau_CD=9.0))
    assert "3 seeds and 30 steps" in sentences.short_run(made())


def test_no_negative_zero():
    assert str(Difference((-0.01, 0.0))).startswith("+0.0 ± ")
    assert compare.signed(-0.01) == "+0.0"


def test_tables_of_the_records_are_narrow():
    """Six columns, and names and numbers in them: a page has room for about a hundred letters."""
    losses, networks = read_record("completion-losses"), read_record("completion-networks")
    result = losses.result
    tables = [
        report.losses_table(result, "x"),
        report.hyper_table(result, "x"),
        report.questions_table(result, "x"),
        report.changes_table(networks, "x"),
        report.changes_at_a_glance(networks, "x"),
        report.by_network(networks, {"a": ["CD-L1"], "b": compare.over_levels("CD-L2")}, "x"),
    ]
    for table in tables:
        rows = [line for line in table.text.splitlines() if " | " in line][1:]
        assert len(rows) >= 4
        for row in rows:
            assert row.count(" | ") <= 5, row
            assert len(row) <= 105, row


def test_a_claim_leads_to_its_place():
    claims = [
        Claim("fast", "IV", "1 of 1", HOLDS, "../a/b.html#how-fast"),
        Claim("small", "V", "0 of 1", NOT, "../a/c.html#how-small"),
    ]
    table = ledger_report.claims_table(claims, "Two claims")
    assert '<a href="../a/c.html#how-small">How small</a>' in table.html
    assert table.text.splitlines()[2].startswith("fast | holds | 1 of 1 | IV")
    counted = ledger_report.verdicts_table({"a paper": claims}, "Counted").text.splitlines()
    assert counted[1].split(" | ")[:2] == ["paper", "claims"]
    assert counted[2] == "a paper | 2 | 1 | 0 | 1 | 0 | 0"
