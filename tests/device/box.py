"""Commands that end: each with a limit of its own, all with a common one, and a log of each."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

OUT_OF_TIME = 124
LEAST = 5.0  # seconds without which nothing is begun


class Box:
    """Seconds in which everything has to end, a folder of logs, and the lines that say how each part went."""

    def __init__(self, seconds: float, logs: Path, environment: Mapping[str, str]) -> None:
        self.end = time.monotonic() + seconds
        self.logs = logs
        self.environment = dict(environment)
        self.lines: list[str] = []
        logs.mkdir(parents=True, exist_ok=True)

    @property
    def left(self) -> float:
        return self.end - time.monotonic()

    def say(self, line: str) -> None:
        self.lines.append(line)
        print(line, flush=True)

    def run(self, name: str, command: Sequence[str], *, most: float, tail: int = 6) -> int:
        """Run a command for at most so many seconds, and show the end of its log. Its return code; 124: out of time."""
        part = self.begin(name, command, most=most)
        return OUT_OF_TIME if part is None else part.wait(tail=tail)

    def begin(self, name: str, command: Sequence[str], *, most: float) -> Part | None:
        """Begin a command beside others; None if too little time is left."""
        if self.left < LEAST:
            self.say(f"{name}: no time left")
            return None
        return Part(self, name, command, min(most, self.left))


class Part:
    """A command under way."""

    def __init__(self, box: Box, name: str, command: Sequence[str], most: float) -> None:
        self.box, self.name = box, name
        self.began = time.monotonic()
        self.end = self.began + most
        self.log = box.logs / f"{name}.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                command,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=box.environment,
                start_new_session=True,  # so that what it starts ends with it
            )

    def over(self) -> bool:
        """Whether it has ended, if need be now, for its time is up."""
        if self.process.poll() is not None:
            return True
        if time.monotonic() < self.end:
            return False
        self._stop()
        return True

    def wait(self, *, tail: int = 6) -> int:
        while not self.over():
            time.sleep(0.05)
        seconds, code = time.monotonic() - self.began, self.process.returncode
        self._stop()
        code = OUT_OF_TIME if code is None or (code < 0 and time.monotonic() >= self.end) else code
        self.box.say(f"== {self.name}: rc {code}, {seconds:.0f} s")
        shown = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-tail:]
        print(*(f"   {line[:300]}" for line in shown), sep="\n", flush=True)
        return code

    def _stop(self) -> None:
        """End the command and all that it started."""
        for kind in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, kind)
            except ProcessLookupError:
                break
            if kind is signal.SIGTERM:
                time.sleep(0.2)
        self.process.wait()


def python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]
