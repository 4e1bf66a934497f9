"""The sign of negative numbers that sentences take from the code."""

import pytest
from docutils import nodes
from docutils.utils import new_document

from book._tools.minus import MinusSigns, with_minus
from tests.book import checks


@pytest.mark.parametrize(
    ("glued", "shown"),
    [
        ("-0.5", "\N{MINUS SIGN}0.5"),
        ("-2 to -1", "\N{MINUS SIGN}2 to \N{MINUS SIGN}1"),
        ("k-2", "k-2"),
        ("- no", "- no"),
    ],
)
def test_hyphens_before_digits(glued, shown):
    assert with_minus(glued) == shown


def test_glued_numbers_alone_are_changed():
    document = new_document("page")
    for classes in (["pasted-text"], ["other"]):
        document += nodes.paragraph("", "", nodes.inline("-3", "-3", classes=classes))
    document += nodes.paragraph("", "", nodes.literal("-3", "-3"))
    MinusSigns(document).run()
    assert [p.astext() for p in document.children] == ["\N{MINUS SIGN}3", "-3", "-3"]


def test_sentences_that_code_wrote_are_changed():
    document = new_document("page")
    output = nodes.container(classes=["cell_output"])
    output += nodes.paragraph("", "", nodes.Text("by -3 %, as "), nodes.literal("x-3", "-3"))
    document += output
    document += nodes.paragraph("", "", nodes.Text("by -3 %"))
    MinusSigns(document).run()
    assert [p.astext() for p in document.findall(nodes.paragraph)] == [
        "by \N{MINUS SIGN}3 %, as -3",
        "by -3 %",
    ]


def test_the_site_has_minus_signs(site):
    found = [
        (page.name, glued.get_text())
        for page in site.pages()
        for glued in checks.soup(page).select(".pasted-text")
        if glued.get_text().startswith("-")
    ]
    assert not found
