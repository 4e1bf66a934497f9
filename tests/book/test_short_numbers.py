"""The length of the numbers that cells print."""

import pytest
from docutils import nodes
from docutils.utils import new_document

from book._tools.short_numbers import FLOAT, ShortNumbers, is_long, shortened
from tests.book import checks


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("-0.966399179991643", "-0.966399"),
        ("{10: 10479.849096490352}", "{10: 10479.8}"),
        ("2.0000000000000004", "2.0"),
        ("np.float64(0.8659999966621399)", "np.float64(0.866)"),
        ("tensor([0.2501, 0.1000])", "tensor([0.2501, 0.1000])"),
        ("12345678.5", "12345700.0"),
        ("0.00123456789012e-05,", "1.23457e-08,"),
    ],
)
def test_long_numbers_alone_are_rounded(printed, shown):
    assert shortened(printed) == shown


def test_outputs_alone_are_changed():
    document = new_document("page")
    for classes in (["output", "text_plain"], ["output", "stream"], ["code"]):
        document += nodes.literal_block("0.123456789", "0.123456789", classes=classes, language="none")
    document.settings.env = None
    ShortNumbers(document).run()
    assert [block.astext() for block in document.children] == ["0.123457", "0.123457", "0.123456789"]
    assert all(block.rawsource == block.astext() for block in document.children)


def long_numbers(page):
    """Numbers of an output of a page that nobody can read."""
    blocks = checks.soup(page).select(".output:is(.text_plain, .stream) pre")
    return [number for block in blocks for number in FLOAT.findall(block.get_text()) if is_long(number)]


def test_a_long_number_of_a_page_is_found(tmp_path):
    page = tmp_path / "page.html"
    output = '<div class="cell_output"><div class="output text_plain"><div><pre>{}</pre></div></div></div>'
    page.write_text(output.format("(0.588368, 0.5883680582046509)"))
    assert long_numbers(page) == ["0.5883680582046509"]


def test_the_site_prints_short_numbers(site):
    found = {page.name: numbers for page in site.pages() if (numbers := long_numbers(page))}
    assert not found
