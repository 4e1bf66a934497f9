"""Executing the chapters: only a page whose every cell ran to its end counts, whatever ended the others."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import nbformat
import pytest
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn

from book._tools import execute, pages, record
from book._tools.failures import unfinished
from tests.book.small import ROOT, Book, cell

pytestmark = pytest.mark.slow
GOOD = cell("answer = 6 * 7\nanswer")
# What ends a cell, and what the build must say of it.
ENDS = {
    "error": ("first = 1\nfirst / 0", "ZeroDivisionError: division by zero"),
    "interrupt": ("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\ninput", "KeyboardInterrupt"),
    "swallowed": (
        "import os, signal, time\ntry:\n    os.kill(os.getpid(), signal.SIGINT)\n    time.sleep(60)\n"
        "except KeyboardInterrupt:\n    pass",
        "was interrupted (SIGINT)",
    ),
    # From outside, as by the system's own killer when memory runs out.
    "killed": (
        "import os, subprocess, time\n_ = subprocess.Popen(['kill', '-KILL', str(os.getpid())])\ntime.sleep(60)",
        "its kernel died (SIGKILL; the usual cause is that the machine ran out of memory)",
    ),
    "memory": (
        "import resource\nresource.setrlimit(resource.RLIMIT_AS, (2**33, 2**33))\nfull = bytearray(2**34)",
        "MemoryError",
    ),
}


def small_build(book: Book, **options) -> list:
    """Execute in this process, without Sphinx and without the reference job."""
    book.cache.mkdir(parents=True, exist_ok=True)
    return execute.execute(book.folder, book.cache, measure=lambda: 1.0, **options)


def test_a_page_that_stops_half_way_fails_the_build_until_it_is_mended(tmp_path):
    book = Book(tmp_path)
    book.write(GOOD, page="good")
    for page, (code, _) in ENDS.items():
        book.write(cell(code), GOOD, page=page)
    (book.cache / "html" / "book").mkdir(parents=True)
    (book.cache / "html" / "book" / "killed.html").write_text("of an earlier build")
    for attempt in (1, 2):
        done = book.build()
        assert done.returncode != 0
        assert "The book is built" not in done.stdout
        for page, (_, said) in ENDS.items():
            (block,) = [b for b in done.stderr.split("=" * 78) if f"book/{page}.md" in b]
            assert f"FAILED: book/{page}.md, code cell 2: " in block
            assert said in block
            assert book.runs(page) == attempt, "a page that failed runs again"
        assert book.runs("good") == 1, "and no other"
        assert not (book.cache / "html").exists(), "nothing is served"
    for page in ENDS:
        book.write(GOOD, page=page)
    done = book.build()
    assert done.returncode == 0, done.stdout + done.stderr
    for page in ENDS:
        assert "42" in book.page(page)


def test_a_cell_at_its_limit_fails_the_build_until_it_is_mended(tmp_path):
    book = Book(tmp_path)
    deaf = "import time\nwhile True:\n    try:\n        time.sleep(1000)\n    except KeyboardInterrupt:\n        break"
    book.write(cell("import time\ntime.sleep(1000)"), page="hangs", counts=False)
    book.write(cell(deaf), GOOD, page="deaf", counts=False)
    for _ in range(2):
        failed = small_build(book, limit=2)
        assert [(f.chapter, f.cell) for f in failed] == [("book/deaf", 1), ("book/hangs", 1)]
        assert all("stopped at the limit of 2 s for one cell" in f.error for f in failed)
    for page in ("hangs", "deaf"):
        book.write(GOOD, page=page)
    assert small_build(book, limit=600) == []


def test_the_limit_is_that_of_the_configuration(tmp_path):
    book = Book(tmp_path)
    book.limit(1234)
    assert pages.limit(book.folder) == 1234


def test_a_cell_that_is_meant_to_fail_is_no_failure(tmp_path):
    book = Book(tmp_path)
    book.write(cell("1 / 0", "raises-exception"), GOOD, page="meant")
    book.write(cell("raise KeyboardInterrupt", "raises-exception"), page="not-meant")
    book.write(cell("1 + 1", "skip-execution"), GOOD, page="no-cell-is-skipped")
    (failure,) = small_build(book)
    assert (failure.chapter, failure.cell) == ("book/not-meant", 2)
    assert "KeyboardInterrupt" in failure.error
    entries = [execute.look_up(get_cache(book.cache / execute.CACHE), p) for p in pages.read(book.folder)]
    assert [e and e.cells for e in entries] == [3, 3, None]


@pytest.mark.parametrize("harm", ["count", "error", "cells"])
def test_a_half_run_page_in_the_cache_is_not_believed(tmp_path, harm):
    book = Book(tmp_path)
    book.write(GOOD)
    assert small_build(book) == []
    cache = get_cache(book.cache / execute.CACHE)
    (page,) = pages.read(book.folder)
    found = cache.match_cache_notebook(page.notebook)
    notebook = cache.get_cache_bundle(found.pk).nb
    if harm == "count":
        notebook.cells[1].execution_count = None
    if harm == "error":
        notebook.cells[1].outputs = [nbformat.v4.new_output("error", ename="E", evalue="", traceback=[])]
    data = {**found.data, "cells": 25} if harm == "cells" else found.data
    bundle = CacheBundleIn(notebook, found.uri, data=data)
    cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
    assert execute.look_up(cache, page) is None
    assert small_build(book) == []
    assert book.runs() == 2
    assert execute.look_up(cache, page) is not None


def test_unfinished_names_the_first_cell_out_of_turn():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1") for _ in range(3)])
    for number, code in enumerate(notebook.cells, start=1):
        code.execution_count = number
    assert unfinished(notebook) is None
    notebook.cells[1].execution_count = 3
    assert unfinished(notebook)[0] == 2


def test_a_page_without_code_needs_no_kernel(tmp_path):
    book = Book(tmp_path)
    book.write("Only words.", counts=False)
    assert small_build(book) == []
    assert record.read(book.cache) == []


def test_pages_run_side_by_side_with_their_share_of_threads(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(4)), raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    book = Book(tmp_path)
    wait = (
        "import os, time\nfrom pathlib import Path\nassert os.environ['OMP_NUM_THREADS'] == '2'\n"
        "Path('{}').touch()\nwhile not Path('{}').exists():\n    time.sleep(0.01)"
    )
    book.write(cell(wait.format("a", "b")), page="one")
    book.write(cell(wait.format("b", "a")), page="two")
    assert small_build(book) == []


def test_nothing_runs_beside_a_cell_that_measures_time(tmp_path):
    book = Book(tmp_path)
    runs = (
        "import time\nbegun = time.clock_gettime(time.CLOCK_REALTIME)\ntime.sleep(0.1)\n"
        "with open('{}', 'a') as file:\n    print(begun, time.clock_gettime(time.CLOCK_REALTIME), file=file)"
    )
    for page, tags in {"measures": ["measures-time"], "works": []}.items():
        book.write(*[cell(runs.format(page), *tags), cell("1")] * 6, page=page, counts=False)
    assert small_build(book) == []
    spans = {
        page: [
            tuple(map(float, line.split())) for line in (book.folder / "book" / page).read_text().splitlines()
        ]
        for page in ("measures", "works")
    }
    beside = [(a, b) for a in spans["measures"] for b in spans["works"] if a[0] < b[1] and b[0] < a[1]]
    assert len(spans["measures"]) == len(spans["works"]) == 6
    assert not beside


def test_a_stopped_build_leaves_no_process_behind(tmp_path):
    book = Book(tmp_path)
    code = (
        "import os, subprocess, time\nfrom pathlib import Path\nchild = subprocess.Popen(['sleep', '1000'])\n"
        "part = Path('pids.part')\n_ = part.write_text(f'{os.getpid()} {child.pid}')\n"
        "_ = part.rename('pids')\ntime.sleep(1000)"
    )
    for stop in (signal.SIGINT, signal.SIGTERM):
        book.write(cell(code))
        pids = book.folder / "book" / "pids"
        pids.unlink(missing_ok=True)
        build = subprocess.Popen(book.command(), cwd=ROOT, stderr=subprocess.PIPE)
        while not pids.exists():
            assert build.poll() is None, build.stderr.read()
            time.sleep(0.05)
        build.send_signal(stop)
        _, said = build.communicate()
        assert build.returncode == 130
        assert b"Stopped" in said
        for pid in map(int, pids.read_text().split()):
            assert not is_running(pid)


def is_running(pid: int) -> bool:
    """A zombie, whose parent is gone and which waits to be reaped, runs no more."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_the_longest_page_starts_first(tmp_path):
    book = Book(tmp_path)
    for page, code in {"a": "1", "b": "2 + 2", "c": "3", "d": "4"}.items():
        book.write(cell(code), page=page, counts=False)
    known = [record.Entry(f"book/{p}", 1, s, s, 1.0, "") for p, s in {"c": 5.0, "d": 9.0}.items()]
    order = [page.name for page in execute._longest_first(pages.read(book.folder), known)]
    assert order == ["book/b", "book/a", "book/d", "book/c"]
