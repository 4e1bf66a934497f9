"""Sphinx extension: a page with a hole in it fails every build.

A glued value that is not there, or an output that no format shows, is only a warning of MyST-NB, and the sentence goes
to print without it. And MyST-NB would execute a page that is not in the cache, with a record that tells less than that
of `execute.py`.
"""

from __future__ import annotations

import logging
import re

import myst_nb.core.execute.cache
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError, SphinxError
from sphinx.util.typing import ExtensionMetadata

KIND = re.compile(r"\[(mystnb|myst-nb)\.(\w+)\]")
# A chapter that prints a warning is a defect, but no hole: an error in the strict build only.
NO_HOLE = {"stderr"}


def place(location: object) -> str:
    """Sphinx says where as (page, line), as text, or as the node itself."""
    match location:
        case (page, line):
            return f"{page}.md, line {line}"
        case nodes.Node():
            return f"{location.source}, line {location.line}"
    return str(location)


class Holes(logging.Handler):
    """Notes each warning of MyST-NB by which something is missing from a page."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.found: dict[str, None] = {}

    def emit(self, entry: logging.LogRecord) -> None:
        kind = KIND.search(entry.getMessage())
        if kind and kind[2] not in NO_HOLE:
            # Sphinx hands the warnings that it held back to the handlers again.
            self.found[f"{place(getattr(entry, 'location', None))}: {entry.getMessage()}"] = None

    def report(self, _: Sphinx, exception: Exception | None) -> None:
        logging.getLogger("sphinx").removeHandler(self)
        if self.found and exception is None:
            raise SphinxError("pages with holes:\n  " + "\n  ".join(self.found))


def refuse(*arguments: object, **options: object) -> None:
    raise ExtensionError(
        "a page is not in the cache of executed pages; build with `python -m book._tools.build`, which executes first"
    )


def setup(app: Sphinx) -> ExtensionMetadata:
    holes = Holes()
    logging.getLogger("sphinx").addHandler(holes)
    # Before what reads the finished pages, which would stumble over the hole and not name it.
    app.connect("build-finished", holes.report, priority=1)
    myst_nb.core.execute.cache.single_nb_execution = refuse
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
