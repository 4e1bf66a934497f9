"""Execute the chapters whose outputs are not in the cache, side by side, and put only whole ones into it.

Sphinx and MyST-NB then find every page there and execute nothing themselves (`holes.py` sees to that).
"""

from __future__ import annotations

import datetime
import os
import shutil
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn, JupyterCacheAbstract

from book._tools import export, pages, record, reference
from book._tools.chapter import Chapter
from book._tools.failures import Failure, unfinished
from book._tools.floor import Floor
from book._tools.pages import Page
from book._tools.record import Entry

CACHE = ".jupyter_cache"
EXECUTED = "executed"


def execute(
    source: Path, build: Path, *, limit: int | None = None, measure: Callable[[], float] = reference.measure
) -> list[Failure]:
    """Have all pages of the book at `source` in the cache of `build`, or say which failed; one failure stops no other.

    `limit` is in seconds for one cell, by default that of `_config.yml`.
    """
    cache = get_cache(build / CACHE)
    book = pages.read(source)
    missing = [page for page in book if look_up(cache, page) is None]
    failed = _run(missing, cache, build, limit or pages.limit(source), measure) if missing else []
    if not failed:
        entries = [look_up(cache, page) for page in book if page.cells]
        record.write(build, [entry for entry in entries if entry is not None])
        # MyST-NB leaves a page that it takes from the cache without its outputs.
        shutil.rmtree(build / EXECUTED, ignore_errors=True)
        for page in book:
            _, whole = cache.merge_match_into_notebook(page.notebook)
            export.write(whole, build / EXECUTED / f"{page.name}.ipynb")
    return failed


def look_up(cache: JupyterCacheAbstract, page: Page) -> Entry | None:
    """The record of a page that stands whole in the cache; None where it has to run."""
    try:
        found = cache.match_cache_notebook(page.notebook)
        notebook = cache.get_cache_bundle(found.pk).nb
    except KeyError:
        return None
    if unfinished(notebook) or found.data.get("cells") != len(page.cells):
        cache.remove_cache(found.pk)
        return None
    data = {key: value for key, value in found.data.items() if key != "execution_seconds"}
    return Entry(page=page.name, seconds=found.data["execution_seconds"], **data)


def _keep(cache: JupyterCacheAbstract, chapter: Chapter, unit: float) -> None:
    """MyST-NB reads `execution_seconds`; the rest is for the record."""
    data: dict[str, Any] = {
        "execution_seconds": chapter.seconds,
        "processor": chapter.processor,
        "reference": unit,
        "cells": len(chapter.page.cells),
        "day": f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M} UTC",
    }
    bundle = CacheBundleIn(chapter.notebook, str(chapter.page.path), data=data)
    cache.cache_notebook_bundle(bundle, check_validity=True, overwrite=True)


def _run(
    missing: list[Page], cache: JupyterCacheAbstract, build: Path, limit: int, measure: Callable[[], float]
) -> list[Failure]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with_code = [page for page in missing if page.cells]
    workers = max(1, min(cores, len(with_code)))
    unit = measure() if with_code else 1.0
    print(f"Executing {len(with_code)} page(s), {workers} at a time.", flush=True)
    floor, begun, failed = Floor(), time.monotonic(), []
    # A page that measures time has the whole machine while it does; the others share it.
    chapters = [
        Chapter(page, floor, limit, threads=cores if page.alone else max(1, cores // workers))
        for page in _longest_first(missing, record.read(build))
    ]
    with ThreadPoolExecutor(workers, thread_name_prefix="chapter") as pool:
        running = {pool.submit(_run_one, chapter): chapter for chapter in chapters}
        try:
            for number, future in enumerate(as_completed(running), start=1):
                chapter = running[future]
                failure = _outcome(future, chapter)
                if failure is None:
                    _keep(cache, chapter, unit)
                else:
                    failed.append(failure)
                result = "FAILED" if failure else f"{chapter.seconds:.0f} s"
                print(f"  [{number}/{len(chapters)}] {chapter.page.name}: {result}", flush=True)
        except BaseException:  # Ctrl-C above all: leave no kernel behind
            _stop(chapters, floor, pool)
            raise
    print(f"Executed in {time.monotonic() - begun:.0f} s.", flush=True)
    return sorted(failed, key=lambda failure: [page.name for page in missing].index(failure.chapter))


def _run_one(chapter: Chapter) -> Failure | None:
    return chapter.run() if chapter.page.cells else None


def _outcome(future: Future[Failure | None], chapter: Chapter) -> Failure | None:
    if error := future.exception():
        return Failure(chapter.page.name, 0, "", f"the build's own tool failed: {error!r}")
    return future.result()


def _longest_first(missing: list[Page], before: list[Entry]) -> list[Page]:
    """So that no long page starts last. By the times of an earlier build; a new page first, by its length."""
    seconds = {entry.page: entry.seconds for entry in before}
    return sorted(missing, key=lambda page: (-seconds.get(page.name, float("inf")), -page.length))


def _stop(chapters: list[Chapter], floor: Floor, pool: ThreadPoolExecutor) -> None:
    floor.close()
    for chapter in chapters:
        chapter.stop()
    pool.shutdown(cancel_futures=True)
