"""What the process runs that is killed: the tiny experiment, slowly enough for a kill to hit it."""

import time
from pathlib import Path

from pcl_lib.experiments.autoencoder.distances import run, tiny
from pcl_lib.experiments.runner import training
from pcl_lib.experiments.runner.npz import Arrays

ROOT = Path(__file__).resolve().parents[2]


def run_slowly(folder: Path) -> None:
    write = training.write_arrays

    def slowly(path: Path, arrays: Arrays) -> None:
        write(path, arrays)
        time.sleep(0.05)

    training.write_arrays = slowly
    run(tiny(), folder=folder, device="cpu", progress=False)
