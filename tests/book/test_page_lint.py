"""The code on the pages is held to the rules of the library's: no unused import, no line that runs out of its box."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.book import page_cells
from tests.book.page_cells import Cell

ROOT = Path(__file__).resolve().parents[2]
PAGES = page_cells.read()
WIDEST = 88
OPTIONS = (
    *("--config", "pyproject.toml", "--config", f"line-length={WIDEST}"),
    *("--config", f"lint.pycodestyle.max-line-length={WIDEST}"),
    *("--config", 'lint.isort.known-first-party = ["pcl_lib"]'),
    # A set-up may have to come before an import; assertions on a page are sentences, not tests.
    *("--extend-ignore", "E402,PT018"),
)


def lint(pages: dict[str, list[Cell]], folder: Path) -> list[str]:
    """What ruff finds in the cells of the pages, removed ones too."""
    for page, cells in pages.items():
        page_cells.write_notebook(cells, folder / f"{page}.ipynb")
    numbers = {page: [cell.number for cell in cells] for page, cells in pages.items()}
    return page_cells.ruff(folder, numbers, *OPTIONS)


@pytest.fixture(scope="module")
def faults(tmp_path_factory) -> list[str]:
    return lint(PAGES, tmp_path_factory.mktemp("pages"))


@pytest.mark.parametrize("page", PAGES)
def test_ruff(page, faults):
    assert [fault for fault in faults if fault.startswith(f"{page}, cell ")] == []


# The check itself must be able to fail.


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("import os", "F401"),
        ("import math\nfrom pcl_lib import viz\nimport torch\n\nmath, viz, torch", "I001"),
        (f"name = '{'x' * WIDEST}'", "E501"),
        ("list([1, 2])", "C410"),
        ("def f(x=[]):\n    return x", "B006"),
    ],
)
def test_a_fault_is_found(source, code, tmp_path):
    (fault,) = lint({"part/page": [Cell(1, "1 + 1"), Cell(4, source)]}, tmp_path)
    assert fault.startswith("part/page, cell 4, line ")
    assert f": {code} " in fault


def test_what_a_notebook_may_do_is_no_fault(tmp_path):
    later = Cell(2, "import json\n\ntext = json.dumps([math.e])\ntext")
    assert lint({"page": [Cell(1, "import math\n\nmath.pi"), later]}, tmp_path) == []
