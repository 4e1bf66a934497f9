"""What a run measured: in memory, and in a file of JSON lines that survives the run."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from torch import nn

from pcl_lib._files import write_whole

LoggedStep = dict[str, int | float]


@dataclass(frozen=True)
class History:
    """What `fit` gives back.

    - `records`: one dict per logged step: "step" (steps done), "epoch" (epochs begun), "seconds" (of training so far)
      and what the method returned, a mean over processes.
    - `checkpoint`: the newest checkpoint; `None` without a folder.
    - `averages`: copies of the networks with exponential moving averages of their parameters, by name; empty without
      `ema`.
    - `column(name)`: the values of one name, a value per record that has it.
    """

    records: list[LoggedStep] = field(repr=False)
    checkpoint: Path | None
    averages: dict[str, nn.Module] = field(repr=False)

    def column(self, name: str) -> list[int | float]:
        return [record[name] for record in self.records if name in record]


class Log:
    """Records of a run in order of their steps, each written to `path` as one line of JSON as it comes."""

    def __init__(self, path: Path | None, step: int) -> None:
        """Go on from a step: of what an earlier process wrote, lines beyond it are cut off."""
        self.records: list[LoggedStep] = []
        self._stream = None
        if path is not None:
            self.records = _read(path, step)
            write_whole(path, "".join(map(_line, self.records)).encode())
            self._stream = open(path, "a", encoding="utf-8")  # noqa: SIM115 - open as long as the run

    def write(self, record: LoggedStep) -> None:
        self.records.append(record)
        if self._stream is not None:
            self._stream.write(_line(record))
            self._stream.flush()

    def sync(self) -> None:
        """Wait until the lines are on the disk, so that no checkpoint is ahead of its log."""
        if self._stream is not None:
            os.fsync(self._stream.fileno())

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()


def _line(record: LoggedStep) -> str:
    return json.dumps(record, allow_nan=False) + "\n"


def _read(path: Path, step: int) -> list[LoggedStep]:
    if step == 0 or not path.exists():
        return []
    records: list[LoggedStep] = []
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            if number == len(lines):
                break  # torn by a kill, so written after the checkpoint
            raise ValueError(f"line {number} of the log {path} is damaged: {line[:60]!r}") from error
        if record["step"] > step:
            break
        records.append(record)
    return records
