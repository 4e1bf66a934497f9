"""The public names of the library that a page lists, and which of them a word of code means."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from book._tools.names import LIBRARY, Names

CALL = re.compile(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)(?:\(.*\)(?:\.\w+)*)?", re.DOTALL)


def thing(dotted: str) -> Any:
    """What stands under a dotted name; `AttributeError` if nothing does."""
    found = importlib.import_module(LIBRARY)
    module = LIBRARY
    for part in dotted.split(".")[1:]:
        module = f"{module}.{part}"
        try:
            found = getattr(found, part)
        except AttributeError:
            try:
                found = importlib.import_module(module)
            except ModuleNotFoundError as error:
                raise AttributeError(f"the library has no {dotted}") from error
    return found


@dataclass
class Entries:
    """The full names that are listed, such as `pcl_lib.distances.chamfer`; modules are among them."""

    names: frozenset[str]
    _same: dict[int, str] = field(init=False)
    """A thing that can be imported from two places is listed once."""

    def __post_init__(self) -> None:
        listed = {name: thing(name) for name in self.names}
        self._same = {id(t): name for name, t in listed.items() if not isinstance(t, str | int | float)}

    def of(self, dotted: str) -> str | None:
        """The entry for a full name: its own, that of the same thing elsewhere, or that of its class."""
        if dotted in self.names:
            return dotted
        owner, _, attribute = dotted.rpartition(".")
        try:
            if name := self._same.get(id(thing(dotted))):
                return name
            return self.of(owner) if inspect.isclass(thing(owner)) else None
        except AttributeError:
            return self._of_field(owner, attribute)

    def _of_field(self, owner: str, name: str) -> str | None:
        """The class of a field, which the class itself does not have as an attribute."""
        try:
            found = thing(owner)
        except AttributeError:
            return None
        return self.of(owner) if inspect.isclass(found) and name in found.__annotations__ else None

    def meant(self, code: str, page: Names) -> str | None:
        """The one entry that a word of code on a page names; None if it names none, or could name two."""
        match = CALL.fullmatch(code)
        if match is None:
            return None
        name = match[1]
        dotted = page.dotted(name)
        if dotted.split(".")[0] == LIBRARY:
            return self.of(dotted)
        if name.split(".")[0] in page.own:
            return None
        found = {entry for entry in map(self.of, self._endings(name)) if entry}
        return found.pop() if len(found) == 1 else None

    def _endings(self, name: str) -> Iterable[str]:
        """The full names that may be meant by their end: `digits.load`, `chamfer`, `Weight.mode`."""
        for entry in self.names:
            if entry.endswith(f".{name}"):
                yield entry
            for start in range(1, name.count(".") + 1):
                owner = ".".join(name.split(".")[:start])
                if entry.endswith(f".{owner}"):
                    yield entry + name.removeprefix(owner)
