"""What a reader copies from a page runs: its cells in order, and the first one alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.book import page_cells
from tests.book.page_cells import Cell

ROOT = Path(__file__).resolve().parents[2]
COPIED = {page: [c for c in cells if not c.removed] for page, cells in page_cells.read().items()}
COPIED = {page: cells for page, cells in COPIED.items() if cells}
# To run all of them doubles the time of the checks. The schedule that has the time asks for them; these are quick.
QUICK = ("foundations/point-clouds", "appendix/cite", "synthesis/claims-ledger")
RUN = sorted(COPIED) if os.environ.get("PCL_ALL_NOTEBOOKS") else [page for page in QUICK if page in COPIED]


def undefined(pages: dict[str, list[Cell]], folder: Path) -> list[str]:
    """Names that no earlier cell of those copied defines, by page and cell."""
    for page, cells in pages.items():
        page_cells.write_notebook(cells, folder / f"{page}.ipynb")
    numbers = {page: [cell.number for cell in cells] for page, cells in pages.items()}
    return page_cells.ruff(folder, numbers, "--isolated", "--select", "F821,F823")


def run(cells: list[Cell], folder: Path) -> str:
    """What went wrong, or nothing, when the cells run in a fresh interpreter and an empty folder."""
    (folder / "empty").mkdir()
    path = folder / "cells.json"
    path.write_text(
        json.dumps([{"number": c.number, "source": c.source, "may_fail": c.may_fail} for c in cells])
    )
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "book" / "run_cells.py"), str(path)],
        cwd=folder / "empty",
        env={**os.environ, "PYTHONPATH": str(ROOT), "IPYTHONDIR": str(folder / "ipython")},
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if done.returncode == 0 else (done.stdout + done.stderr)[-3000:]


@pytest.fixture(scope="module")
def faults(tmp_path_factory) -> dict[str, list[str]]:
    """Of all cells of each page, and of its first cell: a process for each page would take ten times as long."""
    first = {page: cells[:1] for page, cells in COPIED.items()}
    return {
        name: undefined(pages, tmp_path_factory.mktemp(name))
        for name, pages in (("whole", COPIED), ("first", first))
    }


def of_page(page: str, faults: list[str]) -> list[str]:
    return [fault for fault in faults if fault.startswith(f"{page}, cell ")]


@pytest.mark.parametrize("page", COPIED)
def test_names_are_defined_by_what_is_copied(page, faults):
    assert of_page(page, faults["whole"]) == []


@pytest.mark.parametrize("page", COPIED)
def test_the_first_cell_needs_no_other(page, faults):
    assert of_page(page, faults["first"]) == []


@pytest.mark.slow
@pytest.mark.parametrize("page", RUN)
def test_copied_cells_run(page, tmp_path):
    assert run(COPIED[page], tmp_path) == ""


def test_the_quick_pages_are_there():
    assert set(QUICK) <= set(COPIED)


def test_the_weekly_run_has_all_of_them():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8"))
    (whole,) = [step for step in workflow["jobs"]["whole"]["steps"] if step.get("run") == ".ci/run"]
    assert whole["env"]["PCL_ALL_NOTEBOOKS"] == "${{ github.event_name == 'schedule' && '1' || '' }}"
    assert "schedule" in workflow[True]  # YAML takes `on` for a truth value


# The checks themselves: each must be able to fail.

SETUP = Cell(1, "import math\n\nside = math.sqrt(2)")
USE = Cell(3, "display(side)\nside")


def test_a_name_of_a_removed_cell_is_found(tmp_path):
    inside = Cell(2, "def area():\n    return side * height")
    pages = {"whole": [SETUP, USE], "part/turned": [USE, SETUP], "inside": [SETUP, inside]}
    found = undefined(pages, tmp_path)
    assert of_page("whole", found) == []
    turned = of_page("part/turned", found)
    assert [fault.partition(" Undefined")[0] for fault in turned] == [
        "part/turned, cell 3, line 1: F821",
        "part/turned, cell 3, line 2: F821",
    ]
    (fault,) = of_page("inside", found)
    assert "cell 2, line 2: F821 Undefined name `height`" in fault
    assert len(found) == 3


@pytest.mark.slow
def test_a_cell_that_fails_when_copied_is_found(tmp_path):
    folders = [tmp_path / name for name in ("a", "b", "c", "d")]
    for folder in folders:
        folder.mkdir()
    assert run([SETUP, USE], folders[0]) == ""
    assert "cell 3 fails: NameError" in run([USE], folders[1])
    error = Cell(2, "raise ValueError('meant')", frozenset({"raises-exception"}))
    assert run([SETUP, error, USE], folders[2]) == ""
    assert "cell 2 fails: FileNotFoundError" in run([Cell(2, "open('pyproject.toml')")], folders[3])
