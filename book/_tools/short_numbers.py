"""Sphinx extension: what a cell prints has six digits, not the seventeen by which Python tells two floats apart.

The cells stay as a reader would write them, without a `round` in each; what is computed with is not touched.
"""

from __future__ import annotations

import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.typing import ExtensionMetadata

# Not the number of a paper: "eprint = {2111.12702}".
FLOAT = re.compile(r"(?<![\w.])(?<!= \{)\d+\.\d+(?:e[+-]?\d+)?(?![\w.])")
MOST, SHOWN = 8, 6
"""Significant digits that a number may have, and those that are shown of one with more."""


class ShortNumbers(SphinxPostTransform):
    default_priority = 900  # after MyST-NB has chosen what a cell shows

    def run(self) -> None:
        for block in self.document.findall(nodes.literal_block):
            if "output" in block["classes"]:
                # Sphinx colours a block only if its source is its text.
                block.rawsource = short = shortened(block.astext())
                block.children = [nodes.Text(short)]
                block.children[0].parent = block


def shortened(text: str) -> str:
    """The text with its long numbers rounded; short ones, whole ones and those in a word stay as they are.

    >>> shortened("(0.5883680582046509, 3.4000000000000004, 1.9554136088117957e-11)")
    '(0.588368, 3.4, 1.95541e-11)'
    >>> shortened("[0.25, 44.462078, 1234567890123, 'v1.234567890123']")
    "[0.25, 44.462078, 1234567890123, 'v1.234567890123']"
    >>> shortened("eprint = {2111.12702},")
    'eprint = {2111.12702},'
    """
    return FLOAT.sub(lambda number: _rounded(number[0]), text)


def is_long(number: str) -> bool:
    return len(number.partition("e")[0].replace(".", "").lstrip("0")) > MOST


def _rounded(number: str) -> str:
    return repr(float(f"{float(number):.{SHOWN}g}")) if is_long(number) else number


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_post_transform(ShortNumbers)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
