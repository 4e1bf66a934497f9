"""One loop for all methods."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric

from pcl_lib._files import PARTIAL
from pcl_lib.trainers._checkpoint import checkpoint_path, checkpoints, load_checkpoint, save_checkpoint
from pcl_lib.trainers._data import check_data, fingerprint, take
from pcl_lib.trainers._engine import Engine
from pcl_lib.trainers._hyperparameters import to_adopt
from pcl_lib.trainers._log import History
from pcl_lib.trainers._method import Data, Method
from pcl_lib.trainers._options import (
    FORMAT,
    check_clip,
    check_ema,
    check_fabric,
    check_method,
    check_on_change,
    check_same_run,
    check_seconds,
    check_seed,
    count_steps,
    whole,
)
from pcl_lib.trainers._order import batch_rows
from pcl_lib.trainers._precision import as_run, defaults_of
from pcl_lib.trainers._recorder import Recorder
from pcl_lib.trainers._rng import random_state, restore_random_state, seed_process, untouched_generators


def fit(
    method: Method,
    data: Data,
    *,
    batch_size: int,
    steps: int | None = None,
    epochs: int | None = None,
    seed: int = 0,
    clip: float | None = None,
    ema: float | None = None,
    folder: str | Path | None = None,
    checkpoint_every: int = 1000,
    checkpoint_seconds: float = 0.0,
    resume: bool = True,
    on_change: str = "refuse",
    log_every: int = 10,
    look: Callable[[int], object] | None = None,
    look_at: Collection[int] = (),
    progress: bool = True,
    fabric: Fabric | None = None,
) -> History:
    """Train the networks of a method, in place, on batches of the data.

    - `method`: networks, optimisers and the step, see `Method`. `data`: items by row, see `Data`.
    - `batch_size`: items per step, over all processes together.
    - `steps` or `epochs`: how long, from the beginning.
    - `seed`: of the order of the data and of the random numbers that steps draw. Seed the initial weights yourself,
      before you build the networks. The caller's random numbers are left as they were.
    - `clip`: largest norm of the gradient of each optimiser.
    - `ema`: decay of an exponential moving average of all parameters, in (0, 1): after each step,
      average = ema average + (1 - ema) parameters, from those of step 1 on.
    - `folder`: where checkpoints and the log (``log.jsonl``) go; without one, nothing is written.
    - `checkpoint_every`: a checkpoint is written after so many steps and at the end; the newest two are kept.
    - `checkpoint_seconds`: of these, one is left out where less time than this has passed since the last.
    - `resume`: a run whose folder holds a checkpoint goes on from it; killed at any moment, it ends on a CPU bit for
      bit as if never stopped.
    - `on_change`: when a run is resumed with another learning rate (or weight decay, betas, schedule, ..) than it began
      with: "refuse" it, or "adopt" the new ones from the checkpoint on, where a new schedule then begins. Averages
      that the optimiser keeps, such as Adam's moments, go on. Other settings and data are refused in any case.
    - `log_every`: one record per so many steps, and one at the end, with the values of that step alone. The values
      of all steps are looked at in these moments and not before, so that the device need not wait in between.
    - `look`, `look_at`: `look(step)` is called after each of these steps (0: before the first), to measure
      the networks, which it leaves in training mode. The time that it takes is not counted, and the random
      numbers that it draws are not the run's. It comes before the checkpoint of its step: a run that is
      resumed has had all looks up to there, or is at it now.
    - `progress`: a bar with speed and values, on stderr.
    - `fabric`: device, precision ("32-true", "64-true", "bf16-mixed") and processes, for example
      ``Fabric(accelerator="cuda", precision="bf16-mixed")``. Default: what ``fabric run`` says, else one device.
      "64-true" makes networks, data and losses float64, whatever they were. "bf16-mixed" multiplies matrices in
      bfloat16; parameters, coordinates and losses are float32. "32-true" converts nothing.

    Several processes (``fabric run --devices 2 script.py``), each with its share of every batch, descend as one does
    on the whole batch, if the loss is a mean over items: gradients are averaged. Two things differ. Random numbers are
    each process's own. Batch normalisation sees its share of the batch alone: convert the network with
    `torch.nn.SyncBatchNorm.convert_sync_batchnorm` on GPUs.

    Errors: `Diverged` when a value is not finite, with the step, its items and the last good checkpoint;
    `DamagedCheckpoint`; `ValueError` for options that do not fit each other, the data, or the run in the folder, and
    for data without rows (numpy arrays, lists, a `DataLoader`). A run is known by its settings, hyper-parameters, and
    a checksum of 32 items.

    >>> import torch
    >>> from pcl_lib.distances import chamfer
    >>> from pcl_lib.trainers import Reconstruction
    >>> _ = torch.manual_seed(0)
    >>> model = torch.nn.Linear(3, 3)
    >>> method = Reconstruction(model, chamfer, torch.optim.Adam(model.parameters(), lr=0.1))
    >>> history = fit(method, torch.rand(32, 16, 3), batch_size=8, epochs=5, progress=False)
    >>> [(record["step"], record["epoch"]) for record in history.records]
    [(10, 3), (20, 5)]
    """
    fabric = fabric or Fabric(devices="auto" if "LT_CLI_USED" in os.environ else 1)
    check_method(method)
    check_data(data)
    check_fabric(fabric)
    check_on_change(on_change)
    seed, clip, ema = check_seed(seed), check_clip(clip), check_ema(ema)
    checkpoint_seconds = check_seconds(checkpoint_seconds)
    batch_size = whole("batch_size", batch_size)
    total = count_steps(
        items=len(data),
        processes=fabric.world_size,
        batch_size=batch_size,
        steps=steps,
        epochs=epochs,
        checkpoint_every=checkpoint_every,
        log_every=log_every,
    )
    settings: dict[str, Any] = {
        "seed": seed,
        "items": len(data),
        "batch_size": batch_size,
        "clip": clip,
        "ema": ema,
        "precision": fabric.strategy.precision.precision,
        "processes": fabric.world_size,
        "modules": sorted(method.modules),
        "optimizers": sorted(method.optimizers),
    }
    home = None if folder is None else Path(folder)
    rows_of = partial(batch_rows, n_items=len(data), batch_size=batch_size, seed=seed)
    share = slice(fabric.global_rank, None, fabric.world_size)
    with ExitStack() as stack:
        stack.enter_context(untouched_generators(fabric.device))
        stack.enter_context(defaults_of(fabric))
        if home is not None:
            settings["data"] = fingerprint(data)
        seed_process(seed, fabric.global_rank)
        engine = Engine(method, fabric, ema, clip)
        checkpoint, seconds = _begin(home, resume, on_change, total, engine, settings, fabric)
        recorder = Recorder(
            engine,
            fabric,
            rows=rows_of,
            steps_per_epoch=len(data) // batch_size,
            total=total,
            log_every=log_every,
            path=home and home / "log.jsonl",
            checkpoint=checkpoint,
            seconds=seconds,
            progress=progress,
        )

        def look_if_due() -> None:
            if look is None or engine.step not in look_at:
                return
            recorder.flush()  # waits for the device: what it still computes is the training's time
            with recorder.paused(), untouched_generators(fabric.device):
                look(engine.step)

        try:
            look_if_due()
            saved = time.monotonic()
            while engine.step < total:
                rows = rows_of(engine.step)[share]
                batch, index = fabric.to_device((as_run(take(data, rows), fabric), rows))
                try:
                    values = method.step(batch, index, engine)
                except (ValueError, RuntimeError, ArithmeticError, TypeError, AttributeError) as error:
                    # Losses refuse a cloud that is not finite, before their value could tell.
                    recorder.explain(error)
                    if isinstance(batch, list | tuple) and len(batch) == 1:
                        error.add_note(
                            "Each batch is a tuple of one tensor; a TensorDataset of one is given as the tensor."
                        )
                    raise
                engine.finish_step()
                recorder.add(values)
                look_if_due()
                last = engine.step == total
                due = home is not None and (last or engine.step % checkpoint_every == 0)
                if due and not last and checkpoint_seconds > 0:
                    # By the clock of one process: all have to save together.
                    due = fabric.broadcast(time.monotonic() - saved >= checkpoint_seconds)
                if due or last or engine.step % log_every == 0:
                    recorder.flush()
                if home is not None and due:
                    recorder.check_networks()
                    recorder.log.sync()
                    recorder.checkpoint = checkpoint_path(home, engine.step)
                    _save(recorder.checkpoint, engine, settings, recorder.seconds(), fabric)
                    saved = time.monotonic()
        finally:
            recorder.close()
    averages = {name: average.module for name, average in engine.averages.items()}
    return History(recorder.log.records, recorder.checkpoint, averages)


def _begin(
    home: Path | None,
    resume: bool,
    on_change: str,
    total: int,
    engine: Engine,
    settings: dict[str, Any],
    fabric: Fabric,
) -> tuple[Path | None, float]:
    """Take up the run in a folder: its newest checkpoint and the seconds it took, or none and 0."""
    if home is None:
        return None, 0.0
    if fabric.global_rank == 0:
        home.mkdir(parents=True, exist_ok=True)
        for leftover in home.glob(f"*{PARTIAL}"):
            leftover.unlink()
    found = fabric.broadcast(checkpoints(home)[-1:])
    if not found:
        return None, 0.0
    newest = found[0]
    if not resume:
        raise ValueError(
            f"the folder {home} holds a run with the checkpoint {newest.name}; go on from it with resume=True, or "
            "choose another folder"
        )
    state = load_checkpoint(newest)
    check_same_run(newest, state, settings, total)
    engine.restore(state, adopt=to_adopt(newest, state, engine.hyperparameters(), on_change))
    restore_random_state(state["random"][fabric.global_rank], fabric.device)
    return newest, state["seconds"]


def _save(path: Path, engine: Engine, settings: dict[str, Any], seconds: float, fabric: Fabric) -> None:
    own = random_state(fabric.device)
    random = [own]
    if fabric.world_size > 1:
        random = [own] * fabric.world_size
        torch.distributed.all_gather_object(random, own)
    if fabric.global_rank == 0:
        state = engine.state() | {
            "format": FORMAT,
            "settings": settings,
            "seconds": seconds,
            "random": random,
        }
        save_checkpoint(path, state)
    fabric.barrier()
