"""Words of pages lead somewhere: code words to the API, terms to the glossary, citations to the foot of the page."""

import re

import pytest
import yaml
from bs4 import BeautifulSoup

from book._tools import api, docstrings, names, references, terms
from book._tools.entries import Entries
from tests.book import checks, read_once
from tests.book.small import Book, cell

CHAPTER = [
    cell("from pcl_lib.data import digits\nfrom pcl_lib.distances import chamfer\n\ndcd = digits.load()"),
    "(here)=\n## Of `chamfer` and a digest\n",
    "Use `chamfer`, `pcl_lib.distances.sinkhorn`, `emd(x, y).matching` and `digits.load()`.\n",
    "Not `dcd`, which is a variable here, `mesh`, of which there are two, `nothing`, or [`chamfer`](here).\n",
    "**Weighted Chamfer distances** and\nthe k-d\ntree, a Chamfer distance, the stage, `digest`,\n"
    "and $x$ of a Chamfer distance.\n",
    "A rate is in the *Patches*. {cite:t}`fan2017psgn` and others\n"
    "{cite}`charlier2021keops,keopsdocs`; {cite:p}`fan2017psgn`.\n",
]
GLOSSARY = (
    "# Words\n\n:::{glossary}\n:everyday: stage, floor\n\n"
    "stage\n  One of several, unlike a patch.\n\nfloor\n  Below.\n\n"
    "Chamfer distance\n  A mean.\n\nweighted Chamfer distance\n  A mean with weights.\n\nk-d tree\n  A tree.\n\n"
    "digest\n  A number.\n\npatch\n  A piece.\n:::\n"
)
API = (
    "# Names\n\n```{api} pcl_lib.distances chamfer dcd emd sinkhorn\n```\n\n```{api} pcl_lib.data.digits\n```\n\n"
    "```{api} pcl_lib.data.synthetic mesh\n```\n\n```{api} pcl_lib.data.figures mesh\n```\n\n"
    "```{api} pcl_lib.models PCN\n```\n"
)
PAGES = {
    "index": "# Start\n",
    "api": API,
    "words": GLOSSARY,
    "citing": "# Citing\n\nAs {cite:t}`rubner2000emd` have it.\n\n:::{bibliography}\n:::\n",
}
APOSTROPHE = "\N{RIGHT SINGLE QUOTATION MARK}"
PAPERS = read_once.papers()


def small_book(folder, **pages: str) -> Book:
    book = Book(folder)
    book.write(*CHAPTER, page="chapter", counts=False)
    for name, text in (PAGES | pages).items():
        (book.folder / "book" / f"{name}.md").write_text(text)
    parts = [
        {"caption": "One", "numbered": True, "chapters": [{"file": "book/chapter"}]},
        {"caption": "Two", "chapters": [{"file": f"book/{name}"} for name in ("api", "words", "citing")]},
    ]
    toc = {"format": "jb-book", "root": "book/index", "parts": parts}
    (book.folder / "_toc.yml").write_text(yaml.safe_dump(toc))
    return book


@pytest.fixture(scope="module")
def book(tmp_path_factory) -> Book:
    book = small_book(tmp_path_factory.mktemp("links"))
    done = book.build("--strict")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return book


def article(book: Book, page: str) -> BeautifulSoup:
    return BeautifulSoup(book.page(page), "html.parser").article


def leads(page: BeautifulSoup, selector: str) -> list[tuple[str, str]]:
    return [(" ".join(a.get_text().split()), a["href"]) for a in page.select(selector)]


@pytest.mark.slow
def test_code_words_lead_to_their_entries(book):
    assert leads(article(book, "chapter"), "a.pcl-code") == [
        ("chamfer", "api.html#pcl_lib.distances.chamfer"),
        ("pcl_lib.distances.sinkhorn", "api.html#pcl_lib.distances.sinkhorn"),
        ("emd(x, y).matching", "api.html#pcl_lib.distances.emd"),
        ("digits.load()", "api.html#pcl_lib.data.digits.load"),
    ]


@pytest.mark.slow
def test_the_first_use_of_a_term_leads_to_the_glossary(book):
    assert leads(article(book, "chapter"), "a.pcl-term") == [
        ("Weighted Chamfer distances", "words.html#term-weighted-Chamfer-distance"),
        ("k-d tree", "words.html#term-k-d-tree"),
        ("Chamfer distance", "words.html#term-Chamfer-distance"),
        ("Patches", "words.html#term-patch"),
    ]
    assert not leads(article(book, "citing"), "a.pcl-term"), "the titles of papers are names"
    assert not leads(article(book, "words"), "a.pcl-term"), "the glossary does not lead to itself"


@pytest.mark.slow
def test_a_page_ends_with_what_it_cites(book):
    page = article(book, "chapter")
    foot = page.find_all("section")[-1]
    assert foot.h2.get_text().split("#")[0] == "1.2. References"
    lines = [" ".join(line.get_text().split()) for line in foot.select("li")]
    assert [re.search(r"\((\w+)\)", line)[1] for line in lines] == ["2021a", "2021b", "2017"]
    assert lines[-1].startswith(
        "Fan, H., Su, H., Guibas, L. J. (2017). A Point Set Generation Network for 3D Object"
    )
    assert leads(page, 'p a[href^="#ref-"]') == [
        ("Fan et al. (2017)", "#ref-fan2017psgn"),
        ("Charlier et al., 2021a", "#ref-charlier2021keops"),
        ("Charlier et al., 2021b", "#ref-keopsdocs"),
        ("Fan et al., 2017", "#ref-fan2017psgn"),
    ]
    words = "(Charlier et al., 2021a; Charlier et al., 2021b); (Fan et al., 2017)"
    assert words.replace("et al.", "et\N{NO-BREAK SPACE}al.") in page.get_text()
    html = book.cache / "html"
    for name in ("chapter", "api", "words", "citing"):
        assert checks.dead_links(html / "book" / f"{name}.html", html) == []


def test_a_long_address_may_break_after_its_slashes():
    link = references.link("https://doi.org/10.1109/3dv.2021.1")
    assert link["refuri"] == "https://doi.org/10.1109/3dv.2021.1"
    assert [part.astext() for part in link] == ["doi.org/", "<wbr>", "10.1109/", "<wbr>", "3dv.2021.1"]


def test_a_call_reads_as_the_source_has_it():
    def two(first: int, /, *, form: "str" = "(a, b)", kind: type = Book) -> None:
        """Nothing."""

    assert api.call("two", two) == "two(first: int, /, *, form: str = '(a, b)', kind: type = Book) -> None"
    wide = api.call("name" * 20, two).splitlines()
    assert wide[1:] == [
        "    first: int,",
        "    /,",
        "    *,",
        "    form: str = '(a, b)',",
        "    kind: type = Book,",
        ") -> None",
    ]


@pytest.mark.slow
def test_the_page_on_citing_has_what_the_whole_book_cites_once(book):
    page = article(book, "citing")
    ids = [line["id"] for line in page.select(".pcl-references li")]
    assert {"ref-fan2017psgn", "ref-keopsdocs", "ref-rubner2000emd", "ref-wu2021dcd"} <= set(ids)
    assert len(ids) == len(set(ids))
    assert len(page.select(".pcl-references")) == 1
    assert leads(page, 'p a[href^="#ref-"]') == [("Rubner et al. (2000)", "#ref-rubner2000emd")]


@pytest.mark.slow
def test_an_entry_has_its_docstring_rendered(book):
    page = article(book, "api")
    entry = page.find(id="pcl_lib.distances.dcd")
    assert entry.name == "details"
    assert entry.summary.get_text().startswith("dcd Density-aware Chamfer distance: a match counts less")
    assert r"\frac12 \left( \frac1N \sum_i" in entry.select_one("div.math").get_text()
    assert entry.select_one("li code").get_text() == "alpha"
    assert entry.select_one(".highlight-pycon").get_text().strip().startswith(">>> import torch")
    assert ("Wu et al. (2021)", "#ref-wu2021dcd") in leads(entry, "a")
    assert ("chamfer", "#pcl_lib.distances.chamfer") in leads(entry, "a.pcl-code")
    assert "math::" not in page.get_text()
    assert ">>>" not in "".join(p.get_text() for p in page.select("p"))


@pytest.mark.slow
def test_an_entry_says_where_it_is_used(book):
    page = article(book, "api")
    assert ("A chapter", "chapter.html") in leads(page.find(id="pcl_lib.data.digits.load"), "a")
    assert "Used in: A chapter." in " ".join(page.find(id="pcl_lib.data.digits.load").get_text().split())
    assert "Used in" not in page.find(id="pcl_lib.distances.dcd").get_text(), "there it is a variable"


@pytest.mark.slow
def test_what_is_not_there_fails_the_build(tmp_path):
    faults = {
        "index": "# Start\n\nAs {cite}`nobody2000nothing` says.\n",
        "api": "# Names\n\n```{api} pcl_lib.distances chamfr\n```\n",
        "words": GLOSSARY.replace(":everyday: stage", ":everyday: stagecoach"),
    }
    done = small_book(tmp_path, **faults).build("--strict")
    assert done.returncode != 0
    assert "a citation must be in references.bib, received 'nobody2000nothing'" in done.stderr
    assert "pcl_lib.distances has no chamfr; it has" in done.stderr
    assert "everyday must name terms of the glossary, received stagecoach" in done.stderr


@pytest.mark.parametrize(
    ("term", "text", "found"),
    [
        ("nearest neighbour", "the nearest\nneighbours", "nearest\nneighbours"),
        ("nearest neighbour", "a nearest-neighbour search", "nearest-neighbour"),
        ("patch", "Patches are", "Patches"),
        ("free points", "one free point", "free point"),
        ("Mover's Distance", f"mover{APOSTROPHE}s distance", f"mover{APOSTROPHE}s distance"),
        ("seed", "seeded", None),
        ("floor", "a trap-floor", None),
        ("k-d tree", "k-d treeses", None),
    ],
)
def test_a_term_is_found_as_sentences_have_it(term, text, found):
    match = terms.search([term]).search(text)
    assert (match and match[0]) == found


def test_a_longer_term_is_found_before_a_shorter_one():
    spellings = ["weighted Chamfer distance", "Chamfer distance"]
    found = terms.search(spellings).search("a weighted Chamfer distance")
    assert spellings[found.lastindex - 1] == "weighted Chamfer distance"


LISTED = ("distances", "distances.chamfer", "distances.CHAMFER_CONVENTIONS", "data.digits.load", "data.Cloud")
ENTRIES = Entries(frozenset(f"pcl_lib.{name}" for name in (*LISTED, "data.readers.mnist")))
PAGE = names.read(
    ["import pcl_lib\nfrom pcl_lib.data import digits as d, Cloud\n%time x = 1\nchamfer = 2\nf(radius=1)"]
)


@pytest.mark.parametrize(
    ("code", "meant"),
    [
        ("d.load", "data.digits.load"),
        ("d.load(3)", "data.digits.load"),
        ("Cloud.points", "data.Cloud"),
        ("pcl_lib.distances.chamfer", "distances.chamfer"),
        ("pcl_lib.data.mnist", "data.readers.mnist"),
        ("CHAMFER_CONVENTIONS", "distances.CHAMFER_CONVENTIONS"),
        ("chamfer", None),
        ("Cloud.nothing", None),
        ("radius", None),
        ("pcl_lib.nothing", None),
        ("chamfer - 1", None),
        ('"load"', None),
    ],
)
def test_a_code_word_means_one_thing_or_none(code, meant):
    assert ENTRIES.meant(code, PAGE) == (meant and f"pcl_lib.{meant}")


def test_the_names_that_a_page_uses():
    code = "from pcl_lib.data import digits\nfrom pcl_lib import viz as v\nv.show(digits.load().points)\nx.load()"
    assert {"pcl_lib.data.digits.load", "pcl_lib.viz.show"} <= names.read([code]).used
    assert not [name for name in names.read([code]).used if name.startswith("x")]


def test_a_docstring_keeps_its_words_and_gains_its_markup():
    text = (
        "Twice `x`, *any* x_1 in [0, 1].\n\n    .. math:: 2 x\n        + 0\n\n    More.\n\n"
        "    - `a_b`: one;\n\n    Reference: fan2017psgn.\n\n    >>> 2 * 3\n    6\n    "
    )
    assert docstrings.markdown(text) == (
        "Twice `x`, \\*any\\* x\\_1 in \\[0, 1\\].\n\n$$\n2 x\n+ 0\n$$\n\nMore.\n\n- `a_b`: one;\n\n"
        "Reference: {cite:t}`fan2017psgn`.\n\n```pycon\n>>> 2 * 3\n6\n```"
    )


@pytest.fixture(scope="module")
def sentences(site) -> list[tuple[str, BeautifulSoup]]:
    return [
        (p.stem, BeautifulSoup(p.read_text(encoding="utf-8"), "html.parser").article) for p in site.pages()
    ]


def test_every_source_has_an_address_but_for_those_that_no_archive_holds():
    without = {key for key in PAPERS.entries if PAPERS.address(key) is None}
    assert without == {"barrow1977chamfer", "bjontegaard2001", "martin1979range", "morton1966"}


def test_no_two_labels_are_the_same():
    labels = [PAPERS.short(key, textual=True) for key in PAPERS.entries]
    assert len(labels) == len(set(labels))
    assert len({references.anchor(key) for key in PAPERS.entries}) == len(labels)


@pytest.mark.slow
def test_the_chapters_have_references_numbers_and_links(sentences):
    chapters = {name: page for name, page in sentences if page.select(".chapter-box")}
    assert chapters
    for name, page in chapters.items():
        assert page.select(".pcl-references li"), name
        assert page.select("a.pcl-term"), name
        for caption in page.select(".pcl-numbered > * > figcaption"):
            assert re.match(r"(Figure|Table) \d+\.\d+ ", caption.get_text()), (name, caption.get_text())
