"""The roles, links and formulas in a text as plain Markdown: values, "Author et al. (year)", titles, numbers."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from myst_nb.core.variables import format_plain_text

from book._tools.citations import Bibliography
from book._tools.formulas import expand
from book._tools.outline import Outline, Place
from pcl_lib import viz

# A paragraph ends what is open in it.
WITHIN = r"(?:(?!\n[ ]*\n).)"
PIECE = re.compile(
    rf"""
    (?P<environment>\\begin\{{(?P<of>\w+\*?)\}}.*?\\end\{{(?P=of)\}})
  | (?P<display>\$\$.+?\$\$)(?P<number>[ ]*\([^()\s]+\))?
  | (?P<formula>(?<![\\$])\$(?![\s$]){WITHIN}+?(?<!\\)\$)
  | (?:\{{(?P<role>[\w:.+-]+)\}})?(?P<ticks>`+)(?P<inside>{WITHIN}+?)(?<!`)(?P=ticks)(?!`)
  | (?P<picture>!?)\[(?P<text>(?:[^\[\]`]|`[^`]*`|\[[^\[\]]*\])*)\]\((?P<target>[^()\s]*)\)
  | (?P<attributes>(?<=[\])`])\{{[.\#:\w][^{{}}`]*\}})
    """,
    re.VERBOSE | re.DOTALL,
)
EXPLICIT = re.compile(r"^(?P<text>.*?)\s*<(?P<target>[^<>]+)>$", re.DOTALL)
CODE_ROLES = {"func", "class", "meth", "mod", "attr", "data", "obj", "exc", "const", "type"}
NUMBERED = {"fig": "Figure", "tab": "Table"}
HTML_ROLES = {"sub": "sub", "sup": "sup", "subscript": "sub", "superscript": "sup", "kbd": "kbd"}


@dataclass
class Words:
    """How the words of one page are resolved. `values` are the glued ones of a run; None: it has not run yet."""

    docname: str
    outline: Outline
    bibliography: Bibliography
    values: Mapping[str, str] | None = None
    later: set[str] = field(default_factory=set)
    """Keys whose values come from a cell below the one that is read."""
    cited: list[str] = field(default_factory=list)

    def plain(self, text: str) -> str:
        return re.sub(r"\((\(computed (?:above|below)\))\)", r"\1", PIECE.sub(self._piece, text))

    def glue(self, text: str, *, formatted: bool = True) -> str:
        """A glued value as the page writes it, or where it is computed. `formatted`: the text may end in a format."""
        key, _, form = text.rpartition(":") if formatted and ":" in text else (text, "", "")
        key = key.split("::")[-1]
        if self.values is None:
            return "(computed below)" if key in self.later else "(computed above)"
        if key not in self.values:
            raise KeyError(f"a value in the text of {self.docname} must be glued by a cell, received {key!r}")
        return viz.typeset(format_plain_text(self.values[key], form))

    def picture(self, target: str) -> str:
        """Sphinx keeps all pictures of the site in one folder."""
        if "://" in target or target.startswith(("data:", "attachment:")):
            return target
        up = "../" * (self.docname.count("/") + 1 + (not self.docname.startswith("book/")))
        return f"{up}_images/{posixpath.basename(target)}"

    def on_the_site(self) -> str:
        site = self.outline.site
        page = f"{site.rstrip('/')}/{self.docname}.html" if site else ""
        return f"See [the page of the book]({page})." if page else "See the page of the book."

    def _piece(self, found: re.Match[str]) -> str:
        if found["environment"] or found["formula"]:
            return expand(found[0], self.outline.macros)
        if found["display"]:
            return self._display(found)
        if found["ticks"]:
            return self._role(found["role"], found["inside"]) if found["role"] else found[0]
        if found["attributes"]:
            return ""
        if found["picture"]:
            return f"![{found['text']}]({self.picture(found['target'])})"
        return self._link(found["text"], found["target"]) or found[0]

    def _display(self, found: re.Match[str]) -> str:
        formula = expand(found["display"], self.outline.macros)
        place = self.outline.labels.get((found["number"] or "").strip(" ()"))
        if place is None or "\\tag" in formula:
            return formula
        return formula[:-2].rstrip() + rf" \tag{{{place.number}}}" + "\n$$"

    def _role(self, role: str, inside: str) -> str:
        inside = " ".join(inside.split())
        if role.split(":")[0] == "glue":
            return self.glue(inside, formatted=role in ("glue:text", "glue:md"))
        if role.split(":")[0] == "cite":
            keys = [key.strip() for key in inside.split(",")]
            self.cited += [key for key in keys if key not in self.cited]
            textual = role in ("cite:t", "cite:ts", "cite:ct", "cite:cts")
            return (self.bibliography.textual if textual else self.bibliography.parenthetical)(keys)
        explicit = EXPLICIT.match(inside)
        text, target = (explicit["text"], explicit["target"]) if explicit else ("", inside)
        if role in ("ref", "numref", "prf:ref", "doc"):
            target = f"{target}.md" if role == "doc" else target
            return self._link(text, target, numbered=role != "ref") or text or target
        if role in NUMBERED:
            place = self.outline.labels.get(target)
            text = text or f"{NUMBERED[role]} {place.number if place else target}"
            here = place is None or place.docname == self.docname
            return text if here else self._link(text, target) or text
        if role == "eq":
            place = self.outline.labels.get(target)
            return f"({place.number})" if place else f"({target})"
        if role.split(":")[-1] in CODE_ROLES:
            name = target.lstrip("!~.").split(".")[-1] if target.startswith("~") else target.lstrip("!.")
            return text or f"`{name}`"
        if role == "math":
            return expand(f"${inside}$", self.outline.macros)
        if tag := HTML_ROLES.get(role):
            return f"<{tag}>{inside}</{tag}>"
        return text or target  # a word of the glossary, a download, an abbreviation

    def _link(self, text: str, target: str, *, numbered: bool = False) -> str | None:
        """A link of the page as one that leads from notebook to notebook; None if it is not one of the book's."""
        path, _, fragment = target.partition("#")
        if path.endswith(".md"):
            docname = posixpath.normpath(posixpath.join(posixpath.dirname(self.docname), path[:-3]))
            if docname not in self.outline.titles:
                return None
            heading = self.outline.labels.get(fragment, Place(docname)).title
            text = self.plain(text) or self.outline.titles[docname]
            return f"[{text}]({self.outline.link(self.docname, docname, heading)})"
        place = self.outline.labels.get(path or fragment)
        if place is None:
            return None
        if numbered:
            text = text.replace("%s", place.number).replace("{number}", place.number)
            text = text.replace("{name}", place.name)
        text = self.plain(text) or self.plain(place.name)
        return f"[{text}]({self.outline.link(self.docname, place.docname, place.title)})"


def glued_in(source: str) -> set[str]:
    """What in a cell's code may be the key of a glued value: its strings and names of arguments."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return set()
    found = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    return found | {n.arg for n in ast.walk(tree) if isinstance(n, ast.keyword) and n.arg}
