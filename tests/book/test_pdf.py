"""The book as one PDF: every page in order, numbered, with contents, bookmarks and links that stay in it."""

from __future__ import annotations

import pytest
from PIL import Image
from pypdf import PdfReader

from book._tools import pdf
from book._tools.chromium import executable
from tests.unavailable import unavailable

pytestmark = pytest.mark.browser

TOC = """
root: first
parts:
  - caption: A part
    chapters:
      - file: part/second
"""
LONG = "<p>A line of text.</p>" * 80


@pytest.fixture
def book(tmp_path):
    """A site of two pages: one links to the other, to a file that is no page, and to the world."""
    if executable() is None:
        unavailable("there is no Chromium on this machine")
    (tmp_path / "_toc.yml").write_text(TOC)
    (tmp_path / "_config.yml").write_text("title: Two pages\n")
    (tmp_path / "part").mkdir()
    head = '<!doctype html><html lang="en"><meta charset="utf-8"><title>page</title>'
    (tmp_path / "first.html").write_text(
        f'{head}<h1>The first</h1><p><a href="part/second.html#below">there</a> <a href="data.zip">a file</a> '
        f'<a href="https://example.org/">the world</a></p><h2>Below it</h2>{LONG}'
    )
    (tmp_path / "part" / "second.html").write_text(
        f'{head}<h1>The second</h1>{LONG}<h2 class="rubric">Attributes</h2><h2>Far down</h2><p>end</p>'
    )
    return tmp_path


def links(sheet) -> list:
    return [entry.get_object() for entry in sheet.get("/Annots", [])]


def test_a_book_has_numbers_contents_bookmarks_and_links(book):
    count = pdf.make(book, book / "book.pdf", book)
    read = PdfReader(book / "book.pdf")
    texts = [page.extract_text() for page in read.pages]
    assert count == len(texts)
    assert "Two pages" in texts[0]
    starts = {
        name: next(i for i, t in enumerate(texts[2:], 2) if name in t) for name in ("The first", "The second")
    }
    for name, start in starts.items():
        line = next(line for line in texts[1].splitlines() if name in line)
        assert line.split()[-1] == str(start + 1), "the contents name the page on which it begins"
    for number, text in enumerate(texts[1:], 2):
        assert str(number) in text.split()[-4:] + text.split()[:8], "each page after the title has its number"
    far = next(i for i, t in enumerate(texts[2:], 2) if "Far down" in t)
    assert far > starts["The second"]
    assert next(line for line in texts[1].splitlines() if "Far down" in line).split()[-1] == str(far + 1)
    outline = [[e.title for e in item] if isinstance(item, list) else item.title for item in read.outline]
    assert outline == ["Contents", "The first", ["Below it"], "The second", ["Far down"]]
    inside, world = links(read.pages[starts["The first"]])
    assert inside["/Dest"][0] == read.pages[starts["The second"]].indirect_reference
    assert world["/A"]["/URI"] == "https://example.org/"


def test_a_picture_that_waits_to_be_seen_is_printed(book, monkeypatch):
    monkeypatch.setattr(pdf, "PATIENCE", 10_000)
    Image.new("RGB", (40, 40), "red").save(book / "dot.png")
    page = book / "first.html"
    page.write_text(page.read_text() + f'{LONG * 20}<img loading="lazy" src="dot.png" alt="A red square">')
    pdf.make(book, book / "book.pdf", book)
    assert [image for sheet in PdfReader(book / "book.pdf").pages for image in sheet.images]


def test_a_book_with_a_missing_page_is_not_printed(book):
    (book / "part" / "second.html").unlink()
    with pytest.raises(pdf.PdfError, match=r"second\.html is missing"):
        pdf.make(book, book / "book.pdf", book)
    assert not (book / "book.pdf").exists()


def test_without_a_browser_it_says_what_is_needed(book, monkeypatch):
    monkeypatch.setattr(pdf, "executable", lambda: None)
    with pytest.raises(pdf.PdfError, match="needs Chromium"):
        pdf.make(book, book / "book.pdf", book)
