"""By how much the peak memory of a process grows while it searches: `measure_peaks`, or python -m of this file."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from pcl_lib._quiet import import_quietly
from pcl_lib.neighbors import nearest


def measure_peaks(plan: Mapping[str, Sequence[int]]) -> tuple[dict[str, list[int]], dict[str, float]]:
    """Growth of the peak in bytes for each size, and seconds of the first call, of each method in a new process.

    `plan`: the sizes N of two clouds (N, 3) by method, of "four lines" (the table of all pairs in plain torch),
    "KeOps", "dense, in blocks" and "k-d tree".

    The system keeps the largest resident size that a process ever had, which never falls: each measurement is made
    in a child of its own, forked from a process that has everything loaded.
    Cost: a second for the start; four lines on N points take 24 N^2 bytes.
    Errors: `ValueError` if there is no such method; `RuntimeError` if the process fails.

    >>> grown, _ = measure_peaks({"four lines": [2048]})
    >>> round(grown["four lines"][0] / (24 * 2048**2), 1)
    1.0
    """
    if unknown := plan.keys() - METHODS.keys():
        raise ValueError(
            f"plan must name methods of {', '.join(METHODS)}, received {', '.join(sorted(unknown))}"
        )
    command = [sys.executable, "-m", __spec__.name, json.dumps(plan)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"the process that measures memory failed:\n{done.stderr}")
    grown, first_call = json.loads(done.stdout.splitlines()[-1])
    return grown, first_call


def _four_lines(x: Tensor, y: Tensor) -> Tensor:
    return (x[:, None, :] - y[None, :, :]).square().sum(-1).min(dim=1).values


def _lazy(x: Tensor, y: Tensor) -> Tensor:
    lazy = import_quietly("pykeops.torch").LazyTensor
    found: Tensor = ((lazy(x[:, None, :]) - lazy(y[None, :, :])) ** 2).sum(-1).min_argmin(1)[0]
    return found


METHODS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "four lines": _four_lines,
    "KeOps": _lazy,
    "dense, in blocks": lambda x, y: nearest(x, y, backend="dense").sq_dist,
    "k-d tree": lambda x, y: nearest(x, y, backend="kdtree").sq_dist,
}


def _peak() -> int:
    # In bytes on a Mac, in kilobytes on Linux.
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _growth(method: Callable[[Tensor, Tensor], Tensor], n: int) -> int:
    x, y = torch.rand(2, n, 3, generator=torch.Generator().manual_seed(0))
    here, there = os.pipe()
    if os.fork() == 0:
        method(x[:64], y[:64])  # touches the libraries' own pages
        before = _peak()
        method(x, y)
        os.write(there, str(_peak() - before).encode())
        os._exit(0)
    if (status := os.wait()[1]) != 0:
        raise RuntimeError(f"the child for {n} points ended with status {status}")
    return int(os.read(here, 32))


def _main(plan: Mapping[str, Sequence[int]]) -> None:
    torch.set_num_threads(1)
    grown, first_call = {}, {}
    for name, sizes in plan.items():
        start = time.perf_counter()
        METHODS[name](torch.rand(64, 3), torch.rand(64, 3))  # loads what is loaded once
        first_call[name] = time.perf_counter() - start
        grown[name] = [_growth(METHODS[name], n) for n in sizes]
    print(json.dumps([grown, first_call]))


if __name__ == "__main__":
    _main(json.loads(sys.argv[1]))
