"""Sphinx extension: the figures and tables that cells show are numbered with those of the text, "Figure 4.3".

A cell's output with a caption becomes a node that Sphinx counts as it counts `{figure}` and `{table}`, so that there is
one counter of each kind per chapter. A target before the cell, `(fig-name)=`, names the first of its outputs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms import SphinxTransform
from sphinx.util.typing import ExtensionMetadata

FORMATS = {"figure": "Figure %s", "table": "Table %s"}
APPENDIX = "A"
"""Stands for the chapter's number on pages that have none; they share one counter."""
WIDGET = "application/vnd.jupyter.widget-view+json"
TAGS = re.compile(r"<(/?)(figure|figcaption)\b[^>]*>")
KINDS = re.compile(r'^<figure class="[^"]*\bpcl-(figure|table)\b')


class output_figure(nodes.General, nodes.Element):
    """Holds what one figure of a cell consists of: its HTML, and before that the widget of a slider."""


class output_table(nodes.General, nodes.Element):
    """The same for a table."""


NODES = {"figure": output_figure, "table": output_table}


def captions(html: str) -> Iterator[tuple[str, int]]:
    """The kind of each captioned figure, and where the words of its caption begin; no figures inside figures.

    >>> list(captions('<figure class="pcl-table"><figcaption>Two.</figcaption></figure>'))
    [('table', 38)]
    """
    depth, kind = 0, None
    for tag in TAGS.finditer(html):
        if tag[2] == "figure":
            if depth == 0 and not tag[1]:
                found = KINDS.match(tag[0])
                kind = found[1] if found else None
            depth += -1 if tag[1] else 1
        elif depth == 1 and kind and not tag[1]:
            yield kind, tag.end()


def shown_as(output: nodes.Node, mime_type: str) -> nodes.Element | None:
    """The form of a cell's output that has this type."""
    if not (isinstance(output, nodes.container) and output.get("nb_element") == "mime_bundle"):
        return None
    return next((form for form in output.children if form["mime_type"] == mime_type), None)


def kind_of(output: nodes.Node) -> str | None:
    html = shown_as(output, "text/html")
    return next((kind for kind, _ in captions(html.astext())), None) if html is not None else None


class NumberOutputs(SphinxTransform):
    """Wraps captioned outputs, before Sphinx collects what labels stand for."""

    default_priority = 700

    def apply(self, **_: object) -> None:
        for output in list(self.document.findall(nodes.container)):
            if kind := kind_of(output):
                self.wrap(output, NODES[kind]())

    def wrap(self, output: nodes.Element, whole: nodes.Element) -> None:
        around = output.parent
        at = around.index(output)
        first = at - 1 if at and shown_as(around[at - 1], WIDGET) is not None else at
        whole.source, whole.line = output.source, output.line
        whole += around[first : at + 1]
        around[first : at + 1] = [whole]
        self.name(whole)

    def name(self, whole: nodes.Element) -> None:
        """Give it the labels of its cell, or else an id of its own."""
        cell = whole.parent
        while cell is not None and cell.get("nb_element") != "cell_code":
            cell = cell.parent
        labels = list(cell["names"]) if cell is not None else []
        for label in labels:
            label_id = self.document.nameids[label]
            whole["ids"].append(label_id)
            whole["names"].append(label)
            cell["ids"].remove(label_id)
            cell["names"].remove(label)
            self.document.ids[label_id] = whole
        if not labels:
            self.document.note_implicit_target(whole)


def letter_for_the_appendix(_: Sphinx, env: BuildEnvironment) -> list[str]:
    for page in env.toc_fignumbers.values():
        for kind in FORMATS:
            for label, number in page.get(kind, {}).items():
                if len(number) == 1:
                    page[kind][label] = (APPENDIX, *number)
    return []


def called(env: BuildEnvironment, docname: str, label: str) -> str | None:
    """ "Figure 4.3", for a label of that page."""
    for kind, words in FORMATS.items():
        if number := env.toc_fignumbers.get(docname, {}).get(kind, {}).get(label):
            return words % ".".join(map(str, number))
    return None


def number_captions(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Write the number in front of the caption, as Sphinx does it in its own figures."""
    for kind, node_type in NODES.items():
        for whole in doctree.findall(node_type):
            number = called(app.env, docname, whole["ids"][0])
            for raw in list(whole.findall(nodes.raw)):
                html = raw.astext()
                where = next((end for found, end in captions(html) if found == kind), None)
                if number and where is not None:
                    text = f'{html[:where]}<span class="caption-number">{number} </span>{html[where:]}'
                    raw.replace_self(nodes.raw("", text, format=raw["format"], classes=raw["classes"]))
                    break


def open_whole(writer, node: nodes.Element) -> None:
    writer.body.append(writer.starttag(node, "div", CLASS="pcl-numbered"))


def close_whole(writer, _: nodes.Element) -> None:
    writer.body.append("</div>\n")


def setup(app: Sphinx) -> ExtensionMetadata:
    app.setup_extension("sphinx.builders.html")
    for kind, node_type in NODES.items():
        app.add_enumerable_node(node_type, kind, lambda _, kind=kind: kind, html=(open_whole, close_whole))
    app.add_transform(NumberOutputs)
    app.connect("env-get-updated", letter_for_the_appendix, priority=900)
    app.connect("doctree-resolved", number_captions)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
