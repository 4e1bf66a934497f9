"""Train the configurations of an experiment in turn or side by side, so that a stopped run goes on where it was."""

from __future__ import annotations

import json
import multiprocessing
import os
import platform
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor
from tqdm.auto import tqdm

from pcl_lib.experiments.arrays import read_arrays, write_arrays
from pcl_lib.experiments.hashing import settings_hash
from pcl_lib.experiments.parts import Parts, Run
from pcl_lib.experiments.result import Result
from pcl_lib.trainers import checkpoints, fit, load_checkpoint
from pcl_lib.trainers.files import write_whole

CHECKPOINT_EVERY = 500


def runs_of(settings: Any) -> list[Run]:
    """All runs; those of one seed before those of the next, so that a stopped experiment has whole seeds."""
    return [
        Run(network, loss, seed)
        for seed in settings.seeds
        for network in settings.networks
        for loss in settings.losses
    ]


def resolve(device: str) -> torch.device:
    """The device of that name, "auto" for a GPU if there is one."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device not in ("cpu", "cuda"):
        raise ValueError(f'device must be "auto", "cpu" or "cuda", received {device!r}')
    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError('device is "cuda", and torch finds no GPU; use "cpu" or "auto"')
    return torch.device(device)


def claim(home: Path, name: str, version: int, settings: Any) -> None:
    """Make the folder that of these settings, or find that it is."""
    path = home / "settings.json"
    digest = settings_hash(name, version, settings)
    if path.exists():
        found = json.loads(path.read_text(encoding="utf-8"))["hash"]
        if found != digest:
            raise ValueError(
                f"the folder {home} holds a run of other settings ({found[:12]}, now {digest[:12]}); "
                "choose another folder"
            )
        return
    home.mkdir(parents=True, exist_ok=True)
    whole = {"experiment": name, "hash": digest, "settings": asdict(settings)}
    write_whole(path, json.dumps(whole, indent=1).encode())


def train_all(
    parts: Parts, settings: Any, home: Path, device: torch.device, *, progress: bool, processes: int
) -> None:
    """Every run that has no result in the folder yet."""
    if processes < 1:
        raise ValueError(f"processes must be at least 1, received {processes}")
    parts.origin(settings)  # what is missing is said here, once
    todo = [run for run in runs_of(settings) if not (run.folder(home) / "run.npz").exists()]
    bar = tqdm(
        total=len(runs_of(settings)),
        initial=len(runs_of(settings)) - len(todo),
        unit="run",
        disable=not progress,
    )
    with bar:
        if processes == 1 or len(todo) < 2:
            for run in todo:
                bar.set_postfix_str(" ".join(map(str, run)))
                train(parts, settings, run, home, device)
                bar.update()
            return
        # Fresh processes: a fork of one that has threads or a GPU may hang.
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(min(processes, len(todo)), mp_context=context)
        try:
            for done in as_completed(
                [pool.submit(train, parts, settings, run, home, device) for run in todo]
            ):
                done.result()
                bar.update()
        finally:
            pool.shutdown(cancel_futures=True)


def train(parts: Parts, settings: Any, run: Run, home: Path, device: torch.device) -> None:
    """One run, from where its folder stands to its result: `run.npz`, whole or absent."""
    folder = run.folder(home)
    data = parts.training(settings, device)
    with one_thread(device):
        method = parts.method(settings, run, device)
        network = method.modules["model"]
        looks = []
        for step in settings.logged_steps:
            path = folder / f"look-{step:09d}.npz"
            if not path.exists():
                history = fit(
                    method,
                    data,
                    batch_size=settings.batch_size,
                    steps=step,
                    seed=run.seed,
                    folder=folder,
                    checkpoint_every=CHECKPOINT_EVERY,
                    log_every=step,
                    progress=False,
                    fabric=Fabric(accelerator=device.type, devices=1),
                )
                look = parts.look(settings, network) | {"seconds": history.records[-1]["seconds"]}
                write_arrays(path, look)
            looks.append(read_arrays(path))
        # All looks may be of an earlier process, which was stopped before it wrote the result.
        network.load_state_dict(final_weights(folder))
        measured = parts.measure(settings, network)
    write_arrays(
        folder / "run.npz",
        {
            **measured.arrays,
            "metric_names": np.array(list(measured.metrics)),
            "metrics": np.array(list(measured.metrics.values())),
            "ms_per_step": np.array(1e3 * looks[-1]["seconds"] / settings.steps),
            "seconds": looks[-1]["seconds"],
            "curve": np.stack([look["value"] for look in looks]),
            "steps": np.stack([look["made"] for look in looks]),
        },
    )


def final_weights(folder: Path) -> Mapping[str, Tensor]:
    """The weights that the run of a folder ended with."""
    return load_checkpoint(checkpoints(folder)[-1])["modules"]["model"]


def collect(
    parts: Parts, settings: Any, home: Path, device: torch.device, times: Mapping[Run, float]
) -> Result:
    """The result of runs that are all finished. `times`: milliseconds of a training step."""
    done = {run: read_arrays(run.folder(home) / "run.npz") for run in runs_of(settings)}
    rows = [
        {
            "network": run.network,
            "loss": run.loss,
            "seed": run.seed,
            "metrics": dict(zip(found["metric_names"].tolist(), found["metrics"].tolist(), strict=True)),
            "ms_per_step": float(found["ms_per_step"]),
            "relative_cost": times[run] / times[run._replace(loss="CD")],
        }
        for run, found in done.items()
    ]
    curves = {
        (network, loss): np.stack([done[Run(network, loss, seed)]["curve"] for seed in settings.seeds])
        for network in settings.networks
        for loss in settings.losses
    }
    return Result(
        rows=rows,
        curves=curves,
        logged_steps=list(settings.logged_steps),
        curve_measure=settings.curve_measure,
        previews=parts.previews(settings, done),
        data=parts.origin(settings),
        device=device_name(device),
        seconds=sum(float(found["seconds"]) for found in done.values()),
    )


def device_name(device: torch.device) -> str:
    """What the device calls itself."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"CPU, {models[0] if models else platform.machine()}, {cores} cores"


@contextmanager
def one_thread(device: torch.device) -> Iterator[None]:
    """One thread of torch on a CPU: networks this small gain nothing from more, and sums come out the same."""
    threads = torch.get_num_threads()
    if device.type == "cpu":
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
