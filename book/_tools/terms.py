"""Sphinx extension: the first use of each term of the glossary on a page leads to its entry.

Not in headings, links, code, formulas and captions. Terms that prose also uses as everyday words are named by the
glossary itself, in its option `:everyday:`; they are entries like the others, and prose does not lead to them.
"""

from __future__ import annotations

import re
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.domains.std import Glossary
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.nodes import make_refnode
from sphinx.util.typing import ExtensionMetadata

from book._tools.api import api_summary

EVERYDAY = "pcl_everyday_terms"
PLAIN = (
    nodes.title,
    api_summary,  # opens its entry: a link within it could not be reached
    nodes.rubric,
    nodes.reference,
    nodes.literal,
    nodes.literal_block,
    nodes.math,
    nodes.math_block,
    nodes.raw,
    nodes.caption,
    nodes.comment,
    nodes.citation,
    nodes.footnote,
    addnodes.glossary,
    addnodes.pending_xref,
)
"""Where nothing is linked."""


class GlossaryWithEverydayWords(Glossary):
    option_spec: ClassVar = {**Glossary.option_spec, "everyday": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        found = super().run()
        everyday = {word.strip() for word in self.options.get("everyday", "").split(",")} - {""}
        terms = {term.astext() for node in found for term in node.findall(nodes.term)}
        if strange := sorted(everyday - terms):
            raise self.error(f"everyday must name terms of the glossary, received {', '.join(strange)}")
        self.env.metadata[self.env.docname].setdefault(EVERYDAY, []).extend(sorted(everyday))
        return found


def pattern(term: str) -> str:
    """A term as sentences have it: at their beginning, in the plural, with a hyphen, over two lines.

    >>> [bool(re.fullmatch(pattern("k-d tree"), t, re.I)) for t in ("k-d trees", "K-d\\ntree", "k-d treeses")]
    [True, True, False]
    >>> [bool(re.fullmatch(pattern(t), u, re.I)) for t, u in (("patch", "patches"), ("free points", "free point"))]
    [True, True]
    """
    stem, end = (
        (term[:-1], "(?:s)?") if term.endswith("s") and not term.endswith("ss") else (term, "(?:e?s)?")
    )
    if re.search("[^aeiou]y$", term):
        stem, end = term[:-1], "(?:y|ies)"
    words = [re.escape(word).replace("'", "['\N{RIGHT SINGLE QUOTATION MARK}]") for word in stem.split()]
    return r"(?:\s+|-)".join(words) + end


def terms(env: BuildEnvironment) -> dict[str, tuple[str, str]]:
    """Each spelling to be linked, and the page and id of its entry; "encoder, decoder" is one entry for two."""
    found = {}
    for (kind, name), (docname, anchor) in env.domains["std"].objects.items():
        if kind == "term" and name not in env.metadata[docname].get(EVERYDAY, []):
            found |= {spelling.strip(): (docname, anchor) for spelling in name.split(",")}
    return found


def search(spellings: list[str]) -> re.Pattern[str]:
    """Finds all terms, the longest first, each in a group of its own, in the order of `spellings`."""
    return re.compile(
        rf"(?<![\w-])(?:{'|'.join(f'({pattern(s)})' for s in spellings)})(?![\w-])", re.IGNORECASE
    )


class LinkTerms(SphinxPostTransform):
    default_priority = 900  # after citations and references, which are links then

    def run(self, **_: object) -> None:
        entries = terms(self.env)
        spellings = sorted(entries, key=len, reverse=True)
        # The glossary's own page does not lead to itself.
        done = {entry for entry in entries.values() if entry[0] == self.env.docname}
        if not spellings or done:
            return
        finds = search(spellings)
        join_lines(self.document)
        for text in list(self.document.findall(nodes.Text)):
            if inside(text, PLAIN) or in_a_list_of_references(text):
                continue
            words, parts, at = text.astext(), [], 0
            for match in finds.finditer(words):
                entry = entries[spellings[match.lastindex - 1]]
                # A term that is linked already still hides a shorter one inside it.
                if entry not in done:
                    done.add(entry)
                    parts += [nodes.Text(words[at : match.start()]), self.link(match[0], *entry)]
                    at = match.end()
            if parts:
                text.parent.replace(text, [*parts, nodes.Text(words[at:])])

    def link(self, words: str, docname: str, anchor: str) -> nodes.reference:
        inner = nodes.inline(words, words)
        link = make_refnode(self.app.builder, self.env.docname, docname, anchor, inner)
        link["classes"].append("pcl-term")
        return link


def join_lines(document: nodes.document) -> None:
    """MyST ends a text at the end of each line; a term may go on in the next."""
    for text in list(document.findall(nodes.Text)):
        around = text.parent
        at = around.index(text)
        if at and isinstance(around[at - 1], nodes.Text):
            around[at - 1 : at + 1] = [nodes.Text(around[at - 1].astext() + text.astext())]


def in_a_list_of_references(node: nodes.Node) -> bool:
    """Titles of papers are names, not words of the page."""
    while node is not None and "pcl-references" not in getattr(node, "attributes", {}).get("classes", []):
        node = node.parent
    return node is not None


def inside(node: nodes.Node, kinds: tuple[type, ...]) -> bool:
    while node is not None:
        if isinstance(node, kinds):
            return True
        node = node.parent
    return False


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_directive_to_domain("std", "glossary", GlossaryWithEverydayWords, override=True)
    app.add_post_transform(LinkTerms)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
