"""The book's own TeX macros written out, since only its own pages know them."""

from __future__ import annotations

import re
from collections.abc import Mapping


def expand(formula: str, macros: Mapping[str, tuple[str, int]]) -> str:
    """A formula in plain TeX. `macros` maps a name to what it stands for and the number of its arguments."""
    if not macros:
        return formula
    names = re.compile(
        r"\\(" + "|".join(sorted(map(re.escape, macros), key=len, reverse=True)) + r")(?![A-Za-z])"
    )
    position, parts = 0, []
    while found := names.search(formula, position):
        parts.append(formula[position : found.start()])
        body, count = macros[found[1]]
        arguments, position = _arguments(formula, found.end(), count)
        for number, argument in enumerate(arguments, 1):
            body = body.replace(f"#{number}", expand(argument, macros))
        parts.append("{" + expand(body, macros) + "}")
    return "".join(parts) + formula[position:]


def _arguments(text: str, at: int, count: int) -> tuple[list[str], int]:
    found = []
    for _ in range(count):
        while at < len(text) and text[at].isspace():
            at += 1
        if at >= len(text):
            raise ValueError(f"a macro needs {count} arguments, received {len(found)} in {text!r}")
        if text[at] != "{":
            token = re.compile(r"\\[A-Za-z]+|.", re.DOTALL).match(text, at)
            assert token is not None
            found.append(token[0])
            at = token.end()
            continue
        depth, start = 0, at
        while at < len(text):
            depth += (text[at] == "{") - (text[at] == "}") if text[at - 1] != "\\" else 0
            at += 1
            if not depth:
                break
        if depth:
            raise ValueError(f"the argument of a macro must be closed, received {text[start:]!r}")
        found.append(text[start + 1 : at - 1])
    return found, at
