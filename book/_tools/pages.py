"""The pages that are notebooks, read as MyST-NB reads them, so that the cache knows them by the same key."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import yaml
from myst_nb.core.read import is_myst_markdown_notebook, read_myst_markdown_notebook
from myst_parser.config.main import MdParserConfig
from nbformat import NotebookNode
from sphinx_external_toc.parsing import parse_toc_yaml

MEASURES_TIME = "measures-time"
READS_A_CLOCK = re.compile(r"\b(perf_counter|process_time|monotonic|timeit)\b")


@dataclass(frozen=True)
class Page:
    name: str
    """As Sphinx names it, such as `book/foundations/point-clouds`."""
    path: Path
    notebook: NotebookNode

    @property
    def cells(self) -> list[int]:
        """Where the code cells stand among all cells."""
        return [i for i, cell in enumerate(self.notebook.cells) if cell.cell_type == "code"]

    @property
    def alone(self) -> set[int]:
        """The cells that run while no other chapter computes.

        They are those tagged `measures-time`. A page that reads a clock and tags no cell runs alone as a whole.
        """
        code = {i: self.notebook.cells[i] for i in self.cells}
        tagged = {i for i, cell in code.items() if MEASURES_TIME in cell.metadata.get("tags", [])}
        reads = any(READS_A_CLOCK.search(cell.source) for cell in code.values())
        return set(code) if reads and not tagged else tagged

    @property
    def length(self) -> int:
        """Characters of code: how long a page may take, before it was ever timed."""
        return sum(len(self.notebook.cells[i].source) for i in self.cells)


def read(source: Path) -> list[Page]:
    """All notebooks in the table of contents, in its order."""
    config = yaml.safe_load((source / "_config.yml").read_text(encoding="utf-8"))
    syntax = MdParserConfig(enable_extensions=set(config["parse"]["myst_enable_extensions"]))
    found = []
    for name in parse_toc_yaml(source / "_toc.yml"):
        path = source / f"{name}.md"
        text = path.read_text(encoding="utf-8")
        if is_myst_markdown_notebook(text):
            found.append(Page(name, path, read_myst_markdown_notebook(text, config=syntax, path=path)))
    return found


def code(path: Path) -> list[str]:
    """The cells of one page; none if it is no notebook."""
    text = path.read_text(encoding="utf-8")
    if not is_myst_markdown_notebook(text):
        return []
    return [
        cell.source for cell in read_myst_markdown_notebook(text, path=path).cells if cell.cell_type == "code"
    ]


def limit(source: Path) -> int:
    """Seconds that one cell may take; no cell needs them, so that one which does hangs."""
    return int(yaml.safe_load((source / "_config.yml").read_text(encoding="utf-8"))["execute"]["timeout"])
