"""How the text and the code of a page become those of a notebook, piece by piece."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from book._tools.citations import Bibliography
from book._tools.formulas import expand
from book._tools.notebook_code import code_of, fold, without_glue
from book._tools.notebook_text import Prose
from book._tools.notebook_words import Words
from book._tools.outline import Outline, Place, read_outline

HERE = "book/part/here"
OUTLINE = Outline(
    titles={HERE: "Here", "book/part/there": "There", "book/other/code": "Code", "book/notes": "Notes"},
    labels={
        "a-section": Place("book/other/code", "A section of it"),
        "marked": Place("book/part/there", "`f` of *x* (new)"),
        "an-exercise": Place(HERE, kind="Exercise", number="2.3"),
        "a-figure": Place("book/part/there", kind="Figure", number="4.1"),
        "a-law": Place(HERE, kind="Equation", number="1.7"),
    },
    notebooks=frozenset({HERE, "book/part/there", "book/other/code"}),
    macros={"CD": ("\\mathrm{CD}", 0), "norm": ("\\lVert #1 \\rVert", 1)},
)


@pytest.fixture
def papers(tmp_path: Path) -> Bibliography:
    path = tmp_path / "papers.bib"
    path.write_text(
        "@article{one, author={Ann {van Dyck}}, title={On {Points}?}, journal={J}, year={2001}, doi={10.1/x}}\n"
        '@book{two, author={M{\\"u}ller, Jo and Bo Li}, title={Clouds}, publisher={P}, year={2002}}\n'
        "@misc{three, author={Cy Li and Di Re and Ed Fa}, title={T}, year={2003}, url={https://a.example}}\n"
        "@misc{four, author={Cy Li and Flo Gu and Hu Yo}, title={U}, year={2003}, eprint={2301.00001}}\n"
        "@misc{five, author={Cy Li and others}, title={V}, year={2004}}\n"
    )
    return Bibliography(path)


def cell(text: str, papers: Bibliography, **options) -> str:
    return Prose(Words(HERE, OUTLINE, papers, **options)).cell(text)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("{cite:t}`two` say", "Müller and Li (2002) say"),
        ("so {cite:p}`two`", "so (Müller and Li, 2002)"),
        ("so {cite}`two,\n one`", "so (Müller and Li, 2002; [van Dyck, 2001](https://doi.org/10.1/x))"),
        ("{cite:t}`three`", "[Li et al. (2003a)](https://a.example)"),
        ("{cite:t}`four`", "[Li et al. (2003b)](https://arxiv.org/abs/2301.00001)"),
        ("{cite:t}`five`", "Li et al. (2004)"),
    ],
)
def test_citations(text, plain, papers):
    assert cell(text, papers) == plain


def test_a_list_of_authors_that_goes_on(papers):
    assert papers.reference("five") == "Li, C., et al. (2004). *V*."


def test_references(papers):
    assert papers.reference("one") == "van Dyck, A. (2001). *On Points?* J. <https://doi.org/10.1/x>"
    assert papers.reference("two") == "Müller, J., Li, B. (2002). *Clouds*. P."
    with pytest.raises(KeyError, match="nobody"):
        papers.textual(["nobody"])


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("[](there.md)", "[There](there.ipynb)"),
        ("**[](../other/code.md)**", "**[Code](../other/code.ipynb)**"),
        ("[the `notes`](../notes.md)", "[the `notes`](../../../book/notes.html)"),
        ("[](a-section)", "[A section of it](../other/code.ipynb#A-section-of-it)"),
        ("[says why](a-section)", "[says why](../other/code.ipynb#A-section-of-it)"),
        ("[](marked)", "[`f` of *x* (new)](there.ipynb#f-of-x-%28new%29)"),
        ("[x](#a-section)", "[x](../other/code.ipynb#A-section-of-it)"),
        ("{ref}`a-section`", "[A section of it](../other/code.ipynb#A-section-of-it)"),
        ("{ref}`it <a-section>`", "[it](../other/code.ipynb#A-section-of-it)"),
        ("{numref}`a-figure`", "[Figure 4.1](there.ipynb)"),
        ("{numref}`Fig. %s <a-figure>`", "[Fig. 4.1](there.ipynb)"),
        ("{prf:ref}`an-exercise`", "[Exercise 2.3](here.ipynb)"),
        ("{doc}`there`", "[There](there.ipynb)"),
        ("law {eq}`a-law`", "law (1.7)"),
        ("{term}`floor`, {term}`a floor <floor>`", "floor, a floor"),
        ("{py:func}`~pcl_lib.distances.chamfer`", "`chamfer`"),
        ("{func}`pcl_lib.distances.chamfer`", "`pcl_lib.distances.chamfer`"),
        ("{download}`the file <a/b.csv>`", "the file"),
        ("x{sup}`2`", "x<sup>2</sup>"),
        ("[words]{.small}", "[words]"),
        ("[page](https://a.example/b.md)", "[page](https://a.example/b.md)"),
    ],
)
def test_links_and_roles(text, plain, papers):
    assert cell(text, papers) == plain


def test_code_and_formulas_are_left(papers):
    text = "`{cite}` and `x[](a-section)`, $f[x](a-section)$\n\n```python\n# {ref}`a`\n\n\n% x\n```"
    assert cell(text, papers) == text


@pytest.mark.parametrize(
    ("formula", "plain"),
    [
        ("$\\CD(x)$", "${\\mathrm{CD}}(x)$"),
        ("$\\CDx$", "$\\CDx$"),
        ("$$\n\\norm{a_{b}}^2\n$$", "$$\n{\\lVert a_{b} \\rVert}^2\n$$"),
        ("$\\norm x + \\norm{\\CD}$", "${\\lVert x \\rVert} + {\\lVert {\\mathrm{CD}} \\rVert}$"),
        ("$$\nx\n$$ (a-law)", "$$\nx \\tag{1.7}\n$$"),
    ],
)
def test_formulas(formula, plain, papers):
    assert cell(formula, papers) == plain


def test_a_macro_without_its_argument_is_an_error():
    with pytest.raises(ValueError, match="arguments"):
        expand("\\norm", OUTLINE.macros)
    with pytest.raises(ValueError, match="closed"):
        expand("\\norm{x", OUTLINE.macros)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        (
            ":::{note}\nOne {cite:t}`two`.\n\nTwo.\n:::",
            "> **Note**\n>\n> One Müller and Li (2002).\n>\n> Two.",
        ),
        (":::{admonition} Paper *and* code\n:class: tip\nx\n:::", "> **Paper *and* code**\n>\n> x"),
        ("```{warning}\nx\n```", "> **Warning**\n>\n> x"),
        ("::::{note}\n:::{tip}\nx\n:::\n::::", "> **Note**\n>\n> > **Tip**\n> >\n> > x"),
        ("```{prf:theorem} Sums\nx\n```", "> **Theorem (Sums)**\n>\n> x"),
        (":::{unheard-of} Title\nx\n:::", "**Title**\n\nx"),
        ("```{exercise}\n:label: an-exercise\n\nDo.\n```", "> **Exercise 2.3**\n>\n> Do."),
        ("(target)=\n## Heading", "## Heading"),
        ("a\n% note to self\nb", "a\nb"),
        (":::{glossary}\nword\n: what it is\n:::", "**word**  \nwhat it is"),
        (":::{bibliography}\n:::", ""),
        ("```{math}\n:label: a-law\n\\CD\n```", "$$\n{\\mathrm{CD}}\n$$"),
        ("```{code-block} bash\nmake % x\n```", "```bash\nmake % x\n```"),
        (":::{table} Two\n| a |\n|---|\n:::", "**Two**\n\n| a |\n|---|"),
        (
            "```{list-table} T\n* - a\n  - b\n* - c\n  - d\n```",
            "**T**\n\n| a | b |\n| --- | --- |\n| c | d |",
        ),
        ("- item\n\n  :::{tip}\n  x\n  :::", "- item\n\n  > **Tip**\n  >\n  > x"),
        (
            "```{figure} ../_static/a.png\n:alt: A dot\n\nThe dot.\n```",
            "![A dot](../../../_images/a.png)\n\nThe dot.",
        ),
    ],
)
def test_boxes(text, plain, papers):
    assert cell(text, papers) == plain


def test_values_and_where_they_come_from(papers):
    text = "{glue:text}`a:.1f` ({glue:text}`b`)"
    assert cell(text, papers, values={"a": "0.25", "b": "'so'"}) == "0.2 (so)"
    assert cell(text, papers, later={"b"}) == "(computed above) (computed below)"


def test_a_solution_is_folded_over_several_cells(papers):
    prose = Prose(Words(HERE, OUTLINE, papers))
    opened = "````{solution-start} an-exercise\n:class: dropdown\n````"
    assert (
        prose.cell(f"Before.\n\n{opened}")
        == "Before.\n\n*Solution of exercise 2.3: the next cell, which is folded.*"
    )
    assert prose.solving
    after = prose.cell("Thus.\n\n````{solution-end}\n````\n\n## Next")
    assert after == (
        "<details><summary>Solution of exercise 2.3 (continued)</summary>\n\nThus.\n\n</details>\n\n## Next"
    )
    assert not prose.solving
    assert prose.cell(f"{opened}\n\nSo.").startswith(
        "<details><summary>Solution of exercise 2.3</summary>\n\nSo."
    )


def code(*sources: str, tags: tuple[str, ...] = ("remove-cell",)) -> list[nbformat.NotebookNode]:
    head = nbformat.v4.new_code_cell("import math\n\nfrom myst_nb import glue")
    return [head, *(nbformat.v4.new_code_cell(s, metadata={"tags": list(tags)}) for s in sources)]


@pytest.mark.parametrize(
    ("sources", "left"),
    [
        (['glue("a", 1)', "x = 1"], ["x = 1"]),
        (["assert 1\nglue('a', 1)"], []),
        (["for k in [1]:\n    glue(k, k)\n    glue(k + 1, k)", "k = 2\nk"], ["k = 2\nk"]),
        (["x = train()\n# for the page\nglue('a', x)"], ["x = train()"]),
        (["x = 3\nglue('a', x)", "x + 1"], ["x = 3", "x + 1"]),
        (["x = max(1, 2)\nglue('a', x)"], []),
        (["a.x = 3\nglue('a', 1)"], ["a.x = 3"]),
        (["for i in y:\n    z = f(i)\n    glue('a', z)"], ["for i in y:\n    z = f(i)"]),
        (
            ["def keep(**n):\n    for k, v in n.items():\n        glue(k, v)\n\n\nq = 1", "keep(a=1)", "q"],
            ["q = 1", "q"],
        ),
        (["print(1)"], ["print(1)"]),
        (["assert 1"], ["assert 1"]),
        (["%time f()"], ["%time f()"]),
    ],
)
def test_plumbing_goes_and_names_stay(sources, left):
    head, *others = without_glue(code(*sources))
    assert head.source == "import math"
    assert [c.source for c in others] == left


def test_the_cell_of_a_visible_value_stays():
    cells = without_glue(code("x = max(1, 2)\nx", tags=()))
    assert cells[-1].source == "x = max(1, 2)\nx"


def test_folds():
    for tag, closed in [
        ("hide-input", {"source_hidden": True}),
        ("remove-cell", {"source_hidden": True}),
        ("hide-output", {"outputs_hidden": True}),
        ("hide-cell", {"source_hidden": True, "outputs_hidden": True}),
    ]:
        (_, cell) = code("x", tags=(tag,))
        fold(cell)
        assert cell.metadata.jupyter == closed
    (_, cell) = code("x", tags=())
    fold(cell)
    assert "jupyter" not in cell.metadata
    fold(cell, solution=True)
    assert cell.metadata.jupyter == {"source_hidden": True, "outputs_hidden": True}


def test_lines_for_the_shell_are_no_python():
    assert code_of("if x:\n    !ls\n%time y") == "if x:\n    pass\npass\n"
    assert code_of("%%bash\nls |") == "pass\n"


def test_outline(tmp_path):
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: a\nchapters:\n- file: b\n")
    (tmp_path / "_config.yml").write_text(
        "sphinx: {config: {mathjax3_config: {tex: {macros: {R: r, n: [a, 1]}}}}}\n"
    )
    (tmp_path / "a.md").write_text(
        "---\nx: y\n---\n\n# The *first*\n\n(here)=\n## A part\n\n$$\nx\n$$ (law)\n"
    )
    (tmp_path / "b.md").write_text(
        "# Second\n\n```{exercise}\n:label: p\n```\n\n```{exercise}\n:class: x\n:label: q\n```\n\n```{code-cell}\n```\n"
    )
    outline = read_outline(tmp_path, numbers={"p": "2.1"})
    assert outline.titles == {"a": "The *first*", "b": "Second"}
    assert outline.notebooks == {"b"}
    assert {label: (place.docname, place.name) for label, place in outline.labels.items()} == {
        "here": ("a", "A part"),
        "law": ("a", "Equation 1"),
        "p": ("b", "Exercise 2.1"),
        "q": ("b", "Exercise 2"),
    }
    assert outline.macros == {"R": ("r", 0), "n": ("a", 1)}
