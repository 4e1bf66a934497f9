"""The code cells of the pages as written, for the checks that read them without a build."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import nbformat

from tests.book.read_once import notebooks

ROOT = Path(__file__).resolve().parents[2]
REMOVED = {"remove-cell", "remove-input"}
FOLDED = {"hide-cell", "hide-input"}


@dataclass(frozen=True)
class Cell:
    """One code cell; `number` counts those of its page from 1."""

    number: int
    source: str
    tags: frozenset[str] = frozenset()

    @property
    def removed(self) -> bool:
        """Whether a reader cannot copy it, for its code is not on the page."""
        return bool(self.tags & REMOVED)

    @property
    def open(self) -> bool:
        """Whether its code is seen without a click."""
        return not self.tags & (REMOVED | FOLDED)

    @property
    def may_fail(self) -> bool:
        """Whether it shows an error on purpose."""
        return "raises-exception" in self.tags

    @property
    def length(self) -> int:
        """Lines that are not blank."""
        return sum(bool(line.strip()) for line in self.source.splitlines())


@cache
def read(root: Path = ROOT) -> dict[str, list[Cell]]:
    """The cells of each page of the table of contents that has code, by its name below `book/`."""
    found = {}
    for page in notebooks(root):
        code = [page.notebook.cells[i] for i in page.cells]
        found[page.name.removeprefix("book/")] = [
            Cell(number, cell.source, frozenset(cell.metadata.get("tags", [])))
            for number, cell in enumerate(code, start=1)
        ]
    return found


def write_notebook(cells: list[Cell], path: Path) -> None:
    """The cells as a notebook, which ruff reads as such: imports may head any cell, a last line is shown."""
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(
        nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell.source) for cell in cells]), path
    )


def ruff(folder: Path, numbers: dict[str, list[int]], *options: str) -> list[str]:
    """What ruff says of the notebooks in `folder`; `numbers` has, by page, the number of each cell of its notebook."""
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format", "json", *options]
    done = subprocess.run([*command, str(folder)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    said = []
    for fault in json.loads(done.stdout):
        page = Path(fault["filename"]).relative_to(folder).with_suffix("").as_posix()
        cell = numbers[page][fault["cell"] - 1] if fault["cell"] else "?"
        line = re.sub(r"\s+", " ", fault["message"])
        said.append(f"{page}, cell {cell}, line {fault['location']['row']}: {fault['code']} {line}")
    return said
