"""Sphinx extension: `{cite-this-book}` shows the BibTeX entry of book and library, made from `CITATION.cff`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

FILE = Path(__file__).resolve().parents[2] / "CITATION.cff"


def bibtex(citation: dict[str, Any]) -> str:
    """The entry; it has a DOI and an address when the file has them."""
    authors = " and ".join("{" + author["name"] + "}" for author in citation["authors"])
    fields = {
        "author": authors,
        "title": citation["title"],
        "version": citation["version"],
        "year": str(citation["date-released"])[:4],
        "note": "Executable book and Python library",
        "doi": citation.get("doi"),
        "url": citation.get("url") or citation.get("repository-code"),
    }
    width = max(len(name) for name in fields)
    lines = [f"  {name:{width}} = {{{value}}}" for name, value in fields.items() if value]
    return "@misc{pcl_lib,\n" + ",\n".join(lines) + "\n}"


class CiteThisBook(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(str(FILE))
        text = bibtex(yaml.safe_load(FILE.read_text(encoding="utf-8")))
        block = nodes.literal_block(text, text, language="bibtex")
        self.set_source_info(block)
        return [block]


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_directive("cite-this-book", CiteThisBook)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
