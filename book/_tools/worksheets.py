"""The notebooks of the book without the solutions of their exercises, as one download for those who teach with them."""

from __future__ import annotations

import os
import re
import zipfile
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

from book._tools import export
from book._tools.citations import Bibliography
from book._tools.notebook_words import Words
from book._tools.outline import Outline

ARCHIVE = "notebooks/without-solutions.zip"
SOLUTION = re.compile(
    r"^(?P<fence>`{3,}|:{3,})\{solution-start\}.*?^(?P=fence)\{solution-end\}\n(?P=fence)$"
    r"|^(?P<whole>`{3,}|:{3,})\{solution\}.*?^(?P=whole)$",
    re.MULTILINE | re.DOTALL,
)
ANSWER = "```{code-cell} ipython3\n# Your answer\n```"
DAY = (2000, 1, 1, 0, 0, 0)
"""A fixed date, so that the same book gives the same file."""


def without_solutions(text: str) -> str:
    """A page as written, with an empty cell in place of each solution."""
    return SOLUTION.sub(ANSWER, text)


def worksheet(
    source: Path, docname: str, book: Outline, papers: Bibliography, *, install: str | None = None
) -> NotebookNode:
    """The clean notebook of a MyST source less its solutions."""
    notebook = jupytext.reads(without_solutions(source.read_text(encoding="utf-8")), fmt="md:myst")
    return export.readable(notebook, Words(docname, book, papers), install=install)


def write(notebooks: dict[str, NotebookNode], target: Path) -> None:
    """Pack notebooks, by the name of their page; complete or absent."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        for docname, notebook in sorted(notebooks.items()):
            name = f"without-solutions/{docname.removeprefix('book/')}.ipynb"
            archive.writestr(
                zipfile.ZipInfo(name, DAY), nbformat.writes(notebook), compress_type=zipfile.ZIP_DEFLATED
            )
    os.replace(part, target)
