"""Train the runs of an experiment in turn or side by side, so that a stopped one goes on where it was."""

from __future__ import annotations

import json
import multiprocessing
import platform
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import nn
from tqdm.auto import tqdm

from pcl_lib._files import write_whole
from pcl_lib.experiments.runner.devices import device_name, matrix_products, one_thread
from pcl_lib.experiments.runner.experiment import (
    Experiment,
    Origin,
    Run,
    S,
    Settings,
    clipped,
    in_tf32,
    runs_of,
)
from pcl_lib.experiments.runner.npz import read_arrays, write_arrays
from pcl_lib.experiments.runner.result import Result, Row
from pcl_lib.experiments.runner.settings_hash import as_recorded, settings_hash
from pcl_lib.trainers import checkpoints, fit, load_checkpoint

RESULT = "run.npz"
CHECKPOINT_SECONDS = 60.0  # what a stopped run loses at most


def claim(home: Path, experiment: Experiment[S], settings: S) -> None:
    """Make the folder that of these settings, or find that it is."""
    path = home / "settings.json"
    digest = settings_hash(experiment.name, experiment.version, settings)
    if path.exists():
        found = json.loads(path.read_text(encoding="utf-8"))["hash"]
        if found != digest:
            raise ValueError(
                f"the folder {home} holds a run of other settings ({found[:12]}, now {digest[:12]}); "
                "choose another folder"
            )
        return
    home.mkdir(parents=True, exist_ok=True)
    whole = {"experiment": experiment.name, "hash": digest, "settings": as_recorded(settings)}
    write_whole(path, json.dumps(whole, indent=1).encode())


def train_all(
    experiment: Experiment[S],
    settings: S,
    home: Path,
    device: torch.device,
    *,
    progress: bool,
    processes: int,
) -> None:
    """Every run that has no result in the folder yet."""
    if processes < 1:
        raise ValueError(f"processes must be at least 1, received {processes}")
    installed_versions()  # what is missing is said here, not after hours of training
    every = runs_of(settings)
    todo = [run for run in every if not (run.folder(home) / RESULT).exists()]
    with tqdm(
        total=len(every), initial=len(every) - len(todo), unit="run", disable=not progress
    ) as progress_bar:
        if processes == 1 or len(todo) < 2:
            experiment.origin(settings)  # the same of the data
            for run in todo:
                progress_bar.set_postfix_str(str(run))
                train(experiment, settings, run, home, device)
                progress_bar.update()
            return
        # Fresh processes: a fork of one that has threads or a GPU may hang.
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(min(processes, len(todo)), mp_context=context)
        try:
            futures = [pool.submit(train, experiment, settings, run, home, device) for run in todo]
            experiment.origin(settings)  # each process makes the data, this one at the same time
            for done in as_completed(futures):
                done.result()
                progress_bar.update()
        finally:
            pool.shutdown(cancel_futures=True)


def check_finished(settings: Settings, home: Path) -> None:
    """Raise `ValueError` with the runs that have no result in the folder yet."""
    missing = [str(run) for run in runs_of(settings) if not (run.folder(home) / RESULT).exists()]
    if missing:
        raise ValueError(f"the folder {home} lacks the runs {', '.join(missing)}; train them first")


def train(experiment: Experiment[S], settings: S, run: Run, home: Path, device: torch.device) -> None:
    """One run, from where its folder stands to its result: `run.npz`, whole or absent."""
    folder = run.folder(home)
    data = experiment.training(settings, device)
    with one_thread(device), matrix_products(in_tf32(settings)):
        method = experiment.method(settings, run, device)

        def look(step: int) -> None:
            write_arrays(_look_path(folder, step), experiment.look(settings, method.modules))

        history = fit(
            method,
            data,
            batch_size=settings.batch_size,
            steps=settings.steps,
            seed=run.seed,
            clip=clipped(settings),
            folder=folder,
            # By time alone: at one of a large network, a second, many steps on a GPU are done.
            checkpoint_every=1,
            checkpoint_seconds=CHECKPOINT_SECONDS,
            log_every=settings.steps,
            look=look,
            look_at=settings.logged_steps,
            progress=False,
            fabric=Fabric(accelerator=device.type, devices=1),
        )
        measured = experiment.measure(settings, method.modules)
    looks = [read_arrays(_look_path(folder, step)) for step in settings.logged_steps]
    seconds = history.records[-1]["seconds"]
    write_arrays(
        folder / RESULT,
        {
            **measured.arrays,
            "metric_names": np.array(list(measured.metrics)),
            "metrics": np.array(list(measured.metrics.values())),
            "ms_per_step": np.array(1e3 * seconds / settings.steps),
            "seconds": np.array(seconds),
            "curve": np.stack([look["value"] for look in looks]),
            "steps": np.stack([look["made"] for look in looks]),
            # Of the machine that trained: the one that gathers may be another.
            "device": np.array(device_name(device)),
            "data": np.array(experiment.origin(settings)),
            "versions": np.array([f"{name} {number}" for name, number in installed_versions().items()]),
        },
    )


def _look_path(folder: Path, step: int) -> Path:
    return folder / f"look-{step:09d}.npz"


def load_final_weights(folder: Path, modules: Mapping[str, nn.Module]) -> None:
    """Give modules, by name, the weights that the run of a folder ended with."""
    found = checkpoints(folder)
    if not found:
        raise ValueError(
            f"{folder} holds no checkpoint: its run was trained elsewhere or its weights were removed; "
            "train it again, or take costs where it was trained"
        )
    state = load_checkpoint(found[-1])["modules"]
    for name, module in modules.items():
        module.load_state_dict(state[name])


def collect(experiment: Experiment[S], settings: S, home: Path, times: dict[Run, float]) -> Result:
    """The result of runs that are all finished. `times`: milliseconds of a training step, where it was timed."""
    done = {run: read_arrays(run.folder(home) / RESULT) for run in runs_of(settings)}
    rows = []
    for run, found in done.items():
        baseline = settings.baseline(run.configuration)
        rows.append(
            Row(
                factors=dict(zip(settings.factors, run.configuration, strict=True)),
                seed=run.seed,
                metrics=dict(zip(found["metric_names"].tolist(), found["metrics"].tolist(), strict=True)),
                ms_per_step=float(found["ms_per_step"]),
                relative_cost=times[run] / times[Run(baseline, run.seed)] if baseline and times else None,
            )
        )
    origins = {Origin(*map(str, found["data"])) for found in done.values()}
    if len(origins) > 1:
        raise ValueError(
            f"the runs of {home} are of different data ({', '.join(sorted(o.checksum[:12] for o in origins))}); "
            "choose another folder and train them all in it"
        )
    return Result(
        rows=rows,
        curves={
            configuration: np.stack([done[Run(configuration, seed)]["curve"] for seed in settings.seeds])
            for configuration in settings.configurations
        },
        logged_steps=list(settings.logged_steps),
        curve_measure=settings.curve_measure,
        previews=experiment.previews(settings, done),
        data=origins.pop()._asdict(),
        device="; ".join(dict.fromkeys(str(found["device"]) for found in done.values())),
        seconds=sum(float(found["seconds"]) for found in done.values()),
        versions=_versions(found["versions"].tolist() for found in done.values()),
    )


def installed_versions() -> dict[str, str]:
    """Versions of Python and of the packages that numbers depend on."""
    packages = {package: version(package) for package in ("torch", "numpy", "pcl_lib")}
    return {"python": platform.python_version(), **packages}


def _versions(runs: Any) -> dict[str, str]:
    """Each package once; where runs had several versions of it, all of them."""
    found: dict[str, dict[str, None]] = {}
    for pairs in runs:
        for name, number in (pair.split(" ", 1) for pair in pairs):
            found.setdefault(name, {})[number] = None
    return {name: ", ".join(numbers) for name, numbers in found.items()}
