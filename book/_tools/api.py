"""Sphinx extension: `{api} module` lists the public names of a module of the library, each with its docstring.

`{api} module name name` lists those named. An entry also says in which pages it is used. The names are noted as Sphinx
notes Python's own, so that code words in prose find them (`code_words.py`).
"""

from __future__ import annotations

import functools
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from book._tools import names, pages
from book._tools.docstrings import escaped, markdown
from book._tools.entries import Entries
from book._tools.short_numbers import shortened

WIDEST = 88
LONGEST_SUMMARY = 160
"""What a line holds is seen before it is opened."""


class api_entry(nodes.General, nodes.Element):
    """Folded, under an id that is the full name."""


class api_summary(nodes.General, nodes.TextElement):
    """What is seen of it while it is folded."""


def public(module_name: str) -> list[str]:
    """The public names of a module, modules not among them."""
    module = importlib.import_module(module_name)
    own = [n for n, t in vars(module).items() if n[0] != "_" and getattr(t, "__module__", "") == module_name]
    return [n for n in sorted(getattr(module, "__all__", own)) if not inspect.ismodule(getattr(module, n))]


def kind(thing: Any) -> str:
    if inspect.isclass(thing):
        return "exception" if issubclass(thing, Exception) else "class"
    return "function" if inspect.isfunction(thing) else "data"


def call(name: str, thing: Any) -> str:
    """How it is called, a line for each argument where one line is too long; nothing for what is not called.

    A value of several lines, such as a table of settings, is left out.
    """
    if kind(thing) not in ("class", "function") or getattr(thing, "_is_protocol", False):
        return ""
    line = f"{name}{plain(str(inspect.signature(thing)))}"
    if len(line) <= WIDEST:
        return line
    inner, _, end = line.removeprefix(f"{name}(").rpartition(")")
    return "\n".join([f"{name}(", *(f"    {without_long_value(part)}," for part in split(inner)), f"){end}"])


def without_long_value(argument: str) -> str:
    """An argument whose value, a table of settings, say, would take several lines, is shown without it.

    >>> without_long_value("n: int = 3"), without_long_value(f"table: Table = Table({'row, ' * 20})")
    ('n: int = 3', 'table: Table = ...')
    """
    return argument if len(argument) <= WIDEST else re.sub(r" = .*", " = ...", argument, flags=re.DOTALL)


def plain(signature: str) -> str:
    """Types without quotes, and classes and functions by their names, as the source has them.

    >>> plain("(x: 'int' = 1, act: 'type' = <class 'torch.nn.ReLU'>, form: str = 'a') -> 'None'")
    "(x: int = 1, act: type = ReLU, form: str = 'a') -> None"
    >>> plain("(f: 'Curve' = <function square at 0x7f4a8d713740>)")
    '(f: Curve = square)'
    >>> plain("(x: ForwardRef('Points | None'))")
    '(x: Points | None)'
    >>> plain("(folder: Path = PosixPath('/some/folder/book/records'), share: float = 0.3333333333333333)")
    "(folder: Path = Path('.../records'), share: float = 0.333333)"
    >>> plain("(x: \\"Float[Tensor, '*b n']\\", f: 'collections.abc.Sequence[int]') -> pcl_lib.viz._figure.Figure")
    "(x: Float[Tensor, '*b n'], f: Sequence[int]) -> Figure"
    """
    signature = re.sub(r"""ForwardRef\(("[^"]*"|'[^']*')\)""", r"\1", signature)
    signature = re.sub(r"<function (?:[\w<>]+\.)*(\w+) at 0x\w+>", r"\1", signature)
    signature = re.sub(r"<class '(?:\w+\.)*(\w+)'>", r"\1", signature)
    # A folder of the builder's disk is none of the reader's.
    signature = re.sub(r"\w+Path\('[^']*?([^/\\']+)'\)", r"Path('.../\1')", signature)
    signature = re.sub(
        r"\b(?:collections\.abc|typing|pcl_lib(?:\.\w+)+|matplotlib\.axes\._axes|ipywidgets\.widgets\.widget)\.(?=[A-Z])",
        "",
        signature,
    )
    return shortened(re.sub(r"""(: |-> )(?:'([^']*)'|"([^"]*)")""", r"\1\2\3", signature))


def split(arguments: str) -> Iterator[str]:
    """At the commas outside brackets."""
    depth, start = 0, 0
    for at, sign in enumerate(arguments):
        depth += (sign in "([{") - (sign in ")]}")
        if sign == "," and depth == 0:
            yield arguments[start:at].strip()
            start = at + 1
    yield arguments[start:].strip()


def described(thing: Any) -> tuple[str, str]:
    """A summary and the rest, as MyST: of the docstring, or for what has none, of what it holds."""
    if kind(thing) != "data":
        summary, _, rest = markdown(thing.__doc__ or "").partition("\n\n")
        return summary, rest
    thing = [f"{value:g}" for value in thing.tolist()] if isinstance(thing, torch.Tensor) else thing
    held = list(thing) if isinstance(thing, dict | tuple | list) else [thing]
    count = "what it holds" if len(held) == 1 else f"{len(held)} entries"
    words = ", ".join(escaped(str(one)) for one in held)
    short = len(words) <= LONGEST_SUMMARY
    return (f"{count}: {words}", "") if short else (f"{count}.", words)


@functools.cache
def used(source: Path) -> dict[str, frozenset[str]]:
    """For each page with code, the full names that its cells use."""
    cells = {page.name: [page.notebook.cells[i].source for i in page.cells] for page in pages.read(source)}
    return {page: frozenset(names.read(code).used) for page, code in cells.items() if code}


class Api(SphinxDirective):
    required_arguments = 1
    optional_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        module, *some = " ".join(self.arguments).split()
        there = public(module)
        if strange := [name for name in some if not hasattr(importlib.import_module(module), name)]:
            raise self.error(f"{module} has no {', '.join(strange)}; it has {', '.join(there)}")
        for page in used(Path(self.env.srcdir)):
            self.env.note_dependency(self.env.doc2path(page))
        python = self.env.get_domain("py")
        found: list[nodes.Node] = []
        if module not in python.objects:
            python.note_object(module, "module", module, self.state_machine.get_source_and_line())
            found.append(nodes.target("", "", ids=[module]))
        return found + [self.entry(module, name) for name in some or there]

    def entry(self, module: str, name: str) -> api_entry:
        thing, full = getattr(importlib.import_module(module), name), f"{module}.{name}"
        location = self.state_machine.get_source_and_line()
        self.env.get_domain("py").note_object(full, kind(thing), full, location)
        summary, rest = described(thing)
        head = self.parsed(summary)
        words = head[0].children if head and isinstance(head[0], nodes.paragraph) else head
        whole = api_entry("", ids=[full])
        whole += api_summary("", "", nodes.literal(name, name), nodes.Text(" "), *words)
        if line := call(name, thing):
            whole += nodes.literal_block(line, line, language="python")
        whole += self.parsed(rest)
        whole += self.parsed(self.pages(full))
        return whole

    def pages(self, full: str) -> str:
        entries = Entries(frozenset({full}))
        users = [page for page, dotted in used(Path(self.env.srcdir)).items() if any(map(entries.of, dotted))]
        return f"Used in: {', '.join(f'{{doc}}`/{page}`' for page in users)}." if users else ""

    def parsed(self, text: str) -> list[nodes.Node]:
        box = nodes.container()
        lines = StringList(text.splitlines(), source=self.get_source_info()[0])
        self.state.nested_parse(lines, self.content_offset, box)
        return box.children


def open_entry(writer: Any, node: nodes.Element) -> None:
    writer.body.append(writer.starttag(node, "details", CLASS="pcl-api"))


def open_summary(writer: Any, node: nodes.Element) -> None:
    writer.body.append(writer.starttag(node, "summary", ""))


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_node(api_entry, html=(open_entry, lambda writer, _: writer.body.append("</details>\n")))
    app.add_node(api_summary, html=(open_summary, lambda writer, _: writer.body.append("</summary>\n")))
    app.add_directive("api", Api)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
