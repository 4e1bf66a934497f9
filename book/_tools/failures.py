"""A chapter that did not run to its end: where it stopped, and why, in words for its author."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nbformat import NotebookNode

COLOUR_CODES = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Failure:
    chapter: str
    """Page name, such as `book/foundations/point-clouds`."""
    cell: int
    """Number of the cell among the code cells of the chapter, from 1; 0 before the first."""
    source: str
    error: str
    traceback: str = ""

    def __str__(self) -> str:
        where = f"{self.chapter}.md, code cell {self.cell}" if self.cell else f"{self.chapter}.md"
        code = "\n".join(f"    {line}" for line in self.source.splitlines())
        trace = "\n".join(f"    {line}" for line in self.traceback.splitlines()[-25:])
        return "\n\n".join(part for part in (f"{where}: {self.error}", code, trace) if part)


def without_colours(text: str) -> str:
    return COLOUR_CODES.sub("", text)


def may_fail(cell: NotebookNode) -> bool:
    """A cell that shows an error on purpose."""
    return "raises-exception" in cell.metadata.get("tags", [])


def unfinished(notebook: NotebookNode) -> tuple[int, str] | None:
    """The first code cell, from 1, that did not run in its turn or ended in an error, and what is wrong with it."""
    for number, cell in enumerate((c for c in notebook.cells if c.cell_type == "code"), start=1):
        if cell.execution_count != number:
            return number, f"was not run in its turn (expected run {number}, recorded {cell.execution_count})"
        errors = [output for output in cell.outputs if output.output_type == "error"]
        if errors and not may_fail(cell):
            return number, f"ended in {errors[0].ename}: {errors[0].evalue}"
    return None
