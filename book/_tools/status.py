"""Sphinx extension: `{execution-record}` shows what was executed for this build, computed from the record itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from book._tools import record
from book._tools.record import BUDGET, Entry


def lines(entries: list[Entry]) -> Iterator[str]:
    """Markdown."""
    cells, jobs = sum(entry.cells for entry in entries), sum(entry.jobs for entry in entries)
    yield f"{len(entries)} pages hold code, {cells} cells in all. Each of these cells ran to its end, in order, in a"
    yield "fresh kernel for each page; the counts are those of the kernels."
    units = sorted({f"{entry.reference:.2f}" for entry in entries})
    yield ""
    took = " or ".join(filter(None, (", ".join(units[:-1]), units[-1])))
    yield f"The reference job took {took} s of one processor; the pages took {jobs:,.0f} such jobs."
    yield record.over_budget(entries) or f"No page is over its budget of {BUDGET} jobs."
    yield ""
    yield "| page | cells | seconds | processor seconds | reference jobs | executed |"
    yield "|:---|---:|---:|---:|---:|:---|"
    for entry in entries:
        numbers = f"{entry.seconds:.1f} | {entry.processor:.1f} | {entry.jobs:.1f}"
        day = entry.day.replace(" ", "\N{NO-BREAK SPACE}").replace("-", "\N{NON-BREAKING HYPHEN}")
        yield f"| {{doc}}`/{entry.page}` | {entry.cells} | {numbers} | {day} |"


class ExecutionRecord(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        build = Path(self.env.app.outdir).parent
        # A new record makes this page out of date, whatever its own text.
        self.env.note_dependency(str(build / record.FILE))
        box = nodes.container(classes=["execution-record"])
        self.set_source_info(box)
        text = StringList(list(lines(record.read(build))), source=self.get_source_info()[0])
        self.state.nested_parse(text, self.content_offset, box)
        return [box]


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_directive("execution-record", ExecutionRecord)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
