"""Sphinx extension: citations as "Author et al. (year)", and at the foot of each page the list of what it cites.

The roles are those of sphinxcontrib-bibtex, which knows one list for a whole book. Here a citation leads to the foot of
its own page, in the words that the notebooks use (`citations.py`), where two papers of one year are told apart.
`{bibliography}` is the list of everything that the book cites; a page that has it needs none at its foot.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata
from sphinxcontrib.bibtex.citation_target import parse_citation_targets

from book._tools.citations import Bibliography, full_stop

TEXTUAL = {"t", "ts", "ct", "cts"}
LOGGER = logging.getLogger(__name__)
SPACE_IN_A_NAME = re.compile(r" (?=[^\W\d_]\.)|(?<=\bet) (?=al\.)")
read = functools.cache(Bibliography)


class all_references(nodes.General, nodes.Element):
    """Stands for the list of the whole book until all pages are read."""


def papers(app: Sphinx) -> Bibliography:
    return read(Path(app.srcdir) / app.config.bibtex_bibfiles[0])


def anchor(key: str) -> str:
    return f"ref-{nodes.make_id(key)}"


def keys_of(citation: nodes.Element) -> list[str]:
    return [target.key for target in parse_citation_targets(citation["reftarget"])]


def citations(document: nodes.document) -> list[addnodes.pending_xref]:
    return [node for node in document.findall(addnodes.pending_xref) if node.get("refdomain") == "cite"]


def printed(text: str) -> str:
    """Names as a book prints them: on one line with their initials, "et" with "al."; no straight apostrophe.

    >>> printed("O'Neill, A. B., et al. (2021)")
    'O’Neill,\\xa0A.\\xa0B., et\\xa0al. (2021)'
    """
    return SPACE_IN_A_NAME.sub("\N{NO-BREAK SPACE}", text).replace("'", "\N{RIGHT SINGLE QUOTATION MARK}")


def link(url: str) -> nodes.reference:
    """A link in the words of its address, which may be broken after each slash."""
    whole = nodes.reference(url, "", refuri=url)
    for part in re.split("(?<=/)(?=.)", url.removeprefix("https://")):
        whole += [nodes.Text(part), nodes.raw("", "<wbr>", format="html")]
    whole.pop()
    return whole


def listed(book: Bibliography, keys: Iterable[str]) -> nodes.bullet_list:
    """The papers, each under an id to which its citations lead."""
    whole = nodes.bullet_list(classes=["pcl-references"])
    for key in book.in_order(key for key in keys if key in book.entries):
        people, title, venue, url = book.parts(key)
        line = nodes.paragraph()
        line += nodes.Text(f"{printed(people)} ")
        line += nodes.emphasis(title, title)
        line += nodes.Text(full_stop(title) + (f" {venue}" if venue else ""))
        if url:
            line += [nodes.Text(" "), link(url)]
        whole += nodes.list_item("", line, ids=[anchor(key)])
    return whole


class ReferencesAtTheFoot(SphinxTransform):
    """A last section, made while the page is read, so that the page's table of contents has it."""

    default_priority = 600

    def apply(self, **_: object) -> None:
        cited = [key for citation in citations(self.document) for key in keys_of(citation)]
        top = next(self.document.findall(nodes.section), None)
        if not cited or top is None or next(self.document.findall(all_references), None) is not None:
            return
        section = nodes.section("", nodes.title("References", "References"), names=["references"])
        self.document.note_implicit_target(section, section)
        section += listed(papers(self.app), cited)
        top += section


class ResolveCitations(SphinxPostTransform):
    default_priority = 5

    def run(self, **_: object) -> None:
        for place in list(self.document.findall(all_references)):
            cited = [t.key for ref in self.env.domains["cite"].citation_refs for t in ref.targets]
            place.replace_self(listed(papers(self.app), cited))
        for citation in citations(self.document):
            citation.replace_self(self.resolved(citation))

    def resolved(self, citation: addnodes.pending_xref) -> nodes.inline:
        book, textual = papers(self.app), citation["reftype"] in TEXTUAL
        whole = nodes.inline(ids=citation["ids"])
        for key in keys_of(citation):
            if key not in book.entries:
                LOGGER.warning(
                    "a citation must be in %s, received %r; add its entry there",
                    book.path.name,
                    key,
                    location=citation,
                    type="ref",
                    subtype="cite",
                )
                continue
            text = printed(book.short(key, textual=textual))
            if len(whole):
                whole += nodes.Text(" and " if textual else "; ")
            whole += nodes.reference(text, text, refid=anchor(key), internal=True)
        if not textual:
            whole.insert(0, nodes.Text("("))
            whole += nodes.Text(")")
        return whole


class AllReferences(SphinxDirective):
    has_content = True

    def run(self) -> list[nodes.Node]:
        return [all_references()]


def setup(app: Sphinx) -> ExtensionMetadata:
    app.setup_extension("sphinxcontrib.bibtex")
    app.add_node(all_references)
    app.add_directive("bibliography", AllReferences, override=True)
    app.add_transform(ReferencesAtTheFoot)
    app.add_post_transform(ResolveCitations)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
