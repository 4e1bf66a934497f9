"""Figures and tables are numbered by chapter, wherever they come from, and prose refers to them by these numbers."""

import copy
import json

import nbformat
import pytest
import yaml
from bs4 import BeautifulSoup

from book._tools import export, figures
from tests.book import checks
from tests.book.small import Book, cell

START = cell(
    "from IPython.display import display\nfrom matplotlib.figure import Figure\nfrom pcl_lib import viz"
)
SHOW = "viz.show(Figure(figsize=(1, 1)), alt='A sheet'{})"
SLIDER = (
    "def sheet(k):\n    return viz.show(Figure(), alt='A sheet', caption='Inside.')\n\n"
    "viz.frames(sheet, labels=['a', 'b', 'c'], alt='Sheets', caption='A series.')"
)
TABLE = "viz.table([[1, 2]], columns=['a', 'b'], caption='{}')"
FIRST = [
    START,
    "See {fig}`fig-sheet`, {fig}`fig-series`, {fig}`the late one <fig-late>` and {tab}`tab-far`.\n",
    "(fig-sheet)=\n",
    cell(SHOW.format(", caption='A sheet of paper.'")),
    cell(SHOW.format("")),
    "(fig-series)=\n",
    cell(SLIDER),
    "## A section\n\n:::{table} Typed\n:name: tab-typed\n\n| a | b |\n|---|---|\n| 1 | 2 |\n:::\n",
    "(tab-two)=\n",
    cell(f"display({TABLE.format('One.')})\n{TABLE.format('Two.')}", "hide-input"),
    "(fig-late)=\n",
    cell(SHOW.format(", caption='A last sheet.'")),
]
SECOND = [
    START,
    "Back to {tab}`tab-typed`, {tab}`tab-two` and {fig}`fig-late`.\n",
    cell(SHOW.format(", caption='Of the second page.'")),
]
APPENDIX = [START, "(tab-far)=\n", cell(TABLE.format("Far."))]
TOC = {
    "format": "jb-book",
    "root": "book/index",
    "parts": [
        {"caption": "One", "numbered": True, "chapters": [{"file": "book/first"}, {"file": "book/second"}]},
        {"caption": "Two", "chapters": [{"file": "book/far"}]},
    ],
}


def small_book(folder, **pages: list[str]) -> Book:
    book = Book(folder)
    for name in ("first", "second", "far"):
        book.write(*pages.get(name, ["Nothing.\n"]), page=name, counts=False)
    (book.folder / "book" / "index.md").write_text("# Start\n")
    (book.folder / "_toc.yml").write_text(yaml.safe_dump(TOC))
    return book


@pytest.fixture(scope="module")
def book(tmp_path_factory) -> Book:
    book = small_book(tmp_path_factory.mktemp("figures"), first=FIRST, second=SECOND, far=APPENDIX)
    done = book.build("--strict")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return book


def article(book: Book, page: str) -> BeautifulSoup:
    return BeautifulSoup(book.page(page), "html.parser").article


def captions(page: BeautifulSoup) -> list[str]:
    found = page.select("figcaption, caption")
    return [
        " ".join(c.get_text().replace("#", "").split())
        for c in found
        if not c.find_parent(class_="pcl-frame")
    ]


def links(page: BeautifulSoup) -> list[tuple[str, str]]:
    """Words and target, whatever kind of space stands in them."""
    return [(" ".join(a.get_text().split()), a["href"]) for a in page.select("p a.reference.internal")]


@pytest.mark.slow
def test_captions_count_by_kind_and_chapter(book):
    assert captions(article(book, "first")) == [
        "Figure 1.1 A sheet of paper.",
        "Figure 1.2 A series.",
        "Table 1.1 Typed",
        "Table 1.2 One.",
        "Table 1.3 Two.",
        "Figure 1.3 A last sheet.",
    ]
    assert captions(article(book, "second")) == ["Figure 2.1 Of the second page."]
    assert captions(article(book, "far")) == ["Table A.1 Far."]


@pytest.mark.slow
def test_links_read_the_number_and_land_at_the_figure(book):
    first, second = article(book, "first"), article(book, "second")
    assert links(first) == [
        ("Figure 1.1", "#fig-sheet"),
        ("Figure 1.2", "#fig-series"),
        ("the late one", "#fig-late"),
        ("Table A.1", "far.html#tab-far"),
    ]
    assert links(second) == [
        ("Table 1.1", "first.html#tab-typed"),
        ("Table 1.2", "first.html#tab-two"),
        ("Figure 1.3", "first.html#fig-late"),
    ]
    html = book.cache / "html"
    for page in ("first", "second", "far"):
        assert checks.dead_links(html / "book" / f"{page}.html", html) == []
    assert captions(first.find(id="tab-two")) == ["Table 1.2 One."]


@pytest.mark.slow
def test_a_slider_and_what_is_printed_of_it_are_one_figure(book):
    page = article(book, "first")
    whole = page.find(id="fig-series")
    assert whole.select_one('script[type="application/vnd.jupyter.widget-view+json"]'), (
        "the link lands above it"
    )
    assert captions(whole) == ["Figure 1.2 A series."]
    assert [c.get_text() for c in whole.select(".pcl-frame figcaption")] == ["Inside.", "Inside."]
    state = BeautifulSoup(book.page("first"), "html.parser").find(
        "script", type="application/vnd.jupyter.widget-state+json"
    )
    shown = [w["state"].get("value", "") for w in json.loads(state.string)["state"].values()]
    assert sum("Inside." in str(value) for value in shown) == 3
    assert not any("A series." in str(value) for value in shown), "its caption would have no number"


FAULTS = {
    "{fig}`fig-nowhere`": "received 'fig-nowhere', which is no label; write `(fig-name)=` above the cell",
    "{tab}`fig-sheet`": "received 'fig-sheet', which is a figure; use {fig}",
    "{fig}`fig-bare`": "received 'fig-bare', which stands on book/first before something else",
}


@pytest.mark.slow
def test_a_reference_to_nothing_fails_the_build(tmp_path):
    shown = [START, "(fig-sheet)=\n", cell(SHOW.format(", caption='A sheet.'"))]
    bare = ["(fig-bare)=\n", cell(SHOW.format(""))]
    book = small_book(tmp_path, first=[*shown, *bare, *(f"{fault}\n" for fault in FAULTS)])
    done = book.build("--strict")
    assert done.returncode != 0
    for complaint in FAULTS.values():
        assert complaint in done.stderr


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ('<figure class="pcl-figure x"><img><figcaption style="a">B</figcaption></figure>', ["B"]),
        ('<figure class="pcl-figure"><figure><figcaption>In</figcaption></figure></figure>', []),
        (
            '<figure class="pcl-figure"><figure class="pcl-figure"><figcaption>In</figcaption></figure>'
            "<figcaption>Out</figcaption></figure>",
            ["Out"],
        ),
        ("<figure><figcaption>Of someone else</figcaption></figure>", []),
    ],
)
def test_the_caption_is_that_of_the_outer_figure(html, found):
    assert [html[end:].partition("<")[0] for _, end in figures.captions(html)] == found


def notebook(book: Book, kind: str, page: str) -> nbformat.NotebookNode:
    return nbformat.read(book.cache / "html" / "notebooks" / kind / f"{page}.ipynb", as_version=4)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["clean", "executed"])
def test_notebooks_refer_by_the_same_numbers(book, kind):
    text = "\n".join(
        cell.source for cell in notebook(book, kind, "first").cells if cell.cell_type == "markdown"
    )
    assert "See Figure 1.1, Figure 1.2, the late one and [Table A.1](far.ipynb)." in text
    text = "\n".join(cell.source for cell in notebook(book, kind, "second").cells)
    assert "Back to [Table 1.1](first.ipynb), [Table 1.2](first.ipynb) and [Figure 1.3](first.ipynb)." in text


@pytest.mark.slow
def test_the_captions_of_an_executed_notebook_have_their_numbers(book):
    outputs = [o for c in notebook(book, "executed", "first").cells for o in c.get("outputs", [])]
    page = BeautifulSoup("".join(o.get("data", {}).get("text/html", "") for o in outputs), "html.parser")
    assert captions(page) == [
        "Figure 1.1 A sheet of paper.",
        "Figure 1.2 A series.",
        "Table 1.2 One.",
        "Table 1.3 Two.",
        "Figure 1.3 A last sheet.",
    ]


def test_captions_are_numbered_all_or_none():
    html = '<figure class="pcl-figure"><figcaption>{}</figcaption></figure>'
    outputs = [
        nbformat.v4.new_output("display_data", {"text/html": html.format(name)}) for name in ("A", "B")
    ]
    unseen = nbformat.v4.new_code_cell("", outputs=outputs[:1], metadata={"tags": ["remove-cell"]})
    shown = nbformat.v4.new_code_cell("", outputs=outputs)
    for numbers, found in ((["Figure 1.1"], [False] * 2), (["Figure 1.1", "Figure 1.2"], [True] * 2)):
        whole = nbformat.v4.new_notebook(cells=[copy.deepcopy(unseen), copy.deepcopy(shown)])
        export.number_captions(whole, numbers)
        assert ["Figure 1." in o["data"]["text/html"] for o in whole.cells[1].outputs] == found
        assert "Figure 1." not in whole.cells[0].outputs[0]["data"]["text/html"]
