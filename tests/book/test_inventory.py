"""Every table, figure, algorithm, equation and claim of a finished paper has a place in the book, or a reason."""

import pytest

from tests.book.inventory import LOOKED_FOR, UNTESTABLE, inventory, main, without_place, wrong_places

SOURCES = {"000", "001", "002", "003", "004"}
FINISHED = ("000", "001", "002", "003", "004")


def test_the_inventory_is_whole():
    items = inventory()
    assert {item["seed"] for item in items} == SOURCES
    keys = [(item["seed"], item["kind"], item["id"]) for item in items]
    assert len(keys) == len(set(keys))
    assert all(item["what"] and item["counterpart"] for item in items)


@pytest.mark.parametrize("seed", FINISHED)
def test_a_finished_paper_lacks_nothing(seed):
    of_paper = [item for item in inventory() if item["seed"] == seed]
    assert not [(item["kind"], item["id"]) for item in without_place(of_paper)]


def test_each_place_exists():
    assert not wrong_places(inventory())


def test_what_is_missing_is_listed(capsys):
    main()
    shown = capsys.readouterr().out
    for item in without_place(inventory()):
        assert f"{item['seed']} {item['kind']:15} {item['id']}" in shown


@pytest.mark.parametrize("kind", LOOKED_FOR)
def test_a_gap_is_found(kind):
    gap = {"seed": "001", "kind": kind, "id": "x", "what": "y", "counterpart": "", "tier": "live"}
    assert without_place([gap]) == [gap]
    assert len(without_place([gap | {"tier": UNTESTABLE}])) == 1, "a reason is missing"
    assert not without_place([gap | {"tier": UNTESTABLE, "counterpart": "needs a robot"}])


def test_a_wrong_place_is_found():
    at = {"page": "foundations/which-chamfer", "section": "The convention card"}
    item = {"seed": "001", "kind": "claim", "id": "x", "where": [at]}
    assert not wrong_places([item])
    for wrong in (at | {"section": "No such section"}, at | {"page": "no/page"}):
        assert len(wrong_places([item | {"where": [wrong]}])) == 1
