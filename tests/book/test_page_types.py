"""The calls on the pages fit the functions: mypy reads all cells of all pages at once."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from book._tools.notebook_code import code_of
from tests.book import page_cells
from tests.book.page_cells import Cell

ROOT = Path(__file__).resolve().parents[2]
PAGES = page_cells.read()
# A page needs no annotations, so most of what mypy misses there is no fault. These are: a name or an argument that does
# not exist. How many arguments a `*star` brings it can only guess.
FAULT = re.compile(r"error: (?!Too many arguments).*\[(call-arg|name-defined|syntax)\]$")
MARK = re.compile(r"# %% cell (\d+)$")
OPTIONS = (
    *("--config-file", "pyproject.toml", "--show-error-codes", "--no-error-summary", "--allow-redefinition"),
    *("--allow-untyped-defs", "--allow-incomplete-defs", "--no-warn-unreachable", "--implicit-reexport"),
)


def program(cells: list[Cell]) -> str:
    """The cells as one file, each under a mark; IPython gives `display` to every notebook."""
    parts = [f"# %% cell {cell.number}\n{code_of(cell.source)}" for cell in cells]
    return "from IPython.display import display\n" + "\n".join(parts)


def place(text: str, line: int) -> str:
    """The cell, and the line in it, of a line of `program`."""
    lines = text.splitlines()[:line]
    start = max(i for i, content in enumerate(lines) if i == 0 or MARK.match(content))
    mark = MARK.match(lines[start])
    return f"cell {mark[1]}, line {line - start - 1}" if mark else f"line {line}"


def wrong(pages: dict[str, list[Cell]], folder: Path) -> list[str]:
    """Names and arguments that a page uses and that do not exist."""
    files = {}
    for page, cells in pages.items():
        path = folder / (re.sub(r"\W", "_", page) + ".py")
        path.write_text(program(cells), encoding="utf-8")
        files[path.name] = page
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *OPTIONS, *(str(folder / name) for name in files)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found = []
    for said in filter(FAULT.search, done.stdout.splitlines()):
        path, line, message = said.split(":", 2)
        # What mypy took from its cache it gives with the path of the run that wrote it: by name it is the same file.
        name = Path(path).name
        if name in files:
            text = (folder / name).read_text(encoding="utf-8")
            found.append(f"{files[name]}, {place(text, int(line))}: {message.strip()}")
    return found


@pytest.mark.slow
def test_types(tmp_path):
    assert wrong(PAGES, tmp_path) == []


# The check itself must be able to fail.


@pytest.mark.slow
def test_a_call_that_does_not_fit_is_found(tmp_path):
    sound = Cell(
        1,
        "import torch\n\nfrom pcl_lib import viz\nfrom pcl_lib.distances import chamfer\n\ntwo = torch.eye(2)",
    )
    right = Cell(2, "display(chamfer(two, two))\n%pip list\nviz.table([[1]], columns=['a'], caption='b')")
    faults = [
        Cell(3, "two = 2\n\nchamfer(torch.eye(2), torch.eye(2), rodsuction='sum')"),
        Cell(5, "display(two)\n\nthree + two"),
    ]
    found = wrong({"part/a": [sound, right], "part/b-c": [sound, *faults]}, tmp_path)
    assert [fault.partition(": ")[0] for fault in found] == [
        "part/b-c, cell 3, line 3",
        "part/b-c, cell 5, line 3",
    ]
