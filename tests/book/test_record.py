"""The record of the execution, the budget, and what the status page says of them."""

from __future__ import annotations

import subprocess
import sys

import nbformat
import pytest

from book._tools import record, reference, status
from book._tools.record import Entry
from tests.book.small import ROOT, Book, cell


def entry(page: str = "book/a", *, seconds: float, processor: float, unit: float = 1.0) -> Entry:
    return Entry(page, 12, seconds, processor, unit, "2026-01-02 03:04 UTC")


def test_time_is_counted_in_reference_jobs():
    assert entry(seconds=50, processor=45, unit=0.5).jobs == 90
    assert entry(seconds=300, processor=45).jobs == 45, "a busy machine does not count against a page"
    assert entry(seconds=45, processor=90).jobs == 45, "nor do two threads"


def test_a_slow_machine_has_the_same_budget():
    assert not entry(seconds=148, processor=148, unit=1.5).is_over
    assert entry(seconds=148, processor=148, unit=1.0).is_over


def test_pages_over_the_budget_are_named():
    over = entry("book/long", seconds=160, processor=150)
    assert record.over_budget([entry(seconds=1, processor=1)]) == ""
    assert "book/long (150)" in record.over_budget([entry(seconds=1, processor=1), over])


def test_the_record_comes_back(tmp_path):
    entries = [entry(seconds=1, processor=2), entry("book/b", seconds=3, processor=4)]
    assert record.read(tmp_path) == []
    record.write(tmp_path, entries)
    assert record.read(tmp_path) == entries


@pytest.mark.slow
def test_the_reference_job_is_the_same_each_time():
    assert reference.job() == reference.job()
    done = subprocess.run(
        [sys.executable, "-m", "book._tools.reference"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert float(done.stdout) > 0


def test_the_status_counts():
    said = "\n".join(
        status.lines([entry(seconds=1, processor=1), entry("book/b", seconds=170, processor=160)])
    )
    assert "2 pages hold code, 24 cells in all" in said
    when = "2026-01-02 03:04 UTC".replace("-", "\N{NON-BREAKING HYPHEN}").replace(" ", "\N{NO-BREAK SPACE}")
    assert f"| {{doc}}`/book/b` | 12 | 170.0 | 160.0 | 160.0 | {when} |" in said
    assert "Over the budget of 100 reference jobs a page: book/b (160)." in said


@pytest.mark.slow
def test_the_status_page_shows_the_record_of_this_build(tmp_path):
    book = Book(tmp_path)
    book.write(cell("1"), "```{execution-record}\n```", page="a")
    book.write(cell("2"), page="b")
    assert book.build("--strict").returncode == 0
    assert "2 pages hold code, 4 cells in all" in book.page("a")
    notebook = nbformat.read(book.cache / "html" / "notebooks" / "executed" / "b.ipynb", as_version=4)
    assert notebook.cells[-1].outputs[0].data["text/plain"] == "2", "the download has the outputs"
    book.write(cell("2"), cell("3"), page="b")
    done = book.build()
    assert done.returncode == 0, done.stderr
    assert "2 pages hold code, 5 cells in all" in book.page("a"), "though its own text is the same"
    assert book.runs("a") == 1
