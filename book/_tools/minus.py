"""Sphinx extension: a negative number that a sentence takes from the code has a minus sign, a power of ten is raised.

So has one in a sentence that code has written as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.typing import ExtensionMetadata

HYPHEN = re.compile(r"(?<![\w.-])-(?=\d)|(?<=\de)-(?=\d)")
POWER_OF_TEN = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)e\+?(−?)0*(\d+)(?!\w)")
RAISED = str.maketrans("0123456789−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


class MinusSigns(SphinxPostTransform):
    """MyST-NB marks what it glues by a class; code and the page's own words stay as they are."""

    default_priority = 900  # after MyST-NB has put the values in

    def run(self) -> None:
        for glued in self.document.findall(nodes.inline):
            if "pasted-text" in glued["classes"]:
                for text in list(glued.findall(nodes.Text)):
                    text.parent.replace(text, nodes.Text(with_minus(text.astext())))
        for text in written_by_code(self.document):
            text.parent.replace(text, nodes.Text(with_minus(text.astext())))


def written_by_code(document: nodes.document) -> Iterator[nodes.Text]:
    """The words of paragraphs that a cell put out, without code and formulas in them."""
    for output in document.findall(nodes.container):
        if "cell_output" in output["classes"]:
            for paragraph in output.findall(nodes.paragraph):
                for text in list(paragraph.findall(nodes.Text)):
                    if not isinstance(text.parent, nodes.literal | nodes.math | nodes.raw):
                        yield text


def with_minus(text: str) -> str:
    """Hyphens before a number, at the start or after a space, as minus signs; "4e-08" as a power of ten.

    >>> with_minus("-0.5"), with_minus("τ = -0.1 (p = 0.4)"), with_minus("k-d tree of 2026-11-21")
    ('−0.5', 'τ = −0.1 (p = 0.4)', 'k-d tree of 2026-11-21')
    >>> with_minus("about 4e-08 of 1.5e+03")
    'about 4\\xa0×\\xa010⁻⁸ of 1.5\\xa0×\\xa010³'
    """
    text = HYPHEN.sub("\N{MINUS SIGN}", text)
    return POWER_OF_TEN.sub(
        lambda found: f"{found[1]}\xa0×\xa010{(found[2] + found[3]).translate(RAISED)}", text
    )


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_post_transform(MinusSigns)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
