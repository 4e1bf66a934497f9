"""Runs inside the kernel of a chapter and answers, after each cell: was it interrupted, how much work was done?

The protocol between notebook and kernel does not say so: a cell that catches the KeyboardInterrupt of a SIGINT ends
like any other. A result that was cut short by a signal is none, whatever the cell makes of it.
"""

from __future__ import annotations

import os
import signal
from types import FrameType
from typing import Any

# What the notebook side sends once (`START`), and asks after each cell (`REPORT`); both see only IPython's own names.
START = "__import__('book._tools.watch', fromlist=['Watch']).Watch(get_ipython())"
REPORT = "get_ipython().watch.report()"


class Watch:
    """Counts the interrupts of a kernel; stands as `watch` on its shell."""

    def __init__(self, shell: Any) -> None:
        self.interrupts = 0
        shell.watch = self
        shell.events.register("pre_run_cell", self.listen)

    def listen(self, _: object) -> None:
        """ipykernel sets its own handler before each cell, so this one is set after that."""
        signal.signal(signal.SIGINT, self.interrupted)

    def interrupted(self, _: int, __: FrameType | None) -> None:
        self.interrupts += 1
        raise KeyboardInterrupt

    def report(self) -> tuple[int, float]:
        """Interrupts so far, and processor seconds so far of this process and its ended children."""
        return self.interrupts, sum(os.times()[:4])
