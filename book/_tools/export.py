"""Chapters as Jupyter notebooks: clean (source only) and executed (with outputs).

The sources are MyST text; these are for readers who want to download a chapter, or open it in Colab or on Binder.
"""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

import jupytext
import nbformat
from myst_nb.ext.glue import extract_glue_data_cell
from nbformat import NotebookNode

FOLDER = "notebooks"


def notebook_path(docname: str, kind: str) -> str:
    """Where the site holds a chapter's notebook: `notebooks/<kind>/<part>/<chapter>.ipynb`."""
    page = PurePosixPath(docname)
    page = page.relative_to("book") if page.is_relative_to("book") else page
    return f"{FOLDER}/{kind}/{page}.ipynb"


def clean(source: Path, *, install: str | None = None) -> NotebookNode:
    """The notebook of a MyST source, without outputs; `install` is what pip must install on a bare machine."""
    notebook = jupytext.read(source)
    notebook.metadata.pop("jupytext", None)
    if install:
        cell = nbformat.v4.new_code_cell(f"%pip install --quiet {install}")
        notebook.cells.insert(0, cell)
    # jupytext draws cell ids at random; the same source shall give the same file.
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    nbformat.validate(notebook)
    return notebook


def write(notebook: NotebookNode, target: Path) -> None:
    """Complete or absent: a reader never downloads half a file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    part.write_text(nbformat.writes(notebook), encoding="utf-8")
    os.replace(part, target)


def executed(path: Path) -> NotebookNode:
    """An executed notebook, less what only this build needs."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            extract_glue_data_cell(cell)  # takes the values for sentences out of the cell's outputs
    notebook.metadata.pop("source_map", None)
    notebook.metadata.pop("jupytext", None)
    nbformat.validate(notebook)
    return notebook
