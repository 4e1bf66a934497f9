"""What the pages of the book are called and which labels they have, read from their sources: where links lead."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import yaml
from sphinx_external_toc.parsing import parse_toc_yaml

FOLDER = "notebooks"
HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
TARGET = re.compile(r"^\(([^()\s]+)\)= *\n+(?:#+ +(.+?) *$)?", re.MULTILINE)
DIRECTIVE_LABEL = re.compile(
    r"^[`:]{3,}\{([\w:-]+)\}(.*)\n(?:^:[\w-]+:.*\n)*?^:(?:label|name): *(\S+)", re.MULTILINE
)
EQUATION_LABEL = re.compile(r"^\$\$ *\(([^()\s]+)\)", re.MULTILINE)


@dataclass(frozen=True)
class Place:
    """What a label stands before: a page and a heading, or something of a kind, such as an exercise."""

    docname: str
    title: str = ""
    kind: str = ""
    number: str = ""

    @property
    def name(self) -> str:
        return self.title or f"{self.kind} {self.number}".strip()


@dataclass(frozen=True)
class Outline:
    """`titles` by page; `labels` by name; `notebooks`, the pages that hold code; `site`, the address of the book."""

    titles: Mapping[str, str]
    labels: Mapping[str, Place]
    notebooks: frozenset[str]
    macros: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    site: str = ""

    def link(self, docname: str, to: str, heading: str = "") -> str:
        """From the notebook of a page to another page: its notebook if it has one, else the page of the site."""
        here = PurePosixPath(notebook_path(docname, "clean")).parent
        if to in self.notebooks:
            there = notebook_path(to, "clean")
            anchor = "#" + _anchor(heading) if heading else ""
            return os.path.relpath(there, here).replace(os.sep, "/") + anchor
        page = f"{to}.html"
        return f"{self.site.rstrip('/')}/{page}" if self.site else os.path.relpath(page, here)


def _anchor(heading: str) -> str:
    """JupyterLab's name of a heading: its words as shown, joined by hyphens; brackets would end a Markdown link."""
    shown = re.sub(r"[*`]", "", heading).replace(" ", "-")
    return shown.replace("(", "%28").replace(")", "%29")


def notebook_path(docname: str, kind: str) -> str:
    """Where the site holds a chapter's notebook: `notebooks/<kind>/<part>/<chapter>.ipynb`."""
    page = PurePosixPath(docname)
    page = page.relative_to("book") if page.is_relative_to("book") else page
    return f"{FOLDER}/{kind}/{page}.ipynb"


def read_outline(source: Path, *, numbers: Mapping[str, str] | None = None, site: str = "") -> Outline:
    """The outline of the book at `source`; `numbers` are those that its labels have on the built pages."""
    titles, labels, notebooks = {}, {}, set()
    for docname in parse_toc_yaml(source / "_toc.yml"):
        text = (source / f"{docname}.md").read_text(encoding="utf-8")
        heading = HEADING.search(text)
        titles[docname] = heading[1] if heading else docname
        labels.update(_labels(docname, text, numbers or {}))
        if "{code-cell}" in text:
            notebooks.add(docname)
    config = yaml.safe_load((source / "_config.yml").read_text(encoding="utf-8"))
    return Outline(titles, labels, frozenset(notebooks), _macros(config), site)


def _labels(docname: str, text: str, numbers: Mapping[str, str]) -> dict[str, Place]:
    found = {
        label: Place(docname, title or "", number=numbers.get(label.replace("_", "-").lower(), ""))
        for label, title in TARGET.findall(text)
    }
    of_kind: dict[str, list[str]] = {}
    for kind, _, label in DIRECTIVE_LABEL.findall(text):
        of_kind.setdefault(kind.split(":")[-1].removeprefix("glue:").capitalize(), []).append(label)
    of_kind.setdefault("Math", []).extend(EQUATION_LABEL.findall(text))
    for kind, names in of_kind.items():
        for position, label in enumerate(names, 1):
            called = "Equation" if kind == "Math" else kind
            found[label] = Place(docname, kind=called, number=numbers.get(label, str(position)))
    return found


def _macros(config: dict) -> dict[str, tuple[str, int]]:
    settings = config.get("sphinx", {}).get("config", {}).get("mathjax3_config", {})
    macros = settings.get("tex", {}).get("macros", {})
    return {
        name: (body, 0) if isinstance(body, str) else (body[0], body[1] if len(body) > 1 else 0)
        for name, body in macros.items()
    }
