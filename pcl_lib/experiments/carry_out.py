"""An experiment from its settings to its result."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pcl_lib.experiments import costs, runs
from pcl_lib.experiments.parts import Parts
from pcl_lib.experiments.result import Result


def carry_out(
    parts: Parts,
    settings: Any,
    *,
    name: str,
    version: int,
    folder: str | Path | None,
    device: str,
    progress: bool,
    processes: int,
) -> Result:
    """Train all runs of the settings, time their losses, and gather what was found.

    `folder`: where checkpoints and finished runs are kept, and taken up again; without one nothing is kept.
    Errors: `ValueError` for a folder of other settings; `ReadError` if the data are not there.
    """
    where = runs.resolve(device)
    with TemporaryDirectory() as temporary:
        home = Path(temporary if folder is None else folder)
        runs.claim(home, name, version, settings)
        runs.train_all(parts, settings, home, where, progress=progress, processes=processes)
        times = costs.measure(parts, settings, home, where)
        return runs.collect(parts, settings, home, where, times)
