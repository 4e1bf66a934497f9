"""Sphinx extension: a code word in prose that names one public thing of the library leads to its entry.

What a word means follows from the imports of its page. A name that the page gives to something of its own leads
nowhere, nor does one that two things of the library have.
"""

from __future__ import annotations

import inspect
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.nodes import make_refnode
from sphinx.util.typing import ExtensionMetadata

from book._tools import names, pages
from book._tools.api import api_entry, api_summary
from book._tools.entries import Entries, thing
from book._tools.terms import inside

UNLINKED = (nodes.title, nodes.rubric, nodes.reference, nodes.caption, addnodes.pending_xref, api_summary)


class LinkCodeWords(SphinxPostTransform):
    default_priority = 800

    def run(self, **_: object) -> None:
        objects = self.env.get_domain("py").objects
        listed = {name: entry for name, entry in objects.items() if name.split(".")[0] == names.LIBRARY}
        if not listed:
            return
        entries = Entries(frozenset(listed))
        page = names.read(pages.code(Path(self.env.doc2path(self.env.docname))))
        for word in list(self.document.findall(nodes.literal)):
            full = None if inside(word, UNLINKED) else entries.meant(word.astext(), page)
            if full is None or own_entry(word) == full or is_own_argument(word):
                continue
            there, around = listed[full], word.parent
            at = around.index(word)
            around.remove(word)
            link = make_refnode(self.app.builder, self.env.docname, there.docname, there.node_id, word)
            link["classes"].append("pcl-code")
            around.insert(at, link)


def own_entry(word: nodes.Node) -> str | None:
    """The entry in which a word stands."""
    while word is not None and not isinstance(word, api_entry):
        word = word.parent
    return word["ids"][0] if word is not None else None


def is_own_argument(word: nodes.literal) -> bool:
    """Whether a word is an argument or a field of the entry in which it stands."""
    entry = own_entry(word)
    try:
        return entry is not None and word.astext() in inspect.signature(thing(entry)).parameters
    except (TypeError, ValueError):  # what is not called has none
        return False


def setup(app: Sphinx) -> ExtensionMetadata:
    app.setup_extension("book._tools.api")
    app.add_post_transform(LinkCodeWords)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
