"""Minutes that a page takes its reader: words, what must be looked at, and code that must be followed."""

from __future__ import annotations

import math
import re

from docutils import nodes

WORDS_PER_MINUTE = 200
MINUTES_TO_LOOK = 0.4
"""For a displayed formula, a figure or a table."""
LINES_PER_MINUTE = 25
"""Of the code that is open on the page."""
SHOWN = re.compile(r'<figure class="pcl-(?:figure|table)\b')
WITHOUT_WORDS = nodes.literal_block | nodes.math | nodes.math_block | nodes.raw | nodes.comment
FOLDED = {"tag_hide-input", "tag_hide-cell"}


def reading_minutes(doctree: nodes.document) -> int:
    """The time of a steady reader who follows the open code and leaves what is folded."""
    time = (
        words(doctree) / WORDS_PER_MINUTE
        + MINUTES_TO_LOOK * displays(doctree)
        + code_lines(doctree) / LINES_PER_MINUTE
    )
    return max(1, math.ceil(time))


def words(doctree: nodes.document) -> int:
    """Words of prose; a formula in a sentence is one."""
    count = sum(1 for _ in doctree.findall(nodes.math))
    for node in doctree.findall(nodes.Text):
        if not any(isinstance(parent, WITHOUT_WORDS) for parent in parents(node)):
            count += len(node.astext().split())
    return count


def displays(doctree: nodes.document) -> int:
    """Formulas, figures and tables, those that cells have drawn too."""
    found = sum(1 for _ in doctree.findall(nodes.math_block))
    found += sum(1 for _ in doctree.findall(nodes.figure)) + sum(1 for _ in doctree.findall(nodes.table))
    return found + sum(bool(SHOWN.search(node.astext())) for node in doctree.findall(nodes.raw))


def code_lines(doctree: nodes.document) -> int:
    """Lines of code that are open and not blank; what a cell prints is none."""
    count = 0
    for block in doctree.findall(nodes.literal_block):
        classes = {name for parent in parents(block) for name in parent.get("classes", [])}
        if "cell_output" not in classes and not classes & FOLDED:
            count += sum(bool(line.strip()) for line in block.astext().splitlines())
    return count


def parents(node: nodes.Node) -> list[nodes.Element]:
    """The elements that hold a node, innermost first."""
    found = []
    while node.parent is not None:
        node = node.parent
        found.append(node)
    return found
