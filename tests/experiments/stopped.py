"""What the process runs that is killed: the tiny experiment, slowly enough for a kill to hit it."""

import time
from pathlib import Path

from pcl_lib.experiments import runs
from pcl_lib.experiments.arrays import Arrays
from pcl_lib.experiments.autoencoder_distances import run, tiny

ROOT = Path(__file__).resolve().parents[2]


def run_slowly(folder: Path) -> None:
    write = runs.write_arrays

    def slowly(path: Path, arrays: Arrays) -> None:
        write(path, arrays)
        time.sleep(0.05)

    runs.write_arrays = slowly
    run(tiny(), folder=folder, device="cpu", progress=False)
