"""One way to write each thing on all pages: thousands, captions, and what is done with the code of a display."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

from book._tools.expected import EXPECTED
from book._tools.notebook_code import code_of
from tests.book import checks, page_cells
from tests.book.page_cells import Cell
from tests.book.test_prose import NOT_PROSE

ROOT = Path(__file__).resolve().parents[2]
SOURCES = {
    path.relative_to(ROOT / "book").with_suffix("").as_posix(): path.read_text(encoding="utf-8")
    for path in checks.sources(ROOT / "book")
}
PAGES = page_cells.read()
# No comma before the last three digits. What hangs on hyphens or slashes is a name or a list of widths, and "× 1000"
# is how the tables of papers head a column.
PLAIN = re.compile(r"(?<![\w.,/=^×-])(?<!× )[1-9]\d{3,}(?![\w/^-]|,\d|\.\d)")
YEARS = range(1900, 2031)
GLUED = re.compile(r"\{glue:text\}`(\w+)(?::([^`]*))?`")
FENCE = re.compile(r"^\s*(`{3,}|~{3,})(\{[\w-]+\})?")
OF_PROSE = {"{exercise}", "{solution}", "{admonition}", "{note}", "{warning}", "{tip}"}
TABLE = re.compile(r"^:::\{table\} (.*)$", re.MULTILINE)
MAKERS = {
    "show",
    "frames",
    "cloud",
    "clouds",
    "curves",
    "matching",
    "rotatable",
    "shape_map",
    "surface",
    "table",
}


def plain_thousands(text: str) -> list[str]:
    """Whole numbers from 1,000 on without a comma, that are no years."""
    return [n for n in PLAIN.findall(text) if int(n) not in YEARS]


def prose_of(page: str) -> str:
    """The lines outside code and other fences that are shown as they stand."""
    kept, open_fences = [], []
    for line in page.splitlines():
        fence = FENCE.match(line)
        if not fence:
            kept += [] if open_fences and open_fences[-1] not in OF_PROSE else [line]
        elif fence[2] or not open_fences:
            open_fences.append(fence[2] or "code")
        else:
            open_fences.pop()
    return "\n".join(kept)


def of_prose(page: str) -> list[str]:
    prose = prose_of(page)
    for pattern in NOT_PROSE:
        prose = pattern.sub("", prose)
    return plain_thousands(prose)


def of_words(cell: Cell) -> list[str]:
    """Thousands in the strings of a cell that have words in them."""
    texts = [
        node.value
        for node in ast.walk(ast.parse(code_of(cell.source)))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.search("[a-z] ", node.value)
    ]
    return [number for text in texts for number in plain_thousands(text)]


def of_glue(page: str, entries: dict[str, dict[str, Any]]) -> list[str]:
    """Keys whose stored value has thousands, where a sentence asks for no comma."""
    large = {
        key
        for key, entry in entries.items()
        if any(
            isinstance(entry.get(name), int | float) and abs(entry[name]) >= 999.5
            for name in ("value", "min")
        )
    }
    return [key for key, form in GLUED.findall(page) if key in large and "," not in form]


def without_stop(page: str, cells: list[Cell]) -> list[str]:
    """Captions that do not end as a sentence does."""
    captions = TABLE.findall(page)
    for cell in cells:
        for node in ast.walk(ast.parse(code_of(cell.source))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in MAKERS:
                captions += [
                    ast.unparse(k.value).strip("'\"")
                    for k in node.keywords
                    if k.arg == "caption" and isinstance(k.value, ast.Constant | ast.JoinedStr)
                ]
    return [text for text in captions if not text.endswith((".", "?"))]


def hidden_displays(cells: list[Cell]) -> list[str]:
    """Cells whose code is away though they show a figure or a table: it is folded, for a reader may want it. Only a
    sentence that the code has written stands without."""
    return [
        f"cell {cell.number}"
        for cell in cells
        if "remove-input" in cell.tags and not cell.source.lstrip().startswith("Markdown(")
    ]


@pytest.mark.parametrize("page", SOURCES)
def test_thousands_have_a_comma(page):
    stored = EXPECTED / f"{page}.json"
    entries = json.loads(stored.read_text(encoding="utf-8")) if stored.is_file() else {}
    found = of_prose(SOURCES[page]) + of_glue(SOURCES[page], entries)
    assert found + [n for cell in PAGES.get(page, []) for n in of_words(cell)] == []


@pytest.mark.parametrize("page", SOURCES)
def test_captions_end_with_a_full_stop(page):
    assert without_stop(SOURCES[page], PAGES.get(page, [])) == []


@pytest.mark.parametrize("page", PAGES)
def test_the_code_of_a_display_is_folded(page):
    assert hidden_displays(PAGES[page]) == []


def test_captions_of_the_site_end_with_a_full_stop(site):
    found = [
        f"{page.name}: {caption.get_text()}"
        for page in site.pages()
        for caption in checks.soup(page).select("main :is(figcaption, caption)")
        if not caption.get_text().rstrip(" #\n").endswith((".", "?")) and "gallery" not in page.name
    ]
    assert found == []


# The rules themselves: each must be able to fail.


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a cloud of 2048 points", ["2048"]),
        ("leaves of 1024, or 16384.", ["1024", "16384"]),
        ("2,048 points in 2024, widths 256-256-6144, CD × 1000, arXiv:1512.03012, 12,345.5", []),
        ("of `1024` and $4096$ and {cite}`a2048`\n\n```python\nn = 4096\n```", []),
        ("```{exercise}\nTake 4096 points.\n```", ["4096"]),
    ],
)
def test_plain_thousands_are_found(text, found):
    assert of_prose(text) == found


def test_thousands_in_strings_and_glue_are_found():
    assert of_words(Cell(1, "n = 4096\nf('with 4096 points', '1024')")) == ["4096"]
    page = "{glue:text}`a:.0f` {glue:text}`a:,.0f` {glue:text}`b` {glue:text}`c`"
    assert of_glue(page, {"a": {"value": 1852.0}, "b": {"min": 2000, "max": 3000}, "c": {"value": 999}}) == [
        "a",
        "b",
    ]


def test_a_caption_without_a_stop_is_found():
    good = [
        Cell(1, "viz.table(r, columns=c, caption='One' 'two.')\nviz.show(f, alt='a', caption=f'{n} is.')")
    ]
    assert (
        without_stop(":::{table} All of it.\n:::", [*good, Cell(2, "viz.clouds(x, caption=caption)")]) == []
    )
    bad = [Cell(1, "viz.table(r, columns=c, caption='One')\nviz.show(f, alt='a', caption=f'is {n}')")]
    assert without_stop(":::{table} All of it\n:::", bad) == ["All of it", "One", "f'is {n}"]


def test_a_hidden_display_is_found():
    cells = [
        Cell(i, s, frozenset({"remove-input"})) for i, s in enumerate(["Markdown(words)", "viz.table(r)"])
    ]
    assert hidden_displays(cells) == ["cell 1"]
    assert hidden_displays([Cell(1, "viz.table(r)", frozenset({"hide-input"}))]) == []
