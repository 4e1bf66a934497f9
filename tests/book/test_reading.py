"""The minutes of reading at the head of a chapter: what counts, and what does not."""

from __future__ import annotations

import pytest
from docutils import nodes
from docutils.utils import new_document

from book._tools import reading


def page(*parts: nodes.Node) -> nodes.document:
    doctree = new_document("page")
    doctree += list(parts)
    return doctree


def cell(code: str, *tags: str, output: nodes.Node | None = None) -> nodes.container:
    """A code cell as MyST-NB writes it."""
    box = nodes.container(classes=["cell", *(f"tag_{tag}" for tag in tags)])
    if not {"remove-cell", "remove-input"} & set(tags):
        box += nodes.container("", nodes.literal_block("", code), classes=["cell_input"])
    if output is not None:
        box += nodes.container("", output, classes=["cell_output"])
    return box


def raw(html: str) -> nodes.raw:
    return nodes.raw("", html, format="html")


FIGURE = '<figure class="pcl-figure pcl-rotatable" style="">words that nobody counts</figure>'
TABLE = '<figure class="pcl-table" style=""><table></table></figure>'
PROSE = nodes.paragraph("", "word " * 200)


@pytest.mark.parametrize(
    ("parts", "minutes"),
    [
        ([nodes.paragraph("", "a few words")], 1),
        ([PROSE], 1),
        ([PROSE, nodes.paragraph("", "one")], 2),
        ([nodes.math_block("", r"x = \frac 1 2")] * 5, 2),
        ([nodes.math_block("", "x")] * 6, 3),
        ([nodes.figure(), nodes.table(), nodes.math_block("", "x")], 2),
        ([cell("x", "remove-input", output=raw(FIGURE)), raw(TABLE), nodes.math_block("", "x")], 2),
        ([cell("x = 1\n\n" * 25)], 1),
        ([cell("x = 1\n" * 26)], 2),
        ([nodes.literal_block("", "pip install\n" * 26)], 2),
    ],
)
def test_words_displays_and_open_code_take_time(parts, minutes):
    assert reading.reading_minutes(page(*(part.deepcopy() for part in parts))) == minutes


@pytest.mark.parametrize(
    "part",
    [
        cell("x = 1\n" * 500, "hide-input"),
        cell("x = 1\n" * 500, "hide-cell"),
        cell("x", output=nodes.literal_block("", "printed\n" * 500)),
        cell("x", output=raw("word " * 500)),
        nodes.comment("", "word " * 500),
    ],
)
def test_what_is_folded_printed_or_left_out_takes_none(part):
    assert reading.reading_minutes(page(part.deepcopy())) == 1


def test_a_formula_in_a_sentence_is_one_word():
    sentence = nodes.paragraph("", "", nodes.Text("so "), nodes.math("", r"a + b + c"), nodes.Text(" holds"))
    assert reading.words(page(sentence)) == 3
