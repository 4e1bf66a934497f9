"""The code of a page as a reader needs it: no glue, no cells of nothing but glue, folded what the page folds."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from nbformat import NotebookNode

FOLDED = {"hide-input", "hide-cell", "remove-input", "remove-cell"}
OUTPUT_FOLDED = {"hide-output", "hide-cell", "remove-output"}
VISIBLE_SETUP = 10
"""Lines of imports that a notebook may begin with, unfolded."""
FUNCTIONS = {
    "abs",
    "all",
    "any",
    "float",
    "int",
    "len",
    "max",
    "min",
    "next",
    "range",
    "round",
    "sorted",
    "str",
    "sum",
    "zip",
}
METHODS = {
    "argmax",
    "argmin",
    "item",
    "items",
    "keys",
    "mean",
    "median",
    "norm",
    "quantile",
    "sqrt",
    "std",
    "tolist",
    "values",
}
HARMLESS = FUNCTIONS | METHODS
"""Calls that change nothing and draw no random number, so that a cell of them can go."""


def without_glue(cells: Sequence[NotebookNode]) -> list[NotebookNode]:
    """The cells less what only carries values into sentences; names that a later cell uses stay defined."""
    trees = [_tree(cell) for cell in cells]
    names = {"glue"} if any(_is_glue_import(node) for tree in trees if tree for node in tree.body) else set()
    for tree in trees:
        names |= {
            f.name
            for f in (tree.body if tree else [])
            if isinstance(f, ast.FunctionDef) and _only_glues(f, names)
        }
    kept = []
    needed: set[str] = set()
    for cell, tree in reversed(list(zip(cells, trees, strict=True))):
        if tree is None:
            kept.append(cell)
            needed |= _words(cell.source) if cell.cell_type == "code" else set()
            continue
        removed: list[ast.stmt] = []
        now = set(needed)
        for node in reversed(tree.body):
            if _is_plumbing(node, names) and not _bound(node) & now:
                removed.append(node)
                continue
            removed += _plumbing_inside(node, names)
            now = (now - _bound(node)) | _used(node, removed)
        left = [node for node in tree.body if node not in removed]
        if (
            removed
            and all(_only_prepares(node, needed) for node in left)
            and "remove-cell" in cell.metadata.get("tags", [])
        ):
            continue
        if left or not tree.body:
            cell.source = _less(cell.source, removed)
            kept.append(cell)
            needed = now
    return kept[::-1]


def fold(cell: NotebookNode, *, solution: bool = False) -> None:
    """Close the cell as the page does; a solution's cell with what it prints."""
    tags = set(cell.metadata.get("tags", []))
    closed = dict(cell.metadata.get("jupyter", {}))
    if solution or tags & FOLDED:
        closed["source_hidden"] = True
    if solution or tags & OUTPUT_FOLDED:
        closed["outputs_hidden"] = True
        cell.metadata["collapsed"] = True
    if closed:
        cell.metadata["jupyter"] = closed


def is_short_setup(cell: NotebookNode) -> bool:
    """Imports that fit on a few lines are shown, so that a reader sees where names come from."""
    tree = _tree(cell)
    return (
        tree is not None
        and len(cell.source.splitlines()) <= VISIBLE_SETUP
        and any(map(_is_import, tree.body))
    )


def code_of(source: str) -> str:
    """A cell as plain Python: lines for IPython and for the shell become `pass`."""
    lines = []
    for line in source.splitlines():
        bare = line.lstrip()
        if bare.startswith("%%"):
            return "pass\n"
        lines.append(line[: len(line) - len(bare)] + "pass" if bare.startswith(("%", "!")) else line)
    return "\n".join(lines) + "\n"


def _tree(cell: NotebookNode) -> ast.Module | None:
    if cell.cell_type != "code":
        return None
    try:
        return ast.parse(cell.source)
    except SyntaxError:  # IPython's own syntax
        return None


def _is_import(node: ast.stmt) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom)


def _is_glue_import(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith("myst_nb")
        and [alias.asname or alias.name for alias in node.names] == ["glue"]
    )


def _is_plumbing(node: ast.stmt, names: set[str]) -> bool:
    """Does this statement only glue: a call, a loop or a branch of such calls, a function of them, the import?"""
    if isinstance(node, ast.Expr):
        call = node.value
        return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in names
    if isinstance(node, ast.For | ast.While | ast.If | ast.With):
        body = [*node.body, *getattr(node, "orelse", [])]
        calls = [n for n in body if not isinstance(n, ast.Assert | ast.Pass)]
        return bool(calls) and all(_is_plumbing(n, names) for n in calls)
    return _only_glues(node, names) or _is_glue_import(node)


def _only_glues(node: ast.stmt, names: set[str]) -> bool:
    if not isinstance(node, ast.FunctionDef):
        return False
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return bool(body) and all(_is_plumbing(n, names) for n in body)


def _plumbing_inside(node: ast.stmt, names: set[str]) -> list[ast.stmt]:
    """What only glues in the body of a loop, a branch or a function that does more than that."""
    found: list[ast.stmt] = []
    for part in ("body", "orelse", "finalbody"):
        statements = [n for n in getattr(node, part, []) if isinstance(n, ast.stmt)]
        plumbing = [n for n in statements if _is_plumbing(n, names)]
        if len(plumbing) < len(statements):
            found += plumbing
        for inner in statements:
            found += [] if inner in plumbing else _plumbing_inside(inner, names)
    return found


def _only_prepares(node: ast.stmt, needed: set[str]) -> bool:
    """A check, or a sum of what is known already into a name that nobody needs later: it served the glue alone."""
    if isinstance(node, ast.Assert):
        return True
    plain = isinstance(node, ast.Assign) and not any(
        isinstance(n, ast.Attribute | ast.Subscript) for target in node.targets for n in ast.walk(target)
    )
    calls = [n.func for n in ast.walk(node) if isinstance(n, ast.Call)]
    names = {
        f.id if isinstance(f, ast.Name) else f.attr if isinstance(f, ast.Attribute) else "" for f in calls
    }
    return plain and names <= HARMLESS and not _bound(node) & needed


def _less(source: str, removed: list[ast.stmt]) -> str:
    """The source without the lines of the statements, and without comments that stood right above one of them."""
    lines = source.splitlines()
    gone: set[int] = set()
    for node in removed:
        assert node.end_lineno is not None
        first = node.lineno
        while first > 1 and lines[first - 2].startswith("#"):
            first -= 1
        gone |= set(range(first, node.end_lineno + 1))
    left = [line for number, line in enumerate(lines, 1) if number not in gone]
    return _tidy(left)


def _tidy(lines: list[str]) -> str:
    """No more than two empty lines in a row, none at the ends."""
    text: list[str] = []
    for line in lines:
        if line.strip() or text[-2:] != ["", ""]:
            text.append(line if line.strip() else "")
    return "\n".join(text).strip("\n")


def _bound(node: ast.stmt) -> set[str]:
    """Names that a statement gives to those after it."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    inner = {id(n) for c in ast.walk(node) if isinstance(c, ast.comprehension) for n in ast.walk(c.target)}
    stores = (n for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
    return {n.id for n in stores if id(n) not in inner}


def _used(node: ast.stmt, removed: list[ast.stmt]) -> set[str]:
    """Names that a statement takes from those before it, or may take: a name that it binds itself may be one."""
    gone = {id(n) for statement in removed for n in ast.walk(statement)}
    loads = [
        n
        for n in ast.walk(node)
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load) and id(n) not in gone
    ]
    used = {n.id for n in loads} - {
        name.id
        for loop in ast.walk(node)
        if isinstance(loop, ast.For | ast.comprehension)
        for name in ast.walk(loop.target)
        if isinstance(name, ast.Name)
    }
    if isinstance(node, ast.FunctionDef):
        used -= {n.arg for n in ast.walk(node.args) if isinstance(n, ast.arg)}
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        used.add(node.target.id)
    return used


def _words(source: str) -> set[str]:
    return set("".join(c if c.isidentifier() or c.isdigit() else " " for c in source).split())
