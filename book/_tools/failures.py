"""Which chapters failed, in which cell, and why; read from the executed notebooks that MyST-NB leaves behind."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import nbformat

COLOUR_CODES = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Failure:
    chapter: str
    """Page name, such as `book/foundations/point-clouds`."""
    cell: int
    """Number of the cell among the code cells of the chapter, from 1."""
    source: str
    error: str
    traceback: str

    def __str__(self) -> str:
        code = "\n".join(f"    {line}" for line in self.source.splitlines())
        trace = "\n".join(f"    {line}" for line in self.traceback.splitlines()[-25:])
        return f"{self.chapter}.md, code cell {self.cell}: {self.error}\n\n{code}\n\n{trace}"


def failures(executed: Path) -> list[Failure]:
    """Failures below a folder of executed notebooks, in page order."""
    found = []
    for path in sorted(executed.rglob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        chapter = path.relative_to(executed).with_suffix("").as_posix()
        for number, cell in enumerate((c for c in notebook.cells if c.cell_type == "code"), start=1):
            if "raises-exception" in cell.metadata.get("tags", []):
                continue
            for output in cell.outputs:
                if output.output_type == "error":
                    trace = COLOUR_CODES.sub("", "\n".join(output.traceback))
                    error = f"{output.ename}: {output.evalue}".strip()
                    found.append(Failure(chapter, number, cell.source, error, trace))
    return found
