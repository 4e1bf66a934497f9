"""Options of the command line that are handed on to a function if they are given, and else are the function's own."""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Callable
from typing import Any


class Options:
    """A group of options of a parser, each of which has the name and the default of an option of a function."""

    def __init__(self, parser: argparse.ArgumentParser, title: str) -> None:
        self.title = title
        self._group = parser.add_argument_group(title)
        self._flags: dict[str, str] = {}

    def add(
        self, flag: str, function: Callable[..., Any], text: str, name: str | None = None, **how: Any
    ) -> None:
        """Offer `flag` for the option `name` of a function, which is the flag without its dashes if not given."""
        name = name or flag.lstrip("-")
        default = inspect.signature(function).parameters[name].default
        if isinstance(default, tuple):
            default = "-".join(map(str, default))
        shown = "" if default is None or default is False else f" ({default})".replace("%", "%%")
        self._flags[name] = flag
        self._group.add_argument(flag, dest=name, default=argparse.SUPPRESS, help=text + shown, **how)

    def given(self, options: argparse.Namespace, *functions: Callable[..., Any]) -> list[dict[str, Any]]:
        """For each function those of its options that were given."""
        found = {name: getattr(options, name) for name in self._flags if hasattr(options, name)}
        return [
            {name: value for name, value in found.items() if name in inspect.signature(function).parameters}
            for function in functions
        ]

    def refuse(self, options: argparse.Namespace, received: str) -> None:
        """Raise `ValueError` if one of them is given where it says nothing."""
        wrong = [flag for name, flag in self._flags.items() if hasattr(options, name)]
        if wrong:
            raise ValueError(f"{', '.join(wrong)}: only {self.title}, received {received}")
