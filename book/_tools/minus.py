"""Sphinx extension: a negative number that a sentence takes from the code has a minus sign, not a hyphen."""

from __future__ import annotations

import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.typing import ExtensionMetadata

HYPHEN = re.compile(r"(?<![\w.-])-(?=\d)|(?<=\de)-(?=\d)")


class MinusSigns(SphinxPostTransform):
    """MyST-NB marks what it glues by a class; code and the page's own words stay as they are."""

    default_priority = 900  # after MyST-NB has put the values in

    def run(self) -> None:
        for glued in self.document.findall(nodes.inline):
            if "pasted-text" in glued["classes"]:
                for text in list(glued.findall(nodes.Text)):
                    text.parent.replace(text, nodes.Text(with_minus(text.astext())))


def with_minus(text: str) -> str:
    """Hyphens before a number, at the start or after a space, as minus signs.

    >>> with_minus("-0.5"), with_minus("τ = -0.1 (p = 0.4)"), with_minus("k-d tree of 2026-11-21")
    ('−0.5', 'τ = −0.1 (p = 0.4)', 'k-d tree of 2026-11-21')
    """
    return HYPHEN.sub("\N{MINUS SIGN}", text)


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_post_transform(MinusSigns)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
