"""An experiment from its settings to its result."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from pcl_lib.experiments.runner import timing, training
from pcl_lib.experiments.runner.devices import resolve
from pcl_lib.experiments.runner.experiment import Experiment, S
from pcl_lib.experiments.runner.result import Result


def run_experiment(
    experiment: Experiment[S],
    settings: S,
    *,
    folder: str | Path | None = None,
    device: str = "auto",
    progress: bool = True,
    processes: int = 1,
) -> Result:
    """Train all runs of the settings, time their steps, and gather what was found.

    - `folder`: where checkpoints and finished runs are kept; a later call with the same settings goes on from there
      and ends with the same numbers. Without one nothing is kept.
    - `device`: "auto" (a GPU if there is one), "cpu" or "cuda". On a CPU a run has one thread of torch, and so its
      numbers do not depend on `processes`, the number of runs side by side.

    Errors: `ValueError` for a folder of other settings; `ReadError` if the data are not there.
    """
    where = resolve(device)
    with TemporaryDirectory() as temporary:
        home = Path(temporary if folder is None else folder)
        training.claim(home, experiment, settings)
        training.train_all(experiment, settings, home, where, progress=progress, processes=processes)
        times = timing.step_times(experiment, settings, home, where)
        return training.collect(experiment, settings, home, times)
