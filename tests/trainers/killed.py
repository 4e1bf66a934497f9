"""What the processes run that are killed: nothing but training, which never comes to its end before the kill."""

import time
from pathlib import Path

from tests.trainers.toys import Adversarial, train

STEPS = 200
LONG = 600  # seconds: a process whose killer was killed ends by itself


class Slow(Adversarial):
    """Slow enough that a kill at a random moment hits another step each time, and standing still at `last`."""

    def __init__(self, last: int) -> None:
        super().__init__()
        self.last = last

    def step(self, batch, index, engine):
        if engine.step == self.last:
            time.sleep(LONG)
        time.sleep(0.003)
        return super().step(batch, index, engine)


def run(folder: Path, last: int = STEPS, begun: Path | None = None) -> None:
    if begun is not None:
        begun.touch()
    train(Slow(last), folder, STEPS)
