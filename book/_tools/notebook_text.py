"""MyST text as the Markdown that any notebook viewer shows: boxes quoted, solutions folded, no directive left."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import yaml

from book._tools.notebook_words import Words

FENCE = re.compile(r"^(?P<indent> *)(?P<fence>:{3,}|`{3,}|~{3,})(?:\{(?P<name>[^}]+)\})?(?P<title>.*)$")
OPTION = re.compile(r"^:(?P<name>[\w-]+):(?: +(?P<value>.*))?$")
TARGET = re.compile(r"^ *\([^()\s]+\)= *$")
BOXES = {
    name: name.capitalize()
    for name in ("note", "warning", "tip", "important", "hint", "caution", "danger", "attention", "error")
} | {"seealso": "See also"}
BOXES |= dict.fromkeys(
    ("admonition", "topic", "chapter-box", "dropdown", "sidebar", "margin", "card", "epigraph"), ""
)
"""What is set off from the text, and the title of those that come without one."""
DROPPED = {"bibliography", "footbibliography", "contents", "tableofcontents", "toctree", "index", "only"}
ON_THE_SITE = {"execution-record", "include", "literalinclude", "mermaid"}


class Verbatim(str):
    """A block of code, left as it is."""


@dataclass
class Directive:
    """`{name} title`, its options, and the lines inside."""

    name: str
    title: str
    options: dict[str, str]
    body: list[str]
    indent: str = ""


@dataclass
class Prose:
    """The text of one notebook, cell by cell in order, since a solution may go on over several cells."""

    words: Words
    solving: str = ""
    """The exercise whose solution is open."""
    _shown: bool = field(default=False, repr=False)

    def cell(self, text: str) -> str:
        """One Markdown cell; empty if nothing in it was for readers."""
        parts: list[str] = []
        written: list[Block] = []
        for block in _blocks(text.splitlines()):
            if not (isinstance(block, Directive) and block.name in ("solution-start", "solution-end")):
                written.append(block)
                continue
            parts.append(self._folded(self._render(written)))
            written = []
            place = self.words.outline.labels.get(block.title.strip())
            self.solving = (place.name.lower() if place else "the exercise") * (
                block.name == "solution-start"
            )
            self._shown = False
        parts.append(self._folded(self._render(written)))
        if self.solving and not self._shown:
            parts.append(f"*Solution of {self.solving}: the next cell, which is folded.*")
            self._shown = True
        return "\n\n".join(filter(None, parts))

    def _folded(self, body: str) -> str:
        if not (self.solving and body):
            return body
        again = " (continued)" if self._shown else ""
        self._shown = True
        return _details(f"Solution of {self.solving}{again}", body)

    def _render(self, blocks: Iterable[Block]) -> str:
        parts = []
        for block in blocks:
            if isinstance(block, Directive):
                parts.append(textwrap.indent(self._directive(block), block.indent))
            else:
                parts.append(block if isinstance(block, Verbatim) else self.words.plain(block))
        return "\n\n".join(part.strip("\n") for part in parts if part.strip())

    def _inside(self, this: Directive) -> str:
        return self._render(_blocks(this.body))

    def _directive(self, this: Directive) -> str:
        name, title = this.name, self.words.plain(this.title.strip())
        if handler := HANDLERS.get(name):
            return handler(self, this, title)
        if name in DROPPED:
            return ""
        if name in ON_THE_SITE:
            return f"*{self.words.on_the_site()}*"
        if name in BOXES:
            return _quoted(title or BOXES[name], self._inside(this))
        if ":" in name:  # such as prf:theorem
            name = name.split(":", 1)[1].capitalize()
            return _quoted(f"{name} ({title})" if title else name, self._inside(this))
        return _under(title, self._inside(this))

    def exercise(self, this: Directive, title: str) -> str:
        place = self.words.outline.labels.get(this.options.get("label", ""))
        name = place.name if place else "Exercise"
        return _quoted(f"{name}: {title}" if title else name, self._inside(this))

    def solution(self, this: Directive, _: str) -> str:
        place = self.words.outline.labels.get(this.title.strip())
        name = place.name.lower() if place else "the exercise"
        return _details(f"Solution of {name}", self._inside(this))

    def figure(self, this: Directive, _: str) -> str:
        caption = self._inside(this)
        picture = f"![{this.options.get('alt', '')}]({self.words.picture(this.title.strip())})"
        return "\n\n".join(filter(None, [picture, caption]))

    def glued(self, this: Directive, _: str) -> str:
        value = self.words.glue(this.title.strip(), formatted=False)
        if this.name == "glue:figure":
            value = "*(figure of the cell above)*"
        return "\n\n".join(filter(None, [value, self._inside(this)]))

    def table(self, this: Directive, title: str) -> str:
        return _under(title, self._inside(this))

    def list_table(self, this: Directive, title: str) -> str:
        rows: list[list[str]] = []
        for line in this.body:
            if found := re.match(r"^ *[*-] +[*-] +(.*)$", line):
                rows.append([found[1]])
            elif found := re.match(r"^ +[*-] +(.*)$", line):
                rows[-1].append(found[1])
            elif line.strip() and rows:
                rows[-1][-1] += " " + line.strip()
        table = ["| " + " | ".join(map(self.words.plain, row)) + " |" for row in rows]
        if table:
            table.insert(1, "|" + " --- |" * len(rows[0]))
        return _under(title, "\n".join(table))

    def code(self, this: Directive, _: str) -> str:
        return "\n".join([f"```{this.title.strip()}", *this.body, "```"])

    def math(self, this: Directive, _: str) -> str:
        return self.words.plain(
            "$$\n" + "\n".join([*filter(None, [this.title]), *this.body]).strip() + "\n$$"
        )

    def glossary(self, this: Directive, _: str) -> str:
        # Two spaces at the end of a line break it, where definition lists are not known.
        lines = [
            f"**{line}**  " if line.strip() and following.startswith(":") else line
            for line, following in zip(this.body, [*this.body[1:], ""], strict=True)
        ]
        return self._render(_blocks([re.sub(r"^: +", "", line) for line in lines]))

    def raw(self, this: Directive, _: str) -> str:
        return "\n".join(this.body) if this.title.strip() == "html" else ""


Block = str | Directive  # Verbatim is a str
HANDLERS: dict[str, Callable[[Prose, Directive, str], str]] = {
    "exercise": Prose.exercise,
    "solution": Prose.solution,
    "figure": Prose.figure,
    "image": Prose.figure,
    "glue": Prose.glued,
    "glue:": Prose.glued,
    "glue:any": Prose.glued,
    "glue:figure": Prose.glued,
    "glue:math": Prose.glued,
    "glue:md": Prose.glued,
    "table": Prose.table,
    "list-table": Prose.list_table,
    "code": Prose.code,
    "code-block": Prose.code,
    "sourcecode": Prose.code,
    "math": Prose.math,
    "glossary": Prose.glossary,
    "raw": Prose.raw,
}


def _blocks(lines: list[str]) -> list[Block]:
    """Directives, blocks of code, and the text between; comments and targets are left out."""
    found: list[Block] = []
    text: list[str] = []
    at = 0
    while at < len(lines):
        fence = FENCE.match(lines[at])
        if fence is None or (fence["fence"][0] != ":" and "`" in fence["title"]):
            if not (TARGET.match(lines[at]) or lines[at].startswith("%") or lines[at].strip() == "+++"):
                text.append(lines[at])
            at += 1
            continue
        end = _closing(lines, at, fence["fence"])
        indent = fence["indent"]
        found.append("\n".join(text))
        text = []
        if fence["name"] is None and fence["fence"][0] != ":":
            found.append(Verbatim("\n".join(lines[at : end + 1])))
        else:
            options, body = _options([line.removeprefix(indent) for line in lines[at + 1 : end]])
            found.append(Directive(fence["name"] or "", fence["title"], options, body, indent))
        at = end + 1
    return [*found, "\n".join(text)]


def _closing(lines: list[str], at: int, fence: str) -> int:
    """The line that closes the fence: as long at least, and nothing after it; or the end of the text."""
    close = re.compile(rf"^ *{re.escape(fence[0])}{{{len(fence)},}} *$")
    return next((i for i in range(at + 1, len(lines)) if close.match(lines[i])), len(lines))


def _options(body: list[str]) -> tuple[dict[str, str], list[str]]:
    options: dict[str, str] = {}
    if body and body[0].strip() == "---":
        end = next((i for i in range(1, len(body)) if body[i].strip() == "---"), len(body) - 1)
        return yaml.safe_load("\n".join(body[1:end])) or {}, body[end + 1 :]
    while body and (found := OPTION.match(body[0])):
        options[found["name"]] = found["value"] or ""
        body = body[1:]
    return options, body


def _quoted(title: str, body: str) -> str:
    text = _under(title, body)
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def _under(title: str, body: str) -> str:
    return "\n\n".join(filter(None, [f"**{title}**" if title else "", body]))


def _details(summary: str, body: str) -> str:
    return f"<details><summary>{summary}</summary>\n\n{body}\n\n</details>"
