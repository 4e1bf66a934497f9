"""Sphinx extension: the prose of a page is set as the library sets the words of its tables and figures.

Typed, taken from the code or written by it: minus signs, powers of ten, a number on one line with its unit. Code,
formulas and signatures stay as they are; a bracket or a full stop beside one stays with it on the line.
"""

from __future__ import annotations

import re

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.typing import ExtensionMetadata

from pcl_lib import viz

AS_IT_IS = (nodes.literal, nodes.FixedTextElement, nodes.math, nodes.raw, addnodes.desc_signature)
"""Code, formulas, and HTML of the code's own."""

BEFORE = re.compile(r"(?<!\S)[(\[“‘]{1,3}\Z")
BEHIND = re.compile(r"\A[^\s\w(]\S{0,5}(?!\S)")
"""What stands beside a formula without a space, and would begin or end another line alone."""


class Typography(SphinxPostTransform):
    """MyST-NB marks what it glues by a class; the unit begins the text behind it."""

    default_priority = 900  # after MyST-NB has put the values in

    def run(self) -> None:
        for glued in list(self.document.findall(nodes.inline)):
            following = glued.next_node(descend=False, siblings=True)
            if "pasted-text" in glued["classes"] and isinstance(following, nodes.Text):
                following.parent.replace(following, nodes.Text(behind_a_number(following.astext())))
        for text in list(self.document.findall(nodes.Text)):
            if not stays(text):
                text.parent.replace(text, nodes.Text(viz.typeset(text.astext())))
        for formula in list(self.document.findall(lambda node: isinstance(node, nodes.math | nodes.literal))):
            # A name of the library is a link to it.
            hold(formula.parent if isinstance(formula.parent, nodes.reference) else formula)
        for text in list(self.document.findall(nodes.Text)):
            if not stays(text):
                keep_names(text)


def stays(text: nodes.Text) -> bool:
    """Whether the text is code or a formula, or stands in one."""
    node = text.parent
    while node is not None and not isinstance(node, AS_IT_IS):
        node = node.parent
    return node is not None


def hold(formula: nodes.Element) -> None:
    """Keep what stands close to a formula with it on the line."""
    parent = formula.parent
    place = next(i for i, child in enumerate(parent.children) if child is formula)
    neighbours = parent.children[max(place - 1, 0) : place], parent.children[place + 1 : place + 2]
    before, behind = (part[0] if part and isinstance(part[0], nodes.Text) else "" for part in neighbours)
    opening, closing = BEFORE.search(before), BEHIND.search(behind)
    if opening is None and closing is None:
        return
    start, end = opening[0] if opening else "", closing[0] if closing else ""
    whole = nodes.inline(
        "", "", nodes.Text(start), formula.deepcopy(), nodes.Text(end), classes=["pcl-whole"]
    )
    around = [nodes.Text(before.removesuffix(start)), whole, nodes.Text(behind.removeprefix(end))]
    parent.children[place - bool(before) : place + 1 + bool(behind)] = around
    for node in around:
        parent.setup_child(node)


def keep_names(text: nodes.Text) -> None:
    """Keep short names and dates on one line."""
    rest, *others = viz.names_apart(text.astext())
    if others:
        pieces = [nodes.Text(rest)]
        for name, words in zip(others[::2], others[1::2], strict=True):
            pieces += [nodes.inline("", name, classes=["pcl-whole"]), nodes.Text(words)]
        text.parent.replace(text, pieces)


def behind_a_number(text: str) -> str:
    """The text as it is set when it follows a number: a unit that it begins with stays on the line.

    >>> behind_a_number(" % of the points"), behind_a_number(" so many"), behind_a_number(" s.")
    ('\\xa0% of the points', ' so many', '\\xa0s.')
    """
    return viz.typeset(f"0{text}")[1:]


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_post_transform(Typography)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
