"""Notebooks for download: they read like the page, and their cells, in order, are a program."""

from __future__ import annotations

import copy
from functools import cache
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from book._tools import export
from book._tools.notebook_code import VISIBLE_SETUP, is_short_setup
from book._tools.notebook_words import Words
from book._tools.outline import read_outline
from tests.book import leftovers, read_once

ROOT = Path(__file__).resolve().parents[2]
BOOK = read_outline(ROOT)
PAPERS = read_once.papers()
PAGES = {page.name: page for page in read_once.notebooks()}


class AnyValue(dict[str, str]):
    """A value for each key: what an executed page would have in its place."""

    def __contains__(self, key: object) -> bool:
        return True

    def __missing__(self, key: str) -> str:
        return "1.0"


@cache  # the tests of a page read the same notebook, and change nothing in it
def clean(name: str, **options: str) -> NotebookNode:
    return export.clean(ROOT / f"{name}.md", name, BOOK, PAPERS, **options)


@cache
def as_executed(name: str) -> NotebookNode:
    return export.readable(copy.deepcopy(PAGES[name].notebook), Words(name, BOOK, PAPERS, AnyValue()))


def code(notebook: NotebookNode) -> list[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


@pytest.mark.parametrize("name", sorted(BOOK.notebooks))
def test_no_markup_is_left(name):
    for notebook in (clean(name), as_executed(name)):
        assert leftovers.markup(notebook) == []


@pytest.fixture(scope="module")
def undefined(tmp_path_factory) -> dict[str, list[str]]:
    return leftovers.undefined_in(
        {name: clean(name) for name in BOOK.notebooks}, tmp_path_factory.mktemp("clean")
    )


@pytest.mark.parametrize("name", sorted(BOOK.notebooks))
def test_cells_in_order_are_a_program(name, undefined):
    notebook = clean(name)
    assert leftovers.broken_cells(notebook) == []
    assert undefined[name] == []
    assert not any("myst_nb" in source for source in code(notebook)), "a reader's machine need not have it"


@pytest.mark.parametrize("name", sorted(BOOK.notebooks))
def test_both_kinds_have_the_same_code(name):
    assert code(clean(name)) == code(as_executed(name))


@pytest.mark.parametrize("name", sorted(BOOK.notebooks))
def test_what_the_page_folds_is_folded(name):
    notebook = clean(name)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    setup, *others = cells
    for cell in others:
        folds = {"hide-input", "hide-cell", "remove-input", "remove-cell"} & set(
            cell.metadata.get("tags", [])
        )
        assert not folds or cell.metadata.jupyter.source_hidden
    hidden = setup.metadata.get("jupyter", {}).get("source_hidden", False)
    shown = 0 if hidden else len(setup.source.splitlines())
    assert shown <= VISIBLE_SETUP or not is_import(setup.source)


def is_import(source: str) -> bool:
    return source.lstrip().startswith(("import ", "from "))


def test_it_says_what_to_install():
    name = "book/foundations/which-chamfer"
    told, bare = clean(name, install='"pcl-lib @ git+somewhere"'), clean(name)
    assert told.cells[0].source.startswith("%pip install")
    assert not any(cell.source == export.NEEDS for cell in told.cells)
    first = next(i for i, cell in enumerate(bare.cells) if cell.cell_type == "code")
    assert bare.cells[first - 1].source == export.NEEDS


# These read files of the book's source by a relative path: downloaded alone, they stop at that cell.
NEED_THE_SOURCE: set[str] = set()


def test_which_notebooks_need_more_than_the_library():
    found = {name for name in BOOK.notebooks if leftovers.files_of_the_source(clean(name))}
    assert found == NEED_THE_SOURCE


def test_the_sentences_of_a_run_have_its_values(tmp_path):
    notebook = nbformat.v4.new_notebook()
    run = nbformat.v4.new_code_cell(
        'from myst_nb import glue\n\nhalf = 1 / 2\nglue("half", half, display=False)\nglue("word", "so", display=False)'
    )
    run.outputs = [
        nbformat.v4.new_output(
            "display_data",
            {"application/papermill.record/text/plain": text},
            metadata={"scrapbook": {"name": key, "mime_prefix": "application/papermill.record/"}},
        )
        for key, text in (("half", "0.5"), ("word", "'so'"))
    ]
    text = "It is {glue:text}`half:.2f`, that is {glue:text}`half:.0%`, {glue:text}`word`."
    notebook.cells = [run, nbformat.v4.new_markdown_cell(text)]
    nbformat.write(notebook, tmp_path / "run.ipynb")
    done = export.executed(tmp_path / "run.ipynb", "book/index", BOOK, PAPERS)
    assert done.cells[1].source == "It is 0.50, that is 50%, so."
    assert done.cells[0].source == "half = 1 / 2"
    assert done.cells[0].outputs == []


def test_a_value_that_no_cell_gave_is_an_error():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("{glue:text}`nowhere:.1f`")])
    with pytest.raises(KeyError, match="nowhere"):
        export.readable(notebook, Words("book/index", BOOK, PAPERS, {}))


def test_the_install_cell_is_the_first():
    name = sorted(BOOK.notebooks)[0]
    notebook = clean(name, install='"a @ b"')
    assert notebook.cells[0].source == '%pip install --quiet "a @ b"'
    assert code(notebook)[1:] == code(clean(name))
    assert leftovers.broken_cells(notebook) == []
    again = clean.__wrapped__(name, install='"a @ b"')
    assert notebook == again, "the same source gives the same notebook"
    assert notebook.metadata.kernelspec.name == "python3"


# The checks themselves: each must be able to fail.


@pytest.mark.parametrize(
    "text",
    [
        "It is {glue:text}`a:.1f`",
        "see {cite}`someone`",
        ":::{note}\nx\n:::",
        "```{exercise}\nx\n```",
        "(label)=\n## Heading",
        "as {ref}`there`",
        "[](page.md)",
        "[there](page.md#part)",
        "% a comment",
        "{{ substituted }}",
        "$\\CD(x)$",
        "$$ (label)",
        "+++",
    ],
)
def test_markup_that_is_left_is_found(text):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(f"Text.\n\n{text}\n\nMore.")])
    assert leftovers.markup(notebook)


def test_code_is_no_markup():
    text = "```bash\n% make :::\n```\n\nand `{cite}`, `x[0](1)` and $x$"
    assert leftovers.markup(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)])) == []


def test_a_cell_that_needs_a_dropped_one_is_found(tmp_path):
    cells = [nbformat.v4.new_code_cell(source) for source in ("%matplotlib inline\nx = 1", "!ls\ny = x + z")]
    assert leftovers.undefined(nbformat.v4.new_notebook(cells=cells), tmp_path) == ["z"]
    cells.append(nbformat.v4.new_code_cell("y = ("))
    assert leftovers.broken_cells(nbformat.v4.new_notebook(cells=cells)) == [2]


def test_a_file_of_the_source_is_found():
    cells = [
        nbformat.v4.new_code_cell(s) for s in ('open("../records/a.json")', 'a / "CITATION.cff"', 'f("a")')
    ]
    found = leftovers.files_of_the_source(nbformat.v4.new_notebook(cells=cells))
    assert found == ["../records/a.json", "CITATION.cff"]


def test_short_setups_are_shown():
    cell = nbformat.v4.new_code_cell("\n".join(f"import a{i}" for i in range(VISIBLE_SETUP)))
    assert is_short_setup(cell)
    cell.source += "\nimport b"
    assert not is_short_setup(cell)
