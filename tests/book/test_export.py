"""A build gives the notebooks the numbers that its pages have."""

from __future__ import annotations

import nbformat
import pytest
import yaml

from tests.book.small import Book, cell

TEXT = """
## Two

```{exercise}
:label: one-to-do
Do it.
```

$$
x = 1
$$ (a-law)

By {eq}`a-law` and {ref}`one-to-do`: {glue:text}`half:.2f`, says {cite:t}`lin2024landau`.

:::{bibliography}
:::
"""


@pytest.mark.slow
def test_a_notebook_has_the_numbers_of_its_page(tmp_path, monkeypatch):
    monkeypatch.setenv("PCL_REPOSITORY_URL", "https://github.com/someone/something")
    small = Book(tmp_path)
    small.write(cell("1"), page="first")
    small.write(
        cell('from myst_nb import glue\n\nglue("half", 0.5, display=False)', "remove-cell"),
        TEXT,
        page="second",
    )
    toc = {"format": "jb-book", "root": "book/first"}
    toc["parts"] = [{"caption": "Part", "numbered": True, "chapters": [{"file": "book/second"}]}]
    (small.folder / "_toc.yml").write_text(yaml.safe_dump(toc))
    done = small.build("--strict")
    assert done.returncode == 0, done.stdout + done.stderr
    page = small.page("second")
    assert "Exercise 1.1" in page
    assert "(1.1)" in page
    folder = small.cache / "html" / "notebooks"
    clean, executed = (
        nbformat.read(folder / kind / "second.ipynb", as_version=4) for kind in ("clean", "executed")
    )
    for notebook, value in ((clean, "(computed above)"), (executed, "0.50")):
        assert (
            notebook.cells[0].source
            == '%pip install --quiet "pcl-lib @ git+https://github.com/someone/something"'
        )
        text = notebook.cells[-2].source
        assert "> **Exercise 1.1**" in text
        assert "x = 1 \\tag{1.1}" in text
        source = "[Lin et al. (2024)](https://arxiv.org/abs/2409.06171)"
        assert f"By (1.1) and [Exercise 1.1](second.ipynb): {value}, says {source}." in text
        assert notebook.cells[-1].source.startswith("## References\n\n- Lin, F.")
        assert not any("glue" in c.source for c in notebook.cells)
