"""What the processes run that are killed: nothing but training, slowly enough for a kill to hit it."""

import time
from pathlib import Path

from tests.trainers.toys import Adversarial, train

STEPS = 200


class Slow(Adversarial):
    def step(self, batch, index, engine):
        time.sleep(0.003)
        return super().step(batch, index, engine)


def run(folder: Path, begun: Path | None = None) -> None:
    if begun is not None:
        begun.touch()
    train(Slow(), folder, STEPS)
