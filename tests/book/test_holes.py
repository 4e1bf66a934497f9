"""A page with a hole fails every build, the strict and the other, the first and the second."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from book._tools.build import ENVIRONMENT, JUPYTER_BOOK
from tests.book.small import ROOT, Book, cell

GLUES = cell("from myst_nb import glue\nglue('there', 0.5, display=False)")
NUMPY = cell("import numpy as np\nfrom myst_nb import glue\nglue('odd', np.float64(0.5), display=False)")
BARE = cell(
    "from IPython.display import display\ndisplay({'application/x-unknown': '1'}, raw=True)",
)
TWICE = cell("glue('there', 0.25, display=False)")
HOLES = {
    "missing": ((GLUES, "It is {glue:text}`absent:.2f` long."), "No key 'absent' found"),
    "shown": (("{glue}`absent`",), "No key 'absent' found"),
    "figure": (("```{glue:figure} absent\n:alt: none\n```",), "No key 'absent' found"),
    "elsewhere": (("It is {glue:text}`missing.md::absent:.2f` long.",), "Glue reference 'absent' not found"),
    "unformatted": ((NUMPY, "It is {glue:text}`odd:.2f` long."), "Failed to format text/plain data"),
    "ambiguous": ((GLUES, TWICE, "It is {glue:text}`there:.2f` long."), "glue key 'there' duplicate"),
    "unseen": ((BARE,), "application/x-unknown"),
}


@pytest.mark.slow
def test_a_hole_fails_the_build_until_it_is_filled(tmp_path):
    book = Book(tmp_path)
    for page, (parts, _) in HOLES.items():
        book.write(*parts, page=page)
    for _ in range(2):  # the second time every page comes from the cache, and the hole still counts
        done = book.build()
        assert done.returncode != 0
        assert "The book is built" not in done.stdout
        said = done.stderr[done.stderr.index("pages with holes") :]
        for page, (_, complaint) in HOLES.items():
            assert [line for line in said.splitlines() if f"book/{page}.md" in line and complaint in line], (
                page
            )
        assert not (book.cache / "html").exists(), "nothing is served"
    for page in HOLES:
        book.write(GLUES, "It is {glue:text}`there:.2f` long.", page=page)
    done = book.build()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0.50" in book.page("missing")


@pytest.mark.slow
def test_sphinx_executes_nothing_itself(tmp_path):
    book = Book(tmp_path)
    book.write(GLUES)
    command = [
        sys.executable,
        "-c",
        JUPYTER_BOOK,
        "build",
        str(book.folder),
        "--path-output",
        str(book.output),
    ]
    done = subprocess.run(command, env=os.environ | ENVIRONMENT, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode != 0
    assert "not in the cache of executed pages" in done.stdout + done.stderr
    assert book.runs() == 0
