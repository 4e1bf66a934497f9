"""Chapters as Jupyter notebooks: clean (source only) and executed (with outputs).

The sources are MyST text; these are for readers who want to download a chapter, or open it in Colab or on Binder. They
read like the page in any viewer of notebooks: what only the book's own pages understand is resolved here.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import jupytext
import nbformat
from myst_nb.ext.glue import extract_glue_data_cell
from nbformat import NotebookNode

from book._tools import figures, notebook_code
from book._tools.citations import Bibliography
from book._tools.notebook_text import Prose
from book._tools.notebook_words import Words, glued_in
from book._tools.outline import Outline, notebook_path
from book._tools.short_numbers import shortened

UNSEEN = {"remove-cell", "remove-output"}
"""Tags of cells whose outputs are on no page."""
NEEDS = (
    "This notebook needs `pcl_lib`, the library of the book: `pip install` the folder of its source that holds "
    "`pyproject.toml`."
)
"""What stands before the first code where no address is known to install from."""

__all__ = ["clean", "executed", "notebook_path", "readable", "write"]


def clean(
    source: Path, docname: str, book: Outline, papers: Bibliography, *, install: str | None = None
) -> NotebookNode:
    """The notebook of a MyST source, without outputs; `install` is what pip must install on a bare machine."""
    notebook = jupytext.read(source)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return readable(notebook, Words(docname, book, papers), install=install)


def executed(
    path: Path,
    docname: str,
    book: Outline,
    papers: Bibliography,
    *,
    captions: Sequence[str] = (),
    install: str | None = None,
) -> NotebookNode:
    """An executed notebook, with the values of its run in its sentences.

    `captions`: the numbers of its figures and tables, "Figure 4.3", in the order of its cells.
    """
    notebook = nbformat.read(path, as_version=4)
    number_captions(notebook, captions)
    values = _glued(notebook)
    _shorten(notebook)
    return readable(notebook, Words(docname, book, papers, values), install=install)


def number_captions(notebook: NotebookNode, numbers: Sequence[str]) -> None:
    """Write the numbers of the page into the outputs; all or none, so that none has the number of another."""
    shown = [
        output["data"]
        for cell in notebook.cells
        if cell.cell_type == "code" and not UNSEEN & set(cell.metadata.get("tags", []))
        for output in cell.outputs
        if any(figures.captions(output.get("data", {}).get("text/html", "")))
    ]
    if len(shown) == len(numbers):
        for data, number in zip(shown, numbers, strict=True):
            data["text/html"] = figures.with_number(data["text/html"], number)


def _shorten(notebook: NotebookNode) -> None:
    """Numbers that cells print are as short as on the page."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "stream":
                output.text = shortened(output.text)
            elif output.output_type == "execute_result" and "text/plain" in output.data:
                output.data["text/plain"] = shortened(output.data["text/plain"])


def _glued(notebook: NotebookNode) -> dict[str, str]:
    """Take the values for sentences out of the outputs of the cells."""
    values = {}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            for key, output in extract_glue_data_cell(cell):
                values[key] = output["data"].get("text/plain", "")
    return values


def readable(notebook: NotebookNode, words: Words, *, install: str | None = None) -> NotebookNode:
    """The same notebook for people: its text resolved, its code without plumbing, folded as on the page."""
    last = {
        key: i for i, c in enumerate(notebook.cells) if c.cell_type == "code" for key in glued_in(c.source)
    }
    prose = Prose(words)
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            words.later = {key for key, where in last.items() if where > number}
            cell.source = prose.cell(cell.source)
        elif cell.cell_type == "code":
            cell.metadata.pop("execution", None)  # times of day
            notebook_code.fold(cell, solution=bool(prose.solving))
    cells = notebook_code.without_glue([c for c in notebook.cells if c.source.strip()])
    setup = next((cell for cell in cells if cell.cell_type == "code"), None)
    if setup is not None and notebook_code.is_short_setup(setup):
        setup.metadata.pop("jupyter", None)
    if words.cited:
        references = "\n".join(
            f"- {words.bibliography.reference(key)}" for key in words.bibliography.in_order(words.cited)
        )
        cells.append(nbformat.v4.new_markdown_cell(f"## References\n\n{references}"))
    if install:
        cells.insert(0, nbformat.v4.new_code_cell(f"%pip install --quiet {install}"))
    elif setup is not None and "pcl_lib" in setup.source:
        cells.insert(cells.index(setup), nbformat.v4.new_markdown_cell(NEEDS))
    # Ids are drawn at random; the same source shall give the same file.
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"
    notebook.cells = cells
    for name in ("jupytext", "source_map"):
        notebook.metadata.pop(name, None)
    nbformat.validate(notebook)
    return notebook


def write(notebook: NotebookNode, target: Path) -> None:
    """Complete or absent: a reader never downloads half a file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    part.write_text(nbformat.writes(notebook), encoding="utf-8")
    os.replace(part, target)
