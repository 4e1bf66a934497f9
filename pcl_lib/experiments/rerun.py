"""Train one run of a record again and compare: does this code, here and now, still give those numbers?"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from pcl_lib.experiments.catalogue import experiment
from pcl_lib.experiments.record import RECORDS, read_record
from pcl_lib.experiments.runner.devices import device_name, resolve
from pcl_lib.experiments.runner.experiment import Run, by_clock, runs_of
from pcl_lib.experiments.runner.npz import read_arrays
from pcl_lib.experiments.runner.training import RESULT, installed_versions, train

# Elsewhere sums come out in another order, and training magnifies that as another seed would: a metric has to lie
# within so many standard deviations over the record's own seeds, and one within so small a share need not.
DEVIATIONS = 4.0
SHARE = 0.02


@dataclass(frozen=True)
class Rerun:
    """A run of a record, trained again: its metrics then and now, and how far apart they may be (0: not at all)."""

    run: Run
    exact: bool
    then: dict[str, float]
    now: dict[str, float]
    allowed: dict[str, float]

    @property
    def agrees(self) -> bool:
        return all(abs(self.now[name] - self.then[name]) <= self.allowed[name] for name in self.then)

    def __str__(self) -> str:
        kind = (
            "bit for bit"
            if self.exact
            else "on another machine, with other versions or by the clock, within the spread of the seeds"
        )
        rows = [
            f"  {name}: recorded {value:.6g}, now {self.now[name]:.6g}, allowed {self.allowed[name]:.2g}"
            for name, value in self.then.items()
        ]
        return "\n".join([f"{self.run}, compared {kind}: {'agrees' if self.agrees else 'DIFFERS'}", *rows])


def rerun(name: str | Path, *, folder: Path = RECORDS, choice: int | None = None) -> Rerun:
    """Train one run of the record `name` again, on the kind of device that it names, and compare its metrics.

    On the same processor, with the same versions and code of the same results, they are the same to the last bit.
    Elsewhere, or where the clock ends a run, each has to lie within 4 standard deviations of its own over the seeds,
    or within 2 per cent. `choice`: seed of the random choice of the run.

    Errors: as `read_record`; `ReadError` if its data are not there.
    """
    record = read_record(name, folder)
    of = experiment(record.experiment)
    settings = of.presets[record.preset]()
    run = random.Random(choice).choice(runs_of(settings))
    device = resolve("cpu" if record.device.startswith("CPU") else "cuda")
    here = device_name(device) == record.device and installed_versions() == dict(record.versions)
    exact = here and not by_clock(settings)  # by the clock, no two runs have as many steps
    with TemporaryDirectory() as home:
        train(of, settings, run, Path(home), device)
        found = read_arrays(run.folder(Path(home)) / RESULT)
    now = dict(zip(found["metric_names"].tolist(), found["metrics"].tolist(), strict=True))
    of_seeds = {name: list(record.result.values(name, *run.configuration).values()) for name in now}
    then = {name: record.result.values(name, *run.configuration)[run.seed] for name in now}
    allowed = {
        name: 0.0 if exact else max(DEVIATIONS * _deviation(column), SHARE * abs(then[name]))
        for name, column in of_seeds.items()
    }
    return Rerun(run, exact, then, now, allowed)


def _deviation(column: list[float]) -> float:
    return float(np.std(column, ddof=1)) if len(column) > 1 else 0.0
