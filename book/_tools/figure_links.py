"""Sphinx extension: ``{fig}`label` `` and ``{tab}`label` `` are links that read "Figure 4.3" and "Table 4.1"."""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import ReferenceRole
from sphinx.util.nodes import make_refnode
from sphinx.util.typing import ExtensionMetadata

from book._tools.figures import FORMATS

ROLES = {"fig": "figure", "tab": "table"}
LOGGER = logging.getLogger(__name__)


class numbered_link(nodes.Inline, nodes.TextElement):
    """Stands for a link until all numbers are known."""


class NumberedRole(ReferenceRole):
    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        link = numbered_link(
            self.rawtext,
            self.title if self.has_explicit_title else "",
            role=self.name,
            label=self.target.lower(),
        )
        self.set_source_info(link)
        return [link], []


class ResolveLinks(SphinxPostTransform):
    default_priority = 5

    def run(self, **_: object) -> None:
        for link in list(self.document.findall(numbered_link)):
            link.replace_self(self.resolved(link))

    def resolved(self, link: nodes.Element) -> nodes.Node:
        role, label = link["role"], link["label"]
        kind = ROLES[role]
        docname, anchor = self.env.domains["std"].anonlabels.get(label, ("", ""))
        numbers = self.env.toc_fignumbers.get(docname, {})
        if anchor not in numbers.get(kind, {}):
            LOGGER.warning(
                "{%s} must name a %s with a caption, received %r, which %s",
                role,
                kind,
                label,
                self.reason(role, docname, anchor, numbers),
                location=link,
                type="ref",
                subtype=role,
            )
            return nodes.literal(label, label)
        number = ".".join(map(str, numbers[kind][anchor]))
        text = link.astext() or FORMATS[kind] % number
        words = nodes.inline(text, text)
        return make_refnode(
            self.app.builder, self.env.docname, docname, anchor, words, title=FORMATS[kind] % number
        )

    def reason(self, role: str, docname: str, anchor: str, numbers: dict) -> str:
        if not docname:
            return f"is no label; write `({role}-name)=` above the cell"
        for other, kind in ROLES.items():
            if anchor in numbers.get(kind, {}):
                return f"is a {kind}; use {{{other}}}"
        return f"stands on {docname} before something else"


def setup(app: Sphinx) -> ExtensionMetadata:
    app.setup_extension("book._tools.figures")
    app.add_node(numbered_link)
    for role in ROLES:
        app.add_role(role, NumberedRole())
    app.add_post_transform(ResolveLinks)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
