"""Sphinx extension: the box at the head of a chapter, its downloads, and the repository's buttons.

`{chapter-box}` takes Markdown and adds a line of facts: minutes of reading, measured seconds of the last run, and
links to the chapter as a notebook. Links to a repository appear only if the build is told about one through

- `PCL_REPOSITORY_URL`: the web address of the repository (the theme's button, the first cell of clean notebooks);
- `PCL_NOTEBOOK_BASE`: `owner/name/branch` that holds the clean notebooks and `environment.yml` (Colab and Binder).
"""

from __future__ import annotations

import os
from html import escape
from pathlib import Path

from docutils import nodes
from myst_nb.sphinx_ import NbMetadataCollector
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from book._tools import export, worksheets
from book._tools.citations import Bibliography
from book._tools.execute import EXECUTED
from book._tools.outline import read_outline
from book._tools.reading import reading_minutes


class chapter_facts(nodes.General, nodes.Element):
    """Stands for the line of facts until the whole page is known."""


class ChapterBox(SphinxDirective):
    """What a reader can do after the chapter, needs before it, and its sources; Markdown inside."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        self.assert_has_content()
        box = nodes.container(classes=["chapter-box"])
        self.set_source_info(box)
        self.state.nested_parse(self.content, self.content_offset, box)
        box += chapter_facts()
        return [box]


def duration(seconds: float) -> str:
    if seconds < 1:
        return "less than a second"
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def launch_links(docname: str) -> list[tuple[str, str]]:
    base = os.environ.get("PCL_NOTEBOOK_BASE", "").strip("/")
    if not base:
        return []
    owner, name, branch = base.split("/", 2)
    path = export.notebook_path(docname, "clean")
    return [
        ("Open in Colab", f"https://colab.research.google.com/github/{owner}/{name}/blob/{branch}/{path}"),
        ("Open on Binder", f"https://mybinder.org/v2/gh/{owner}/{name}/{branch}?urlpath=lab/tree/{path}"),
    ]


def fill_facts(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    for node in list(doctree.findall(chapter_facts)):
        facts = [f"About {reading_minutes(doctree)} min of reading"]
        run = NbMetadataCollector.get_exec_data(app.env, docname)
        if run and run["runtime"] is not None:
            facts.append(f"code ran in {duration(run['runtime'])}")
        if run:
            up = "../" * docname.count("/")
            links = [
                ("notebook", up + export.notebook_path(docname, "clean")),
                ("notebook with outputs", up + export.notebook_path(docname, "executed")),
                ("MyST source", f"{up}_sources/{docname}.md"),
            ]
            facts.append(
                "download: " + ", ".join(f'<a href="{escape(u)}" download>{t}</a>' for t, u in links)
            )
            facts += [f'<a href="{escape(u)}">{t}</a>' for t, u in launch_links(docname)]
        html = '<p class="chapter-facts">' + " · ".join(facts) + "</p>"
        node.replace_self(nodes.raw("", html, format="html"))


def use_repository(app: Sphinx, config: Config) -> None:
    url = os.environ.get("PCL_REPOSITORY_URL", "")
    config.html_theme_options["repository_url"] = url
    if url:
        config.html_theme_options["use_repository_button"] = True


def export_notebooks(app: Sphinx, exception: Exception | None) -> None:
    if exception is not None or app.builder.format != "html":
        return
    url = os.environ.get("PCL_REPOSITORY_URL")
    install = f'"pcl-lib @ git+{url}"' if url else None
    book = read_outline(Path(app.srcdir), numbers=_numbers(app), site=app.config.html_baseurl)
    papers = Bibliography(Path(app.srcdir) / app.config.bibtex_bibfiles[0])
    sheets = {}
    for docname in sorted(app.env.found_docs):
        if not NbMetadataCollector.get_exec_data(app.env, docname):
            continue
        outdir = Path(app.outdir)
        source = Path(app.env.doc2path(docname))
        notebook = export.clean(source, docname, book, papers, install=install)
        sheets[docname] = worksheets.worksheet(source, docname, book, papers, install=install)
        export.write(notebook, outdir / export.notebook_path(docname, "clean"))
        done = outdir.parent / EXECUTED / f"{docname}.ipynb"
        run = export.executed(done, docname, book, papers, install=install)
        export.write(run, outdir / export.notebook_path(docname, "executed"))
    worksheets.write(sheets, Path(app.outdir) / worksheets.ARCHIVE)


def _numbers(app: Sphinx) -> dict[str, str]:
    """What the built pages call their figures, tables, exercises and displays: "2.1", by label."""
    kinds = [kind for page in app.env.toc_fignumbers.values() for kind in page.values()]
    return {
        label.removeprefix("equation-"): ".".join(map(str, number))
        for kind in kinds
        for label, number in kind.items()
    }


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_node(chapter_facts)
    app.add_directive("chapter-box", ChapterBox)
    app.connect("config-inited", use_repository)
    app.connect("doctree-resolved", fill_facts)
    app.connect("build-finished", export_notebooks)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
