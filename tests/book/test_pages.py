"""The built pages, read as files."""

import json
import re
import time
from pathlib import Path

import jupyter_book
import nbformat
import pytest
import yaml
from bs4 import BeautifulSoup

from book._tools import record, vendor
from book._tools.execute import EXECUTED
from book._tools.failures import unfinished
from tests.book import checks, leftovers

ROOT = Path(__file__).resolve().parents[2]
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
CHAPTERS = [page["file"] for part in TOC["parts"] if part.get("numbered") for page in part["chapters"]]
LARGEST_PAGE = 3_000_000


def test_the_site_is_new(site):
    assert jupyter_book.__version__.startswith("1.")
    assert (site.html / "index.html").stat().st_mtime >= site.started
    assert time.time() > site.started


def test_every_chapter_was_executed(site):
    sources = [p for p in checks.sources(ROOT / "book") if "{code-cell}" in p.read_text(encoding="utf-8")]
    folder = site.build / EXECUTED
    executed = {p.relative_to(folder).with_suffix("").as_posix() for p in folder.rglob("*.ipynb")}
    assert {p.relative_to(ROOT).with_suffix("").as_posix() for p in sources} == executed
    recorded = {entry.page: entry.cells for entry in record.read(site.build)}
    for name in executed:
        notebook = nbformat.read(folder / f"{name}.ipynb", as_version=4)
        assert unfinished(notebook) is None, name
        assert recorded[name] == sum(cell.cell_type == "code" for cell in notebook.cells), name
    assert recorded.keys() == executed


def test_the_status_page_counts_the_cells_that_ran(site):
    entries = record.read(site.build)
    said = (
        checks.soup(site.html / "book" / "appendix" / "status.html")
        .select_one(".execution-record")
        .get_text()
    )
    assert f"{len(entries)} pages hold code, {sum(entry.cells for entry in entries)} cells in all" in said


def test_pictures_have_text(site):
    found = {p.name: texts for p in site.pages() if (texts := checks.images_without_text(checks.soup(p)))}
    assert not found


def test_no_dead_internal_link(site):
    pages = [site.html / "index.html", site.html / "search.html", *site.pages()]
    found = {str(p.relative_to(site.html)): dead for p in pages if (dead := checks.dead_links(p, site.html))}
    assert not found


def test_pages_are_light(site):
    heavy = {p.name: checks.weight(p) for p in site.pages() if checks.weight(p) >= LARGEST_PAGE}
    assert not heavy


def waits_for_plotly(html: BeautifulSoup) -> list[str]:
    """Scripts of plotly that the browser must read before it shows the page."""
    return [str(tag["src"]) for tag in html.find_all("script", src=True) if "plotly" in str(tag["src"])]


def test_no_page_waits_for_plotly(site):
    turning = [p for p in site.pages() if checks.soup(p).select(".pcl-plotly")]
    assert turning
    for page in turning:
        assert waits_for_plotly(checks.soup(page)) == []
        said = re.search(r'window\.pclPlotlyAt = "([^"]+)"', page.read_text(encoding="utf-8"))
        assert not vendor.is_complete() or (page.parent / said[1]).is_file(), page.name


def test_pages_say_language_and_title(site):
    for page in site.pages():
        html = checks.soup(page)
        assert html.html["lang"] == "en"
        assert html.title.get_text().strip()
        assert len(html.select("article h1")) == 1, page.name


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_chapter_box(site, chapter):
    html = checks.soup(site.html / f"{chapter}.html")
    facts = html.select_one("div.chapter-box p.chapter-facts")
    assert facts is not None, "a chapter starts with a {chapter-box}"
    assert "min of reading" in facts.get_text()
    assert "code ran in" in facts.get_text()
    assert len(facts.select("a[download]")) == 3


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_notebooks_for_download(site, chapter):
    page = Path(chapter).relative_to("book")
    clean, executed = (
        nbformat.read(site.html / "notebooks" / kind / f"{page}.ipynb", as_version=4)
        for kind in ("clean", "executed")
    )
    assert not any(cell.get("outputs") for cell in clean.cells)
    assert any(cell.get("outputs") for cell in executed.cells)
    assert [c.source for c in clean.cells if c.cell_type == "code"] == [
        c.source for c in executed.cells if c.cell_type == "code"
    ]
    assert "%pip" not in clean.cells[0].source, "no repository is known here"
    assert leftovers.markup(clean) == leftovers.markup(executed) == []


def test_formulas_are_on_the_page(site):
    page = site.html / f"{CHAPTERS[-1]}.html"
    assert checks.soup(page).select("main .math"), "the chapter on Chamfer distances has formulas"


# The checks themselves: each must be able to fail.


@pytest.mark.parametrize(
    "html",
    [
        '<img src="a.png">',
        '<img src="a.png" alt=" ">',
        '<div class="pcl-plotly"></div>',
        '<main><svg role="img"></svg></main>',
        f'<script type="{checks.WIDGET_STATE}">'
        + json.dumps({"state": {"a": {"model_name": "HTMLModel", "state": {"value": "<img src='x'>"}}}})
        + "</script>",
        f'<script type="{checks.WIDGET_STATE}">'
        + json.dumps({"state": {"a": {"model_name": "ImageModel", "state": {}}}})
        + "</script>",
    ],
)
def test_a_picture_without_text_is_found(html):
    assert len(checks.images_without_text(BeautifulSoup(html, "html.parser"))) == 1


def test_a_dead_link_is_found(tmp_path):
    (tmp_path / "b.html").write_text('<p id="there"></p>')
    page = tmp_path / "a.html"
    page.write_text(
        '<a href="b.html#there"></a><a href="https://example.org/x"></a><a href="#"></a><a href="mailto:a@b"></a>'
        '<a href="b.html#gone"></a><a href="c.html"></a><img src="d.png"><a href="#gone"></a><a href="../out"></a>'
    )
    assert checks.dead_links(page, tmp_path) == [
        "#gone (no such anchor)",
        "../out (no such file)",
        "b.html#gone (no such anchor)",
        "c.html (no such file)",
        "d.png (no such file)",
    ]


def test_a_script_of_plotly_is_found():
    head = '<head><script src="../vendor/plotly/plotly.min.js"></script><script src="a.js"></script></head>'
    assert waits_for_plotly(BeautifulSoup(head, "html.parser")) == ["../vendor/plotly/plotly.min.js"]
    assert waits_for_plotly(BeautifulSoup('<script>"plotly"</script>', "html.parser")) == []


def test_weight_counts_pictures(tmp_path):
    (tmp_path / "a.png").write_bytes(b"x" * 1000)
    page = tmp_path / "a.html"
    page.write_text('<main><img src="a.png"></main>')
    assert checks.weight(page) == page.stat().st_size + 1000
