"""What the process runs that is killed: the tiny experiment, up to a file, after which it waits for the kill."""

import time
from pathlib import Path

from pcl_lib.experiments.autoencoder.distances import run, tiny
from pcl_lib.experiments.runner import training
from pcl_lib.experiments.runner.npz import Arrays

ROOT = Path(__file__).resolve().parents[2]


def run_until(folder: Path, last: Path) -> None:
    write = training.write_arrays

    def and_wait(path: Path, arrays: Arrays) -> None:
        write(path, arrays)
        if path == last:
            time.sleep(600)  # one whose killer was killed ends by itself

    training.write_arrays = and_wait
    training.CHECKPOINT_SECONDS = 0.0  # one after each step, or so short a run would have none before its end
    run(tiny(), folder=folder, device="cpu", progress=False)
