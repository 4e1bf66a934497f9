"""Numbers that sentences take from the code, and their units, on one line."""

import pytest
from docutils import nodes
from docutils.utils import new_document

from book._tools.units import SPACE_BEFORE_A_UNIT, Units, bound
from tests.book import checks


@pytest.mark.parametrize("unit", ["%", "s", "ms", "ns", "MB", "GiB", "dB"])
def test_units_are_bound(unit):
    assert bound(f" {unit} of it") == f"\N{NO-BREAK SPACE}{unit} of it"


@pytest.mark.parametrize("text", [" steps", " of 20 %", "%", " million", ", s"])
def test_words_are_not(text):
    assert bound(text) == text


def test_text_behind_a_glued_number_is_changed():
    document = new_document("page")
    for classes in (["pasted-text"], ["other"]):
        document += nodes.paragraph("", "", nodes.inline("3", "3", classes=classes), nodes.Text(" % more"))
    Units(document).run()
    assert [p.astext() for p in document.children] == ["3\N{NO-BREAK SPACE}% more", "3 % more"]


def test_typed_sentences_are_changed_and_code_and_formulas_are_not():
    document = new_document("page")
    document += nodes.paragraph("", "", nodes.Text("3 % more, "), nodes.emphasis("5 ms", "5 ms"))
    kinds = (nodes.literal, nodes.math, nodes.math_block, nodes.literal_block, nodes.doctest_block, nodes.raw)
    for kind in kinds:
        document += kind("3 % more", "3 % more")
    document += nodes.literal_block("", "", nodes.inline("3 % more", "3 % more"))
    Units(document).run()
    assert document.children[0].astext() == "3\N{NO-BREAK SPACE}% more, 5\N{NO-BREAK SPACE}ms"
    assert {child.astext() for child in document.children[1:]} == {"3 % more"}


def test_sentences_that_code_wrote_are_changed():
    document = new_document("page")
    document += nodes.container(
        "", nodes.paragraph("", "", nodes.Text("by 3 % in 2 s.")), classes=["cell_output"]
    )
    Units(document).run()
    assert document.astext() == "by 3\N{NO-BREAK SPACE}% in 2\N{NO-BREAK SPACE}s."


def test_the_site_binds_units(site):
    found = [
        (page.name, glued.get_text(), str(glued.next_sibling))
        for page in site.pages()
        for glued in checks.soup(page).select(".pasted-text")
        if SPACE_BEFORE_A_UNIT.match(str(glued.next_sibling or ""))
    ]
    assert not found
