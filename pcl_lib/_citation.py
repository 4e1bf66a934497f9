"""The papers behind what the library offers, as BibTeX: a docstring names keys, one file holds the entries."""

from __future__ import annotations

import difflib
import functools
import inspect
import re
from importlib import resources

# "Reference: fan2017psgn (by its code), tian2017d2." over as many lines as it takes.
_LIST = re.compile(r"\bReferences?:\s+((?:[\w-]+(?:\s+\([^()]*\))?(?:,\s+)?)+)")


def citation(thing: object) -> str:
    """The BibTeX entries of the papers behind a function, a class, a network, or of one key of the bibliography.

    A function or class names its papers in its docstring, after the word `Reference`. A network, and anything else that
    has `modules()`, gives those of its own class first and then those of the networks that it is made of, each once. A
    key is what `{cite}` takes in the book and what `Convention.source` holds.

    Returns entries as they stand in the bibliography, a blank line between two. Cost: one small file is read.
    Errors: `ValueError` for a thing whose docstring names no paper, and for a key that the bibliography lacks.

    >>> from pcl_lib.distances import CHAMFER_CONVENTIONS, dcd
    >>> print(citation(dcd).splitlines()[0])
    @inproceedings{wu2021dcd,
    >>> citation(CHAMFER_CONVENTIONS["psgn"].source).count("year      = {2017}")
    1
    """
    keys = [thing] if isinstance(thing, str) else _keys_of(thing)
    if not keys:
        raise ValueError(
            f"thing must be a function, class or network whose docstring says 'Reference: key', received "
            f"{_name(thing)}, which names no paper; for the library itself see the page 'How to cite' of the book"
        )
    known = bibliography()
    for key in keys:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=3, cutoff=0.4)
            hint = f"; near to it: {', '.join(near)}" if near else ""
            raise ValueError(f"no entry of the bibliography has the key {key!r}{hint}")
    return "\n\n".join(known[key] for key in keys)


def bibliography() -> dict[str, str]:
    """Each entry of the bibliography of book and library under its key."""
    text = resources.files("pcl_lib").joinpath("references.bib").read_text(encoding="utf-8")
    entries = [
        entry.strip() for entry in re.split(r"^(?=@)", text, flags=re.MULTILINE) if entry.startswith("@")
    ]
    return {entry[entry.index("{") + 1 : entry.index(",")].strip(): entry for entry in entries}


def references(docstring: str) -> list[str]:
    """The keys that a docstring names, in its order, each once.

    >>> references("Cost: none. References: tian2017d2 (Eq. 2), he2022dpcc.")
    ['tian2017d2', 'he2022dpcc']
    """
    lists = _LIST.findall(docstring)
    keys = [re.sub(r"\s+\(.*\)", "", part, flags=re.DOTALL) for one in lists for part in _split(one)]
    return list(dict.fromkeys(keys))


def _split(one: str) -> list[str]:
    """At the commas that stand outside parentheses."""
    return [part.strip() for part in re.split(r",\s+(?![^()]*\))", one) if part.strip()]


def _keys_of(thing: object) -> list[str]:
    if isinstance(thing, functools.partial):
        return _keys_of(thing.func)
    if inspect.isroutine(thing) or inspect.ismodule(thing) or inspect.isclass(thing):
        return references(inspect.getdoc(thing) or "")
    modules = getattr(thing, "modules", None)
    parts = list(modules()) if callable(modules) else [thing]
    return list(dict.fromkeys(key for part in parts for key in _of_class(type(part))))


def _of_class(kind: type) -> list[str]:
    """A class of the user's has the papers of the one that it extends."""
    own = [references(base.__doc__ or "") for base in kind.__mro__]
    return next((keys for keys in own if keys), [])


def _name(thing: object) -> str:
    if inspect.isroutine(thing) or inspect.isclass(thing) or inspect.ismodule(thing):
        return thing.__name__
    return f"a {type(thing).__name__}"
