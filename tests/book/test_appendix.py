"""The pages of the appendix that are made from the other pages: the course plan, the gallery, how to cite."""

import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from bs4 import BeautifulSoup
from PIL import Image

from book._tools import cite, gallery, teach
from pcl_lib import viz
from tests.book import checks
from tests.book.small import Book, cell

ROOT = Path(__file__).resolve().parents[2]
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
CHAPTERS = [page["file"] for part in TOC["parts"] if part.get("numbered") for page in part["chapters"]]
TEACH = (ROOT / "book" / "appendix" / "teach.md").read_text(encoding="utf-8")
PLAN = yaml.safe_load(re.search(r"```\{course-plan\}\n(.*?)```", TEACH, re.DOTALL)[1])
THERE = {
    name.removeprefix("book/"): teach.exercises((ROOT / f"{name}.md").read_text(encoding="utf-8"))
    for name in CHAPTERS
}


def test_the_plan_has_every_chapter_and_exercise():
    assert teach.problems(PLAN, THERE) == []
    assert sum(len(found) for found in THERE.values()) >= 27
    assert list(PLAN) == list(THERE), "in the order of the book"


def test_every_exercise_of_a_source_is_seen():
    for name in CHAPTERS:
        text = (ROOT / f"{name}.md").read_text(encoding="utf-8")
        assert len(THERE[name.removeprefix("book/")]) == len(re.findall(r"\{exercise(?:-start)?\}", text)), (
            name
        )
    assert all(title and title != label for found in THERE.values() for label, title in found.items())


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ({}, "a: this chapter is missing"),
        ({"a": {"question": "Why?", "exercises": {"x": "code"}}, "b": {}}, "b: no such chapter"),
        ({"a": {"question": "Why?"}}, "a: no level for x"),
        ({"a": {"question": "Why?", "exercises": {"x": "code", "y": "code"}}}, "a: no exercise y"),
        ({"a": {"question": "Why?", "exercises": {"x": "hard"}}}, "a: no such level, hard"),
        ({"a": {"exercises": {"x": "code"}}}, "a: no question"),
    ],
)
def test_a_plan_that_disagrees_with_the_book_is_found(plan, said):
    assert teach.problems(plan, {"a": {"x": "Title"}}) == [said]


def test_hours_are_rounded_up_to_halves_and_may_be_filled_again():
    html = teach.time(["a", "b"], 30, "hours") + teach.time(["a"], 0, "minutes")

    def said(html: str) -> list[str]:
        return [time.get_text() for time in BeautifulSoup(html, "html.parser").select(".pcl-time")]

    assert said(html) == ["", ""]
    once = teach.with_times(html, {"a": 20, "b": 11})
    assert said(once) == ["1.5", "20"]
    assert said(teach.with_times(once, {"a": 20, "b": 10})) == ["1", "20"]


def test_the_entry_of_the_book_has_a_doi_when_the_file_has_one():
    file = yaml.safe_load(cite.FILE.read_text(encoding="utf-8"))
    without = cite.bibtex({k: v for k, v in file.items() if k != "doi"})
    assert "{{The pcl_lib contributors}}" in without
    assert f"{{{file['version']}}}" in without
    assert "doi" not in without
    assert "doi     = {10.1234/x}" in cite.bibtex(file | {"doi": "10.1234/x"})
    assert "url     = {https://example.org}" in cite.bibtex(file | {"url": "https://example.org"})


def picture(kind: str, more: int = 0) -> str:
    if kind == "svg+xml":
        data = b'<svg xmlns="http://www.w3.org/2000/svg"><path d="M 1.23 3.45 L 5 6"/></svg>' + b" " * more
    else:
        buffer = io.BytesIO()
        Image.new("RGBA", (900, 300), (0, 0, 255, 128)).save(buffer, format="PNG")
        data = buffer.getvalue()
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


PAGE = f"""<article><section id="top"><h1>A page<a class="headerlink" href="#top">#</a></h1>
<section id="one"><h2>1. One<a class="headerlink" href="#one">#</a></h2>
<figure class="pcl-figure"><img alt="Dots" src="{picture("png")}"><figcaption>Dots, see
<a href="other.html">there</a> <span class="math">\\(x\\)</span></figcaption></figure>
<figure class="pcl-table"><table></table></figure>
<figure id="fig-line"><figure class="pcl-figure"><img alt="A line" src="{picture("svg+xml")}"></figure>
<figcaption><p>A line.</p></figcaption></figure></section></section></article>"""


def test_figures_are_found_with_caption_and_section():
    dots, line = gallery.pictures("p", BeautifulSoup(PAGE, "html.parser"))
    assert (dots.anchor, dots.section, dots.alt) == ("one", "1. One", "Dots")
    assert dots.caption == 'Dots, see\nthere <span class="math">\\(x\\)</span>'
    assert (line.anchor, line.caption, line.alt) == ("fig-line", "A line.", "A line")


def test_thumbnails(tmp_path):
    names = gallery.write_thumbnails(gallery.pictures("a/p", BeautifulSoup(PAGE, "html.parser")), tmp_path)
    assert names == ["p-1.png", "p-2.svg"]
    with Image.open(tmp_path / gallery.FOLDER / "p-1.png") as small:
        assert small.size[0] == gallery.WIDEST
        assert small.convert("RGBA").getpixel((5, 5))[3] == pytest.approx(128, abs=8), "as clear as it was"
    assert b"M 1.2 3.4 L 5 6" in (tmp_path / gallery.FOLDER / "p-2.svg").read_bytes()


def test_the_scale_of_colours_is_no_picture():
    pages = (
        PAGE,
        PAGE.replace("<figcaption>Dots", f'<img class="pcl-ramp" src="{picture("png")}"><figcaption>Dots'),
    )
    plain, scaled = (gallery.pictures("p", BeautifulSoup(page, "html.parser"))[0] for page in pages)
    assert scaled == plain


def test_a_map_of_shapes_is_shown_by_its_words(tmp_path):
    table = viz.table([["a", 1.0]], columns=["a", "b"], caption="No figure").html
    shapes = viz.shape_map(
        [[0, 0], [1, 1]], np.zeros((2, 1, 2)), ["dot", "dash"], alt="Two dots", caption="Two."
    ).html
    html = f"<article><section id='a'><h2>A</h2>{shapes}{table}</section></article>"
    (found,) = gallery.pictures("p", BeautifulSoup(html, "html.parser"))
    assert (found.alt, found.caption) == ("Two dots", "Two.")
    assert gallery.write_thumbnails([found], tmp_path) == [None]


def test_panels_go_side_by_side(tmp_path):
    image = f'<img alt="Picture 1 of 3. Clouds" src="{picture("png")}">'
    html = f"<article><section id='a'><h2>A</h2><figure>{image * 3}</figure></section></article>"
    (clouds,) = gallery.pictures("p", BeautifulSoup(html, "html.parser"))
    assert clouds.alt == "Clouds"
    assert gallery.write_thumbnails([clouds], tmp_path) == ["p-1.png"]
    with Image.open(tmp_path / gallery.FOLDER / "p-1.png") as strip:
        assert strip.size == (
            3 * (gallery.WIDEST // 3),
            35,
        )  # each a third as wide, three times as wide as high


def test_of_the_drawings_the_lightest_are_shown(tmp_path, monkeypatch):
    html = PAGE.replace(picture("svg+xml"), picture("svg+xml", 500))
    heavy, light = (gallery.pictures("p", BeautifulSoup(page, "html.parser"))[1] for page in (html, PAGE))
    monkeypatch.setattr(gallery, "BUDGET", 300)
    assert gallery.write_thumbnails([heavy, light, heavy], tmp_path) == [None, "p-2.svg", None]
    monkeypatch.setattr(gallery, "BUDGET", 10)
    assert gallery.write_thumbnails([heavy, light], tmp_path) == [None, None]


def test_a_figure_whose_file_is_missing_has_its_words_alone(tmp_path):
    lost = gallery.Picture("p", "one", "One", "", "A line", ("lost.svg",))
    assert gallery.write_thumbnails([lost], tmp_path) == [None]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A small book with a chapter, a plan of it, a gallery, and the page on citing."""
    book = Book(tmp_path_factory.mktemp("appendix"))
    show = (
        "import matplotlib.pyplot as plt\nfrom pcl_lib import viz\n\nfigure, _ = plt.subplots(figsize=(2, 1))\n"
        "viz.show(figure, alt='Empty axes', caption='Axes, and nothing else')"
    )
    exercise = "```{exercise}\n:label: exercise-one\n\n**Count to one.** How?\n```\n"
    plan = {"chapter": {"core": True, "question": "Why *one*?", "exercises": {"exercise-one": "code"}}}
    book.write("## A section\n", cell(show), exercise, page="chapter")
    cited = "# Citing\n\n```{cite-this-book}\n```\n\n## References\n\n:::{bibliography}\n:::\n"
    pages = {
        "index": "# Start\n\nSee {cite}`fan2017psgn`.\n",
        "plan": f"# Plan\n\n```{{course-plan}}\n{yaml.safe_dump(plan)}```\n",
        "figures": "# Figures\n\n```{gallery}\n```\n",
        "citing": cited,
    }
    for name, text in pages.items():
        (book.folder / "book" / f"{name}.md").write_text(text)
    parts = [
        {"caption": "One", "numbered": True, "chapters": [{"file": "book/chapter"}]},
        {"caption": "Two", "chapters": [{"file": f"book/{name}"} for name in ("plan", "figures", "citing")]},
    ]
    toc = {"format": "jb-book", "root": "book/index", "parts": parts}
    (book.folder / "_toc.yml").write_text(yaml.safe_dump(toc))
    for _ in range(2):  # the second writes no page and fills the places again
        done = book.build("--strict")
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return book


def test_the_plan_is_filled_from_the_pages(site):
    html = BeautifulSoup(site.page("plan"), "html.parser").select_one(".course-plan")
    minutes = int(teach.READING.search(site.page("chapter"))[1])
    cells = [td.get_text() for td in html.select("tbody td")]
    assert cells[1:] == ["core", str(minutes), "1", "30", "1"]
    assert "Count to one: code, 30 min" in " ".join(html.get_text().split())
    assert html.select_one('a[href="chapter.html#exercise-one"]')


def test_the_gallery_is_filled_from_the_pages(site):
    html = BeautifulSoup(site.page("figures"), "html.parser")
    (figure,) = html.select("article figure")
    assert "Axes, and nothing else" in figure.get_text()
    assert figure.select_one("figcaption a")["href"] == "chapter.html#a-section"
    image = figure.img
    assert (image["alt"], image["loading"]) == ("Empty axes", "lazy")
    folder = site.cache / "html" / "book"
    assert (folder / image["src"]).is_file()
    for name in ("figures", "plan"):
        assert checks.dead_links(folder / f"{name}.html", site.cache / "html") == []


def test_the_page_on_citing_has_the_entry(site):
    html = BeautifulSoup(site.page("citing"), "html.parser")
    assert cite.bibtex(yaml.safe_load(cite.FILE.read_text("utf-8"))) in html.select_one("pre").get_text()
