"""What is known of the execution of each page: written by `execute.py`, shown on the status page and by the build."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = "execution.json"
BUDGET = 100
"""Reference jobs that a page may take: 100 s of a machine that does the job in one second."""


@dataclass(frozen=True)
class Entry:
    """One page with code. It stands here only if each of its code cells ran to its end, in order, in a fresh kernel."""

    page: str
    cells: int
    seconds: float
    """On the clock, in cells."""
    processor: float
    """Processor seconds, of all threads and ended child processes."""
    reference: float
    """Processor seconds of the reference job in the same build."""
    day: str

    @property
    def jobs(self) -> float:
        """The page's time in units of the reference job.

        Other work on the machine lengthens the seconds, several threads the processor seconds; the lesser is counted.
        """
        return min(self.seconds, self.processor) / self.reference

    @property
    def is_over(self) -> bool:
        return self.jobs > BUDGET


def write(build: Path, entries: list[Entry]) -> None:
    part = build / f"{FILE}.part"
    part.write_text(json.dumps([asdict(entry) for entry in entries], indent=1), encoding="utf-8")
    os.replace(part, build / FILE)


def read(build: Path) -> list[Entry]:
    """The entries of the last build that executed every page; none before it."""
    path = build / FILE
    if not path.is_file():
        return []
    return [Entry(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))]


def over_budget(entries: list[Entry]) -> str:
    """The pages that take too long, in one line, or nothing. Never an error: a clock decides no build."""
    over = [f"{entry.page} ({entry.jobs:.0f})" for entry in entries if entry.is_over]
    return f"Over the budget of {BUDGET} reference jobs a page: {', '.join(over)}." if over else ""
