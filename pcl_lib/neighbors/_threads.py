"""How many threads a search on the CPU takes, none of which spins while it waits."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import Context, copy_context
from typing import TypeVar

import pykdtree.kdtree
import torch

Task = TypeVar("Task")
Done = TypeVar("Done")

# Queries from which a thread of its own earns more than its start and its wait cost.
SHARE = 4096


def _libraries() -> list[ctypes.PyDLL]:
    """The OpenMP libraries that pykdtree may run on; none where there is none, or where they cannot be found.

    Its own, and the one that torch has loaded for the whole process: where that came first, as it does here, pykdtree's
    calls are bound to it, and its own library lies idle.
    """
    found = []
    for name in (None, pykdtree.kdtree.__file__):
        try:
            # A symbol is looked for in a library and then in those that it needs; without a name, in the whole process.
            # Not CDLL, which lets go of Python's lock for each call: threads would then wait for each other here.
            library = ctypes.PyDLL(name)
            library.omp_set_num_threads.argtypes = [ctypes.c_int]
            library.omp_set_num_threads.restype = None
            library.omp_get_max_threads.restype = ctypes.c_int
        except (OSError, AttributeError, TypeError):
            continue
        found.append(library)
    return found


_OPENMP = _libraries()


@contextmanager
def one_thread() -> Iterator[None]:
    """pykdtree and torch compute in the calling thread alone; the setting, which is this thread's, is then put back.

    OpenMP's threads spin at the end of a search until the last is done. Where other programs hold the cores, the last
    waits for its turn while the others burn theirs: tens of milliseconds for a search of half a millisecond. And they
    do not exist in a forked process, which would wait for them for ever.
    """
    torch.get_num_threads()  # in a new thread torch sets its number at the first question, which must not come later
    before = [library.omp_get_max_threads() for library in _OPENMP]
    for library in _OPENMP:
        library.omp_set_num_threads(1)
    try:
        yield
    finally:
        for library, threads in zip(_OPENMP, before, strict=True):
            library.omp_set_num_threads(threads)


def workers(queries: int) -> int:
    """Threads worth starting for so many queries: as many as torch takes at most, and one for a small search."""
    return max(1, min(torch.get_num_threads(), queries // SHARE))


def on_threads(function: Callable[[Task], Done], tasks: Iterable[Task], threads: int) -> list[Done]:
    """`function` of each task, in order, by so many threads, which sleep while they wait and start no others."""
    if threads == 1:
        return [function(task) for task in tasks]

    def alone(context: Context, task: Task) -> Done:
        with one_thread():
            return context.run(function, task)

    tasks = list(tasks)
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(alone, [copy_context() for _ in tasks], tasks))
