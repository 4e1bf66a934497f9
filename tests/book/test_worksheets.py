"""The notebooks without solutions: nothing of a solution is left, and the rest runs as before."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import nbformat
import pytest

from book._tools import worksheets
from book._tools.outline import read_outline
from tests.book import leftovers, read_once

ROOT = Path(__file__).resolve().parents[2]
BOOK = read_outline(ROOT)
PAPERS = read_once.papers()

PAGE = """---
kernelspec: {name: python3, display_name: Python 3}
---
# A page

```{code-cell} ipython3
x = 1
```

````{exercise}
:label: exercise-a
**Add.** What is x plus one?
````

````{solution-start} exercise-a
````

It is this secret:

```{code-cell} ipython3
secret = x + 1
```

and a last secret.

````{solution-end}
````

````{exercise}
:label: exercise-b
**Think.** Why?
````

````{solution} exercise-b
A secret.

```python
secret
```
````

## After it

```{code-cell} ipython3
x
```
"""


def test_solutions_make_room_for_an_answer():
    text = worksheets.without_solutions(PAGE)
    assert "secret" not in text
    assert "solution" not in text
    assert text.count("# Your answer") == 2
    assert text.count("{exercise}") == 2
    assert worksheets.without_solutions(text) == text
    assert text.endswith(PAGE[PAGE.index("## After it") :])


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(BOOK.notebooks))
def test_a_worksheet_is_a_program_without_solutions(name, tmp_path):
    source = (ROOT / f"{name}.md").read_text(encoding="utf-8")
    notebook = worksheets.worksheet(ROOT / f"{name}.md", name, BOOK, PAPERS)
    text = "\n".join(cell.source for cell in notebook.cells)
    assert text.count("# Your answer") == len(re.findall(r"\{solution(-start)?\}", source))
    assert "Solution of" not in text
    assert leftovers.markup(notebook) == []
    assert leftovers.undefined(notebook, tmp_path) == []


def test_the_archive_is_the_same_for_the_same_book(tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("text", id="cell-0")])
    for name in ("a.zip", "b.zip"):
        worksheets.write({"book/losses/b": notebook, "book/index": notebook}, tmp_path / name)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.namelist() == ["without-solutions/index.ipynb", "without-solutions/losses/b.ipynb"]
        assert nbformat.reads(archive.read("without-solutions/index.ipynb"), 4).cells[0].source == "text"


def test_the_site_offers_them(site):
    with zipfile.ZipFile(site.html / worksheets.ARCHIVE) as archive:
        packed = set(archive.namelist())
    assert packed == {f"without-solutions/{name.removeprefix('book/')}.ipynb" for name in BOOK.notebooks}
    assert f"../../{worksheets.ARCHIVE}" in (site.html / "book" / "appendix" / "teach.html").read_text(
        "utf-8"
    )
