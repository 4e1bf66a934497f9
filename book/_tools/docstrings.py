"""A docstring of the library as MyST: formulas, lists, papers and examples as the pages have them."""

from __future__ import annotations

import inspect
import re
import textwrap

from pcl_lib._citation import bibliography, references

FORMULA = re.compile(r"^\.\. math:: *(.*(?:\n(?:[ \t]+\S.*|[ \t]*(?=\n[ \t]+\S)))*)", re.MULTILINE)
EXAMPLE = re.compile(r"(?:^>>> .*(?:\n(?!\s*$).*)*\n?\n?)+", re.MULTILINE)
ROLE = re.compile(r":math:`([^`]+)`")
SPANS = re.compile(r"(`+)(.+?)(?<!`)\1(?!`)", re.DOTALL)
SPECIAL = re.compile(r"([*_$\\\[\]<>{}~|#])")


def markdown(docstring: str) -> str:
    """The whole of it; its first paragraph is the summary."""
    text, parts, at = inspect.cleandoc(docstring), [], 0
    blocks = sorted([*FORMULA.finditer(text), *EXAMPLE.finditer(text)], key=lambda block: block.start())
    for block in blocks:
        if block.start() < at:
            continue
        parts.append(prose(text[at : block.start()]))
        if block[0].startswith(">>>"):
            parts.append(f"```pycon\n{block[0].strip()}\n```")
        else:
            first, _, rest = block[1].partition("\n")
            formula = "\n".join(filter(None, [first.strip(), textwrap.dedent(rest).strip()]))
            parts.append(f"$$\n{formula}\n$$")
        at = block.end()
    parts.append(prose(text[at:]))
    return "\n\n".join(filter(None, parts))


def prose(text: str) -> str:
    """Words that Markdown would take for markup are words; a paper's key is its citation."""
    parts, at = [], 0
    for span in SPANS.finditer(text):
        parts += [escaped(text[at : span.start()]), span[0]]
        at = span.end()
    words = ROLE.sub(r"$\1$", "".join([*parts, escaped(text[at:])]))
    return cited(words.strip("\n"), references(text))


def escaped(text: str) -> str:
    return SPECIAL.sub(r"\\\1", text)


def cited(text: str, keys: list[str]) -> str:
    for key in keys:
        if key in bibliography():
            text = re.sub(rf"(?<![\w`-]){re.escape(escaped(key))}(?![\w`-])", f"{{cite:t}}`{key}`", text)
    return text
