"""A small fixed job, against which the times of chapters are counted: `python -m book._tools.reference`.

Machines differ by a factor of two, and so does one machine with itself. A chapter's time in units of this job says more
than its seconds. The job mixes what chapters do: products of matrices, neighbours in a k-d tree, and plain Python.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REPEATS = 2


def job() -> float:
    """The same work on every machine, in one thread."""
    import numpy as np
    from scipy.spatial import cKDTree

    rng = np.random.default_rng(0)
    table, cloud = rng.standard_normal((700, 700)), rng.standard_normal((170_000, 3))
    total = 0.0
    for _ in range(34):
        table = np.tanh(table @ table / 700)
    distance, _ = cKDTree(cloud).query(cloud[::-1] + 0.01)
    for number in range(4_500_000):
        total += number % 7
    return float(table.sum() + distance.sum() + total)


def measure() -> float:
    """Processor seconds of the job in a fresh process; the least of a few, which other programs disturb least."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "book._tools.reference"]
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return float(done.stdout)


if __name__ == "__main__":
    times = []
    for _ in range(REPEATS):
        begun = time.process_time()
        job()
        times.append(time.process_time() - begun)
    print(min(times))
