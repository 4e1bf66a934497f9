"""What a page says of the other pages: read from the written pages, and put into its own once all are written.

A page marks a place by a comment, `<!-- begin NAME -->...<!-- end NAME -->`; what stands between is replaced by each
build, also by one that writes only the pages that changed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path

from bs4 import BeautifulSoup
from docutils import nodes
from sphinx.application import Sphinx
from sphinx_external_toc.parsing import parse_toc_yaml


def place(name: str) -> nodes.raw:
    """Where `fill` puts the text of that name."""
    return nodes.raw("", f"<!-- begin {name} --><!-- end {name} -->", format="html")


def fill(page: Path, name: str, text: str) -> bool:
    """Puts text into the place of that name; False if the page has no such place."""
    before = page.read_text(encoding="utf-8")
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    after, found = re.subn(
        f"{re.escape(begin)}.*?{re.escape(end)}", lambda _: begin + text + end, before, flags=re.DOTALL
    )
    if after != before:
        write(page, after)
    return found > 0


def write(page: Path, text: str) -> None:
    """Complete or as it was."""
    part = page.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, page)


def written(app: Sphinx) -> Iterator[tuple[str, BeautifulSoup]]:
    """The pages in the order of the table of contents, by name, as a browser reads them."""
    for name in parse_toc_yaml(Path(app.srcdir) / "_toc.yml"):
        page = Path(app.outdir) / f"{name}.html"
        if page.is_file():
            yield name, BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")


def address(app: Sphinx, origin: str, target: str, anchor: str = "") -> str:
    """The link from one page to another, safe in an attribute."""
    link = app.builder.get_relative_uri(origin, target)
    return escape(f"{link}#{anchor}" if anchor else link)
