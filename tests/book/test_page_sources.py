"""The pages as written keep to their size, and leave nothing that a reader needs out of sight."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

from book._tools.notebook_code import code_of
from tests.book import checks, page_cells
from tests.book.page_cells import Cell

ROOT = Path(__file__).resolve().parents[2]
SOURCES = {
    path.relative_to(ROOT / "book").with_suffix("").as_posix(): path for path in checks.sources(ROOT / "book")
}
PAGES = page_cells.read()
LONGEST_PAGE = 800
MOST_CODE = 400
LONGEST_FOLD = 40
FENCE = re.compile(r"^\s*(?:> *)*(`{3,}|~{3,})(.*)$")
LABELLED = re.compile(r"\$\$ *\([^()\s]+\) *$")


def too_long(text: str) -> list[str]:
    """More lines than a page may have."""
    count = len(text.splitlines())
    return [f"{count} lines, at most {LONGEST_PAGE}"] if count > LONGEST_PAGE else []


def too_much_code(cells: list[Cell]) -> list[str]:
    """More lines of code than a page may have, whether they are seen or not."""
    count = sum(cell.length for cell in cells)
    return [f"{count} lines of code, at most {MOST_CODE}"] if count > MOST_CODE else []


def long_folds(cells: list[Cell]) -> list[str]:
    """Cells out of sight in which a program hides."""
    return [
        f"cell {cell.number} is not open and has {cell.length} lines, at most {LONGEST_FOLD}"
        for cell in cells
        if not cell.open and cell.length > LONGEST_FOLD
    ]


def removed_start(cells: list[Cell]) -> list[str]:
    """A first cell that a reader cannot copy, though others can be: it holds their imports."""
    late = cells[:1] and cells[0].removed and not all(cell.removed for cell in cells)
    return ["the first cell is removed; fold it (hide-input)"] if late else []


def definitions(cells: list[Cell]) -> dict[str, list[int]]:
    """Functions and classes at the top of a cell, with the numbers of their cells."""
    found = defaultdict(list)
    for cell in cells:
        for node in ast.parse(code_of(cell.source)).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                found[node.name].append(cell.number)
    return found


def defined_twice(pages: dict[str, list[Cell]]) -> list[str]:
    """Functions and classes that more than one page writes for itself: they belong into the library."""
    where = defaultdict(list)
    for page, cells in pages.items():
        for name in definitions(cells):
            where[name].append(page)
    return [f"{name}: {', '.join(found)}" for name, found in sorted(where.items()) if len(found) > 1]


def keeps(cells: list[Cell]) -> list[str]:
    """A page's own word for `glue`."""
    return [f"cell {number} defines keep; write glue(...)" for number in definitions(cells).get("keep", [])]


def without_label(text: str) -> list[str]:
    """Displayed formulas that no sentence can refer to."""
    found, fence, start = [], "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        mark = FENCE.match(line)
        if fence:
            if mark and mark[1].startswith(fence) and not mark[2].strip():
                fence = ""
        elif mark and not start and (not mark[2].strip().startswith("{") or "{code" in mark[2]):
            fence = mark[1]
        elif line.count("$$") == 2 and not start:
            if not LABELLED.search(line):
                found.append(f"line {number}")
        elif "$$" in line:
            if start and not LABELLED.search(line):
                found.append(f"lines {start} to {number}")
            start = 0 if start else number
    return found


RULES_OF_CODE = (too_much_code, long_folds, removed_start, keeps)


@pytest.mark.parametrize("page", SOURCES)
def test_a_page_is_no_longer_than_a_sitting(page):
    assert too_long(SOURCES[page].read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("page", SOURCES)
def test_each_display_has_a_label(page):
    assert without_label(SOURCES[page].read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("rule", RULES_OF_CODE, ids=lambda rule: rule.__name__)
def test_the_code_of_a_page(page, rule):
    assert rule(PAGES[page]) == []


def test_no_function_is_written_on_two_pages():
    assert defined_twice(PAGES) == []


def test_every_page_with_code_is_read():
    with_code = {page for page, path in SOURCES.items() if "{code-cell}" in path.read_text(encoding="utf-8")}
    assert with_code == set(PAGES)


# The rules themselves: each must be able to fail.


def test_a_long_page_is_found():
    assert too_long("line\n" * LONGEST_PAGE) == []
    assert too_long("line\n" * (LONGEST_PAGE + 1)) == ["801 lines, at most 800"]


def test_too_much_code_is_found_over_all_cells_and_without_blank_lines():
    half = "x = 1\n\n" * (MOST_CODE // 2)
    cells = [Cell(1, half), Cell(2, half, frozenset({"remove-cell"}))]
    assert too_much_code(cells) == []
    assert too_much_code([*cells, Cell(3, "y = 1")]) == ["401 lines of code, at most 400"]


@pytest.mark.parametrize("tag", ["hide-input", "hide-cell", "remove-input", "remove-cell"])
def test_a_long_cell_out_of_sight_is_found(tag):
    code = "x = 1\n" * (LONGEST_FOLD + 1)
    assert len(long_folds([Cell(1, code, frozenset({tag}))])) == 1
    assert long_folds([Cell(1, code), Cell(2, "x = 1", frozenset({tag}))]) == []


def test_a_removed_start_is_found():
    hidden, folded = (Cell(1, "import torch", frozenset({tag})) for tag in ("remove-cell", "hide-input"))
    assert removed_start([hidden, folded])
    assert removed_start([folded, hidden]) == []
    assert removed_start([hidden, hidden]) == []


def test_a_function_of_two_pages_is_found():
    one, other = (
        [Cell(1, "def f(x):\n    return x")],
        [Cell(1, "%pip list\nclass f: ..."), Cell(2, "def g(): ...")],
    )
    assert defined_twice({"a": one, "b": other}) == ["f: a, b"]
    assert defined_twice({"a": [*one, *one], "b": [Cell(1, "f = 1\ndef h(): ...")]}) == []


def test_a_keep_of_a_page_is_found():
    assert keeps([Cell(1, "x = 1"), Cell(4, "def keep(name, value): ...")]) == [
        "cell 4 defines keep; write glue(...)"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "$$\nx = 1\n$$",
        "$$ x = 1 $$",
        "$$\nx = 1\n$$ (eq-a)\n\n$$\ny = 2\n$$",
        "- an item\n\n  $$\n  x\n  $$",
        "> $$\n> x\n> $$",
        "```{note}\n$$\nx\n$$\n```",
        "```python\ncode\n```\n\n$$ x $$",
    ],
)
def test_a_display_without_label_is_found(text):
    assert len(without_label(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "$$\nx = 1\n$$ (eq-a)",
        "$$ x = 1 $$ (eq-a)",
        "$$ x\n= 1 $$ (eq-a)\n\nSo $x = 1$.",
        "```python\nprice = '$$'\n```",
        "~~~~\n$$ x $$\n~~~~",
        "```{code-cell} ipython3\n'$$'\n```",
    ],
)
def test_a_display_with_label_and_code_are_no_fault(text):
    assert without_label(text) == []
