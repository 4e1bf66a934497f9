"""Sphinx extension: a number stands on one line with its unit, typed or taken from the code."""

from __future__ import annotations

import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.typing import ExtensionMetadata

FIXED = "\N{NO-BREAK SPACE}"
UNIT = r" (?=(?:%|[mn]?s|[kMGT]i?B|dB)(?!\w))"
SPACE_BEFORE_A_UNIT = re.compile(rf"\A{UNIT}")
SPACE_WITHIN = re.compile(rf"(?<=\d){UNIT}")

AS_IT_IS = (nodes.literal, nodes.FixedTextElement, nodes.math, nodes.raw)
"""Code, formulas, and HTML of the code's own."""


class Units(SphinxPostTransform):
    """MyST-NB marks what it glues by a class; the unit begins the text behind it."""

    default_priority = 900  # after MyST-NB has put the values in

    def run(self) -> None:
        for glued in list(self.document.findall(nodes.inline)):
            following = glued.next_node(descend=False, siblings=True)
            if "pasted-text" in glued["classes"] and isinstance(following, nodes.Text):
                following.parent.replace(following, nodes.Text(bound(following.astext())))
        for text in list(self.document.findall(nodes.Text)):
            if not any(isinstance(part, AS_IT_IS) for part in (text.parent, text.parent.parent)):
                held = SPACE_WITHIN.sub(FIXED, text.astext())
                if held != text.astext():
                    text.parent.replace(text, nodes.Text(held))


def bound(text: str) -> str:
    """The text with a space that does not break before a unit that it begins with.

    >>> bound(" % of the points"), bound(" so many"), bound(" s.")
    ('\\xa0% of the points', ' so many', '\\xa0s.')
    """
    return SPACE_BEFORE_A_UNIT.sub(FIXED, text)


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_post_transform(Units)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
