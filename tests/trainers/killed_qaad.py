"""What the processes run that are killed while assignments are swapped in place."""

import time
from pathlib import Path

from pcl_lib.trainers import QAAD, fit
from tests.trainers.bent_sheets import CLOUDS, method

STEPS, EVERY = 40, 5


class Slow(QAAD):
    """Slow enough that a kill comes between two checkpoints."""

    def step(self, batch, index, engine):
        time.sleep(0.02)
        return super().step(batch, index, engine)


def run(folder: Path) -> None:
    one = method(steps=STEPS)
    one.__class__ = Slow
    fit(
        one,
        CLOUDS,
        batch_size=3,
        steps=STEPS,
        checkpoint_every=EVERY,
        log_every=1,
        progress=False,
        folder=folder,
    )
