"""What the process runs that is killed: the tiny experiment, up to a file, after which it waits for the kill."""

import time
from pathlib import Path

from pcl_lib.experiments import runs
from pcl_lib.experiments.arrays import Arrays
from pcl_lib.experiments.autoencoder_distances import run, tiny

ROOT = Path(__file__).resolve().parents[2]


def run_until(folder: Path, last: Path) -> None:
    write = runs.write_arrays

    def and_wait(path: Path, arrays: Arrays) -> None:
        write(path, arrays)
        if path == last:
            time.sleep(600)  # one whose killer was killed ends by itself

    runs.write_arrays = and_wait
    run(tiny(), folder=folder, device="cpu", progress=False)
