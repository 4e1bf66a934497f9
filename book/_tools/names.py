"""Which things of the library a page's code names, by its imports: for links between pages and the API's entries."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

from book._tools.notebook_code import code_of

LIBRARY = "pcl_lib"


@dataclass
class Names:
    """What the cells of a page bind, and which dotted names of the library they use."""

    imported: dict[str, str] = field(default_factory=dict)
    """Name on the page: its dotted name, such as `digits`: `pcl_lib.data.digits`."""
    own: set[str] = field(default_factory=set)
    """Names of the page's own things: variables, functions, arguments."""
    used: set[str] = field(default_factory=set)

    def dotted(self, name: str) -> str:
        """A name as the page writes it, with its first part as it was imported."""
        head, _, rest = name.partition(".")
        start = self.imported.get(head, head)
        return f"{start}.{rest}" if rest else start


def read(cells: Iterable[str]) -> Names:
    """The names of a page's cells; a cell that only IPython understands is left out."""
    trees = []
    for source in cells:
        try:
            trees.append(ast.parse(code_of(source)))
        except SyntaxError:
            continue
    found = Names()
    nodes = [node for tree in trees for node in ast.walk(tree)]
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == LIBRARY:
            found.imported |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
        elif isinstance(node, ast.Import):
            found.imported |= {
                a.asname or LIBRARY: a.name if a.asname else LIBRARY
                for a in node.names
                if a.name.split(".")[0] == LIBRARY
            }
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.own.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.own.add(node.name)
        elif isinstance(node, ast.arg | ast.keyword) and node.arg:
            found.own.add(node.arg)
    for node in nodes:
        if isinstance(node, ast.Name | ast.Attribute) and (name := path_of(node)):
            dotted = found.dotted(name)
            if dotted.startswith(f"{LIBRARY}."):
                found.used.add(dotted)
    return found


def path_of(node: ast.expr) -> str:
    """`a.b.c` of an expression that is only names and dots; else nothing."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (before := path_of(node.value)):
        return f"{before}.{node.attr}"
    return ""
