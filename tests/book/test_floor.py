"""Cells that measure time run while no other cell does."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest

from book._tools.floor import Closed, Floor
from book._tools.pages import Page


def test_many_share_the_floor_and_one_has_it_alone():
    floor, inside, seen = Floor(), [], []

    def visit(alone: bool, together: threading.Barrier | None = None) -> None:
        floor.enter(alone=alone)
        inside.append(alone)
        seen.append((alone, len(inside)))
        if together:
            together.wait(timeout=60)  # two are in at the same time, or this is an error
        inside.remove(alone)
        floor.leave(alone=alone)

    with ThreadPoolExecutor(6) as pool:
        # Nobody wants it alone yet: who does would go before the second, and the first would wait for ever.
        list(pool.map(visit, [False, False], [threading.Barrier(2)] * 2))
        assert (False, 2) in seen
        list(pool.map(visit, [False, False, True, False, False, True] * 20))
    assert {count for alone, count in seen if alone} == {1}


def test_who_wants_it_alone_goes_first():
    floor, order, wanted = Floor(), [], threading.Event()

    def visit(name: str, alone: bool) -> None:
        wanted.set()
        floor.enter(alone=alone)
        order.append(name)
        floor.leave(alone=alone)

    floor.enter(alone=False)
    first = threading.Thread(target=visit, args=("alone", True))
    first.start()
    while floor._wanted_alone == 0:
        wanted.wait()
    second = threading.Thread(target=visit, args=("shared", False))
    second.start()
    floor.leave(alone=False)
    first.join()
    second.join()
    assert order == ["alone", "shared"]


def test_a_closed_floor_lets_nobody_in_and_nobody_wait():
    floor = Floor()
    floor.enter(alone=True)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(floor.enter, alone=False)
        floor.close()
        with pytest.raises(Closed):
            waiting.result()
    with pytest.raises(Closed):
        floor.enter(alone=True)


def page(*cells: tuple[str, list[str]]) -> Page:
    words = nbformat.v4.new_markdown_cell("perf_counter is a clock")
    code = [nbformat.v4.new_code_cell(source, metadata={"tags": tags}) for source, tags in cells]
    return Page("page", Path("page.md"), nbformat.v4.new_notebook(cells=[words, *code]))


@pytest.mark.parametrize(
    ("cells", "alone"),
    [
        ([("1 + 1", []), ("2", ["hide-input"])], set()),
        ([("1 + 1", []), ("run()", ["hide-input", "measures-time"])], {2}),
        ([("import time\ntime.perf_counter()", []), ("2", [])], {1, 2}),
        ([("def clock():\n    return time.perf_counter()", []), ("clock()", ["measures-time"])], {2}),
        ([("%timeit f()", [])], {1}),
    ],
)
def test_a_page_says_what_runs_alone(cells, alone):
    assert page(*cells).alone == alone
