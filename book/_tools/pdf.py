"""Print the built book as one PDF: `python -m book._tools.pdf` (what `make pdf` runs, after `make book`).

Each page is printed by Chromium in the order of the table of contents; the sheets are then put together with a title
page, the contents with their page numbers, bookmarks of all headings, and a running foot. Links between pages of the
book lead to the sheet; what a page offers to download is no link on paper.
"""

from __future__ import annotations

import argparse
import html
import io
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import tee
from pathlib import Path
from urllib.parse import unquote, urlsplit

import yaml
from playwright.sync_api import Browser, Page, sync_playwright
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, NameObject

from book._tools.chromium import ARGUMENTS, PATIENCE, executable

ROOT = Path(__file__).resolve().parents[2]
MARGIN = {"top": "18mm", "bottom": "20mm", "left": "15mm", "right": "15mm"}
# What belongs to a screen: the theme's frame, what is pressed, and its own cover for a single printed page.
# Ligatures are off, or a search for "first" would miss the one that is written with a single sign for "fi".
SCREEN_ONLY = """
#jb-print-docs-body, .bd-header, .bd-header-article, .bd-sidebar-primary, .bd-sidebar-secondary, .bd-footer,
.bd-footer-content, .prev-next-footer, .pst-async-banner-revealer, #pst-skip-link, #pst-back-to-top, dialog
{ display: none !important; }
.bd-main, .bd-content, .bd-article-container, .bd-container__inner
{ max-width: none !important; display: block !important; }
html { font-variant-ligatures: none; }
.bd-article { padding: 0 !important; }
"""
TITLE_STYLE = """
body { font: 12pt/1.5 sans-serif; color: #1a1a1a; font-variant-ligatures: none; }
h1 { margin: 60mm 0 4mm; font-size: 30pt; line-height: 1.2; }
h2 { break-before: page; font-size: 18pt; }
p.part { margin: 5mm 0 1mm; font-weight: 700; break-after: avoid; }
p.line { display: flex; margin: 0; break-inside: avoid; }
p.line.chapter { break-after: avoid; }
p.line.section { margin-left: 8mm; font-size: 10pt; color: #444; }
p.line span:first-child { flex: 1; padding-right: 6mm; }
"""
FOOT_STYLE = """
@page { size: A4; margin: 0; }
body { margin: 0; font: 9pt sans-serif; color: #444; font-variant-ligatures: none; }
div { position: relative; height: 297mm; break-after: page; overflow: hidden; }
div:last-child { break-after: auto; }
p { position: absolute; bottom: 9mm; left: 15mm; right: 15mm; margin: 0; }
p { display: flex; justify-content: space-between; }
"""


class PdfError(RuntimeError):
    """The book could not be printed."""


@dataclass(frozen=True)
class Heading:
    level: int
    text: str
    sheet: int
    """Counted from 0 in the chapter."""


@dataclass(frozen=True)
class Chapter:
    """A printed page of the book."""

    part: str
    name: str
    sheets: PdfReader
    headings: list[Heading]

    @property
    def title(self) -> str:
        return self.headings[0].text if self.headings else self.name


def order(source: Path) -> list[tuple[str, str]]:
    """(part, page) of the whole book in reading order."""
    toc = yaml.safe_load((source / "_toc.yml").read_text(encoding="utf-8"))
    rest = [(part["caption"], page["file"]) for part in toc["parts"] for page in part["chapters"]]
    return [("", toc["root"]), *rest]


def settle(page: Page) -> None:
    """Wait until formulas are set and pictures are there, and give back what the screen alone needs."""
    page.evaluate("async () => { if (window.MathJax?.startup) await MathJax.startup.promise; }")
    # Pictures that are loaded when they come into view never would on paper.
    page.evaluate("() => [...document.images].forEach(image => { image.loading = 'eager'; })")
    page.wait_for_function("() => [...document.images].every(image => image.complete)")
    # The size of letters holds at once, because the page measures its tables before it is printed.
    page.add_style_tag(content=f"html {{ font-size: 13px !important; }} @media print {{ {SCREEN_ONLY} }}")


def sheets_of(page: Page) -> PdfReader:
    """The open page as A4 sheets with the outline of its headings."""
    data = page.pdf(
        format="A4",
        margin=MARGIN,
        print_background=True,
        prefer_css_page_size=False,
        tagged=True,
        outline=True,
    )
    return PdfReader(io.BytesIO(data))


def headings(page: Page, sheets: PdfReader) -> list[Heading]:
    """The headings of a page with the sheet of each. The words are the page's: Chromium's own outline runs lines
    together, and doubles a heading beside the end of a sheet."""
    words = page.eval_on_selector_all(
        "main :is(h1, h2, h3):not(.rubric), body > :is(h1, h2, h3):not(.rubric)",
        """all => all.filter(e => !e.closest("#jb-print-docs-body")).map(e => {
            const copy = e.cloneNode(true);
            copy.querySelectorAll(".headerlink").forEach(link => link.remove());
            return [Number(e.tagName[1]), copy.textContent.replace(/\\s+/g, " ").trim()];
        })""",
    )
    entries = iter(list(_flat(sheets.outline)))
    found = []
    for level, text in words:
        # Headings that are not printed have no entry, so the entries are looked through in order, whole or not at all.
        entries, ahead = tee(entries)
        for entry in ahead:
            if "".join(text.split()) in "".join(str(entry.title).split()):
                sheet = sheets.get_destination_page_number(entry)
                found.append(Heading(level, text, sheet or 0))
                entries = ahead
                break
    return found


def _flat(outline: list) -> Iterator:
    """All entries; pypdf writes those below one as a list after it."""
    for item in outline:
        yield from _flat(item) if isinstance(item, list) else [item]


def print_chapters(browser: Browser, site: Path, pages: list[tuple[str, str]]) -> list[Chapter]:
    """Print each page; one that is missing stops it all, for a book with a hole is no book."""
    chapters = []
    for part, name in pages:
        path = site / f"{name}.html"
        if not path.is_file():
            raise PdfError(
                f"the built site must hold every page of _toc.yml, {path} is missing; run `make book`"
            )
        context = browser.new_context(viewport={"width": 1000, "height": 1400}, color_scheme="light")
        context.set_default_timeout(PATIENCE)
        try:
            page = context.new_page()
            page.goto(path.resolve().as_uri(), wait_until="load")
            settle(page)
            sheets = sheets_of(page)
            chapters.append(Chapter(part, name, sheets, headings(page, sheets)))
        finally:
            context.close()
        print(f"  {name}: {len(sheets.pages)} pages", flush=True)
    return chapters


def front_html(title: str, chapters: list[Chapter], first: int) -> str:
    """Title page and contents, for a book whose first chapter is on page `first`."""
    lines, part, number = [], "", first
    for chapter in chapters:
        if chapter.part != part:
            part = chapter.part
            lines.append(f'<p class="part">{html.escape(part)}</p>')
        lines.append(_line("chapter", chapter.title, number))
        lines += [_line("section", h.text, number + h.sheet) for h in chapter.headings if h.level == 2]
        number += len(chapter.sheets.pages)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{TITLE_STYLE}</style></head><body><h1>{html.escape(title)}</h1>"
        f"<h2>Contents</h2>{''.join(lines)}</body></html>"
    )


def _line(kind: str, words: str, number: int) -> str:
    return f'<p class="line {kind}"><span>{html.escape(words)}</span><span>{number}</span></p>'


def feet_html(chapters: list[Chapter], front: int) -> str:
    """One empty sheet for each of the book, with the chapter and the page number at its foot."""
    words = [""] * front + [chapter.title for chapter in chapters for _ in chapter.sheets.pages]
    feet = "".join(
        f"<div><p><span>{html.escape(text)}</span><span>{number}</span></p></div>"
        if number > 1
        else "<div></div>"
        for number, text in enumerate(words, start=1)
    )
    return f'<!doctype html><html><meta charset="utf-8"><style>{FOOT_STYLE}</style><body>{feet}</body></html>'


def print_html(browser: Browser, text: str, **options: object) -> PdfReader:
    page = browser.new_page()
    try:
        page.set_content(text)
        return PdfReader(io.BytesIO(page.pdf(format="A4", **options)))
    finally:
        page.close()


def bind(browser: Browser, title: str, chapters: list[Chapter], site: Path) -> PdfWriter:
    """Front matter, chapters, feet, bookmarks and links as one document."""
    # The contents have as many pages whatever the numbers in them are, so they are printed twice.
    front = len(print_html(browser, front_html(title, chapters, 1), margin=MARGIN).pages)
    contents = print_html(browser, front_html(title, chapters, front + 1), margin=MARGIN)
    if len(contents.pages) != front:
        raise PdfError(f"the contents changed their length from {front} to {len(contents.pages)} pages")
    feet = print_html(browser, feet_html(chapters, front), prefer_css_page_size=True)
    writer = PdfWriter()
    writer.append(contents, import_outline=False)
    writer.add_outline_item(title="Contents", page_number=1)
    starts = {}
    for chapter in chapters:
        start = len(writer.pages)
        starts[(site / f"{chapter.name}.html").resolve()] = start
        writer.append(chapter.sheets, import_outline=False)
        mark(writer, chapter, start)
    if len(feet.pages) != len(writer.pages):
        raise PdfError(f"there are {len(feet.pages)} feet for {len(writer.pages)} pages")
    lead(writer, starts)
    for page, foot in zip(writer.pages, feet.pages, strict=True):
        page.merge_page(foot)
        page.compress_content_streams()
    writer.add_metadata({"/Title": title})
    return writer


def mark(writer: PdfWriter, chapter: Chapter, start: int) -> None:
    """Bookmarks of a chapter that begins on sheet `start`, each below the last one of a higher level."""
    above: dict[int, object] = {}
    for heading in chapter.headings:
        parent = next((above[level] for level in range(heading.level - 1, 0, -1) if level in above), None)
        above = {level: item for level, item in above.items() if level < heading.level}
        above[heading.level] = writer.add_outline_item(
            title=heading.text, page_number=start + heading.sheet, parent=parent
        )


def lead(writer: PdfWriter, starts: dict[Path, int]) -> None:
    """Links to files of the site lead to the sheet on which their page begins, or nowhere."""
    for page in writer.pages:
        if "/Annots" not in page:
            continue
        kept = ArrayObject()
        for reference in page["/Annots"]:
            link = reference.get_object()
            address = str(link.get("/A", {}).get("/URI", ""))
            if not address.startswith("file:"):
                kept.append(reference)
                continue
            target = starts.get(Path(unquote(urlsplit(address).path)))
            if target is None:
                continue
            sheet = writer.pages[target].indirect_reference
            del link["/A"]
            link[NameObject("/Dest")] = ArrayObject([sheet, NameObject("/Fit")])
            kept.append(reference)
        page[NameObject("/Annots")] = kept


def make(site: Path, target: Path, source: Path = ROOT) -> int:
    """Print the site to `target`; the number of pages."""
    path = executable()
    if path is None:
        raise PdfError("printing needs Chromium or Chrome, and none was found; install `chromium`")
    title = yaml.safe_load((source / "_config.yml").read_text(encoding="utf-8"))["title"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS, timeout=PATIENCE)
        try:
            writer = bind(browser, title, print_chapters(browser, site, order(source)), site)
        finally:
            browser.close()
    target.parent.mkdir(parents=True, exist_ok=True)
    writer.write(target)
    return len(writer.pages)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m book._tools.pdf", description=__doc__)
    parser.add_argument("--site", type=Path, default=ROOT / "_build" / "html", help="the built site")
    parser.add_argument("--output", type=Path, default=ROOT / "_build" / "book.pdf")
    parser.add_argument("--source", type=Path, default=ROOT, help="folder of _config.yml and _toc.yml")
    options = parser.parse_args()
    started = time.monotonic()
    try:
        count = make(options.site.resolve(), options.output, options.source)
    except PdfError as error:
        print(f"The book was NOT printed: {error}", file=sys.stderr)
        return 1
    size = options.output.stat().st_size / 1e6
    print(f"{options.output}: {count} pages, {size:.1f} MB ({time.monotonic() - started:.0f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
