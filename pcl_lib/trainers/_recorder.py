"""Collect what steps return, notice divergence, write the log, move the progress bar."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor
from tqdm.auto import tqdm

from pcl_lib.trainers._engine import Engine
from pcl_lib.trainers._log import Log

OWN_NAMES = ("step", "epoch", "seconds")


class Diverged(RuntimeError):
    """A value or a parameter is not finite any more.

    `step`, counted from 1, is where it began, `items` are the rows of the data in its batch (of all processes), and
    `checkpoint` is the newest one, whose parameters are finite (`None` if there is none yet).
    """

    def __init__(self, message: str, step: int, items: list[int], checkpoint: Path | None) -> None:
        super().__init__(message)
        self.step, self.items, self.checkpoint = step, items, checkpoint


class Recorder:
    """The records of a run from the step at which the engine stands."""

    def __init__(
        self,
        engine: Engine,
        fabric: Fabric,
        *,
        rows: Callable[[int], Tensor],
        steps_per_epoch: int,
        total: int,
        log_every: int,
        path: Path | None,
        checkpoint: Path | None,
        seconds: float,
        progress: bool,
    ) -> None:
        self._engine, self._fabric = engine, fabric
        self._rows, self._steps_per_epoch = rows, steps_per_epoch
        self._total, self._log_every = total, log_every
        self.checkpoint = checkpoint
        self._pending: list[dict[str, Tensor]] = []
        first = fabric.global_rank == 0
        self.log = Log(path if first else None, engine.step)
        self.log.records[:] = fabric.broadcast(self.log.records)
        self._bar = tqdm(total=total, initial=engine.step, unit="step", disable=not (progress and first))
        self._start = time.perf_counter() - seconds

    def seconds(self) -> float:
        return time.perf_counter() - self._start

    @contextmanager
    def paused(self) -> Iterator[None]:
        """What happens within is not of the training's time."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self._start += time.perf_counter() - began

    def add(self, values: Mapping[str, Tensor | float]) -> None:
        """Keep what a step returned, without waiting for the device."""
        kept = {}
        for name, value in values.items():
            tensor = value.detach() if isinstance(value, Tensor) else torch.tensor(value, device="cpu")
            if tensor.ndim or name in OWN_NAMES:
                raise ValueError(
                    f"a step returns scalars under names other than {', '.join(OWN_NAMES)}, received {name!r} of "
                    f"shape {tuple(tensor.shape)}; take its mean or rename it"
                )
            kept[name] = tensor
        self._pending.append(kept)

    def flush(self) -> None:
        """Look at all values since the last time; log those whose turn it is. All processes do so together."""
        values, self._pending = self._values(), []
        for step, record in enumerate(values, start=self._engine.step - len(values) + 1):
            self._refuse_divergence(step, record)
            if step % self._log_every == 0 or step == self._total:
                epoch = math.ceil(step / self._steps_per_epoch)
                self.log.write({"step": step, "epoch": epoch, "seconds": round(self.seconds(), 3), **record})
        if values and not self._bar.disable:
            self._bar.set_postfix({name: f"{value:.4g}" for name, value in values[-1].items()}, refresh=False)
            self._bar.update(len(values))

    def check_networks(self) -> None:
        """Refuse to go on with parameters that are not finite, whatever the last loss was."""
        broken = self._engine.broken_network()
        if broken is not None:
            # An update that has not been followed by the end of its step belongs to the step that is under way.
            step = self._engine.step + (1 if self._engine.moved else 0)
            raise self._diverged(step, f"the parameters of {broken!r} are not finite after step {step}")

    def explain(self, error: Exception) -> None:
        """After an error in a step: raise `Diverged` if numbers that are not finite may be its cause.

        Any other error is told where it happened.
        """
        pending = [{name: float(value) for name, value in values.items()} for values in self._pending]
        for step, record in enumerate(pending, start=self._engine.step - len(pending) + 1):
            self._refuse_divergence(step, record)
        if self._engine.step or self._engine.moved:
            self.check_networks()
        error.add_note(f"This happened in step {self._engine.step + 1} {self._where(self._engine.step + 1)}.")

    def close(self) -> None:
        self._bar.close()
        self.log.close()

    def _values(self) -> list[dict[str, float]]:
        """The pending values as floats, a mean over processes: one transfer from the device for all of them."""
        flat = [value.to(self._fabric.device) for values in self._pending for value in values.values()]
        if not flat:
            return [{} for _ in self._pending]
        mean: Any = self._fabric.all_reduce(torch.stack(flat))
        floats = iter(mean.tolist())
        return [{name: next(floats) for name in values} for values in self._pending]

    def _refuse_divergence(self, step: int, record: Mapping[str, float]) -> None:
        for name, value in record.items():
            if not math.isfinite(value):
                raise self._diverged(step, f"{name!r} is {value} at step {step}")

    def _items(self, step: int) -> list[int]:
        return sorted(self._rows(step - 1).tolist())

    def _where(self, step: int) -> str:
        items = self._items(step)
        epoch, batch = divmod(step - 1, self._steps_per_epoch)
        shown = ", ".join(map(str, items[:8])) + (", ..." if len(items) > 8 else "")
        return f"(batch {batch + 1} of epoch {epoch + 1}, items {shown})"

    def _diverged(self, step: int, what: str) -> Diverged:
        good = (
            "there is no checkpoint yet" if self.checkpoint is None else f"last good one: {self.checkpoint}"
        )
        return Diverged(
            f"{what} {self._where(step)}; checkpoint: {good}; lower the learning rate, clip the gradients, or look at "
            "these items",
            step,
            self._items(step),
            self.checkpoint,
        )
