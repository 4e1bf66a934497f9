"""Prose is set as tables and figures are: signs of numbers, and no line between a number and its unit."""

import re

import pytest
from docutils import nodes
from docutils.utils import new_document

from book._tools.typography import Typography, behind_a_number
from tests.book import checks

FIXED = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"


@pytest.mark.parametrize("unit", ["%", "s", "ms", "ns", "min", "MB", "GiB", "dB"])
def test_units_are_bound(unit):
    assert behind_a_number(f" {unit} of it") == f"{FIXED}{unit} of it"


@pytest.mark.parametrize("text", [" steps", " of it", "%", " million", ", s", "-2"])
def test_words_are_not(text):
    assert behind_a_number(text) == text


def test_glued_numbers_and_what_follows_them_are_changed():
    document = new_document("page")
    for classes in (["pasted-text"], ["other"]):
        document += nodes.paragraph("", "", nodes.inline("-3", "-3", classes=classes), nodes.Text(" % more"))
    Typography(document).run()
    assert [p.astext() for p in document.children] == [f"{MINUS}3{FIXED}% more", f"{MINUS}3 % more"]


def test_equal_texts_are_each_changed():
    document = new_document("page")
    values = [nodes.inline(value, value, classes=["pasted-text"]) for value in "34"]
    document += nodes.paragraph("", "", values[0], nodes.Text(" % so, "), values[1], nodes.Text(" % so, "))
    Typography(document).run()
    assert document.astext() == f"3{FIXED}% so, 4{FIXED}% so, "


def test_typed_sentences_are_changed_and_code_and_formulas_are_not():
    document = new_document("page")
    document += nodes.paragraph("", "", nodes.Text("3 % more, "), nodes.emphasis("-5 ms", "-5 ms"))
    kinds = (nodes.literal, nodes.math, nodes.math_block, nodes.literal_block, nodes.doctest_block, nodes.raw)
    for kind in kinds:
        document += kind("-3 % more", "-3 % more")
    document += nodes.literal_block("", "", nodes.inline("-3 % more", "-3 % more"))
    Typography(document).run()
    assert document.children[0].astext() == f"3{FIXED}% more, {MINUS}5{FIXED}ms"
    assert {child.astext() for child in document.children[1:]} == {"-3 % more"}


def test_sentences_that_code_wrote_are_changed():
    document = new_document("page")
    paragraph = nodes.paragraph("", "", nodes.Text("by -3 % in 2 s, as "), nodes.literal("x-3", "-3"))
    document += nodes.container("", paragraph, classes=["cell_output"])
    Typography(document).run()
    assert document.astext() == f"by {MINUS}3{FIXED}% in 2{FIXED}s, as -3"


@pytest.mark.parametrize(
    ("before", "behind", "whole"),
    [
        ("of (", ") more", "(x)"),
        ("of ", ".", "x."),
        ("of ", ":", "x:"),
        ("of ", "’s own", "x’s"),
        ("so “", "”, more", "“x”,"),
        ("of ", " more", None),
        ("of a", "-NN more", "x-NN"),
        ("of ", "(x) more", None),
        ("f(", " more", None),
        ("", "", None),
    ],
)
@pytest.mark.parametrize("kind", [nodes.math, nodes.literal])
def test_what_stands_close_to_a_formula_stays_on_its_line(before, behind, whole, kind):
    document = new_document("page")
    parts = [nodes.Text(before), kind("x", "x"), nodes.Text(behind)]
    document += nodes.paragraph("", "", *(part for part in parts if part.astext()))
    Typography(document).run()
    assert document.astext() == f"{before}x{behind}"
    assert [inline.astext() for inline in document.findall(nodes.inline)] == ([whole] if whole else [])


def test_short_names_end_no_line():
    document = new_document("page")
    document += nodes.paragraph("", "", nodes.Text("a k-d tree, 1-NNA-CD and re-used t-SNE"))
    document += nodes.literal_block("", "a k-d tree")
    Typography(document).run()
    assert [inline.astext() for inline in document.findall(nodes.inline)] == ["k-d", "1-NNA-CD", "t-SNE"]
    assert document.children[0].astext() == "a k-d tree, 1-NNA-CD and re-used t-SNE"


def test_a_name_that_is_a_link_is_held_with_its_link():
    document = new_document("page")
    link = nodes.reference("", "", nodes.literal("f", "f"), refuri="api.html")
    document += nodes.paragraph("", "", nodes.Text("a "), link, nodes.Text(", b "), nodes.math("x", "x"))
    Typography(document).run()
    assert [inline.astext() for inline in document.findall(nodes.inline)] == ["f,"]
    assert document.astext() == "a f, b x"


def test_the_site_has_minus_signs_and_binds_units(site):
    found = [
        (page.name, glued.get_text(), str(glued.next_sibling))
        for page in site.pages()
        for glued in checks.soup(page).select(".pasted-text")
        if glued.get_text().startswith("-")
        or re.match(r" (%|[mn]?s|min|[kMGT]i?B|dB)\b", str(glued.next_sibling))
    ]
    assert not found
