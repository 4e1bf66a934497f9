"""How the learning rate moves over a run; all losses of an experiment share it."""

from __future__ import annotations

import math

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR


def share_of_rate(step: int, steps: int) -> float:
    """Share of the learning rate at a step: a warm-up from 1/20 over the first twentieth, half a cosine down to 0.

    >>> [round(share_of_rate(step, 100), 2) for step in (0, 5, 50, 100)]
    [0.05, 0.99, 0.5, 0.0]
    """
    return min(1.0, 0.05 + 0.95 * step / (0.05 * steps)) * (1 + math.cos(math.pi * step / steps)) / 2


def warm_up_and_cosine(optimizer: Optimizer, steps: int) -> LambdaLR:
    """The scheduler of `share_of_rate` for a run of so many steps."""
    return LambdaLR(optimizer, lambda step: share_of_rate(step, steps))
