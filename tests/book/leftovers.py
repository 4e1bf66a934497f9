"""What must not be in a notebook for readers: markup that only the book's own pages understand, and cells that fail."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from book._tools.notebook_code import code_of
from book._tools.outline import read_outline

MACROS = read_outline(Path(__file__).resolve().parents[2]).macros
AT_THE_ROOT = {"CITATION.cff", "constraints.txt", "pyproject.toml", "_toc.yml", "_config.yml"}
CODE = re.compile(r"^(```|~~~)(?!\{).*?^\1|(?<![}`])`[^`\n]+`", re.MULTILINE | re.DOTALL)
MARKUP = re.compile(
    r"\{[\w:.+-]+\}`|:::|^ *(?:> *)*[`~]{3,}\{|^ *\([^()\s]+\)= *$|\{\{|^%|^\+\+\+|\]\([^()\s]*\.md[)#]|\[\]\("
    r"|\$\$ *\([^()\s]+\)|" + "|".join(rf"\\{name}(?![A-Za-z])" for name in MACROS),
    re.MULTILINE,
)


def markup(notebook: NotebookNode) -> list[str]:
    """Roles, directives, targets, comments, links to sources and the book's own TeX macros, outside of code."""
    texts = [CODE.sub("", cell.source) for cell in notebook.cells if cell.cell_type == "markdown"]
    return [found[0] for text in texts for found in MARKUP.finditer(text)]


def broken_cells(notebook: NotebookNode) -> list[int]:
    """The code cells, by their place, that are not Python."""
    found = []
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            try:
                ast.parse(code_of(cell.source))
            except SyntaxError:
                found.append(number)
    return found


def files_of_the_source(notebook: NotebookNode) -> list[str]:
    """Paths in the code that lead out of the folder of the notebook, into the book's source."""
    trees = [ast.parse(code_of(cell.source)) for cell in notebook.cells if cell.cell_type == "code"]
    texts = [n.value for tree in trees for n in ast.walk(tree) if isinstance(n, ast.Constant)]
    paths = [t for t in texts if isinstance(t, str) and not t.endswith(".html")]  # links are not read
    return [t for t in paths if t.startswith("../") or t in AT_THE_ROOT]


def undefined(notebook: NotebookNode, folder: Path) -> list[str]:
    """Names that a cell uses and no cell before it defines."""
    return undefined_in({"page": notebook}, folder)["page"]


def undefined_in(notebooks: dict[str, NotebookNode], folder: Path) -> dict[str, list[str]]:
    """The same of many by their names, in one process."""
    paths = {name: folder.resolve() / f"{number}.ipynb" for number, name in enumerate(notebooks)}
    for name, notebook in notebooks.items():
        nbformat.write(notebook, paths[name])
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--select", "F821,F823"]
    done = subprocess.run([*command, "--output-format", "json", str(folder)], capture_output=True, text=True)
    faults = json.loads(done.stdout)
    assert {fault["filename"] for fault in faults} <= {str(path) for path in paths.values()}
    return {
        name: [re.search(r"`([^`]+)`", f["message"])[1] for f in faults if f["filename"] == str(path)]
        for name, path in paths.items()
    }
