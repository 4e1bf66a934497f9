"""What a training step of each configuration costs, on the same batches, one configuration after the other."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric

from pcl_lib._files import write_whole
from pcl_lib.experiments.runner.devices import matrix_products, one_thread
from pcl_lib.experiments.runner.experiment import Configuration, Experiment, Run, S, in_tf32
from pcl_lib.experiments.runner.training import load_final_weights
from pcl_lib.trainers import Engine, batch_rows


def step_times(experiment: Experiment[S], settings: S, home: Path, device: torch.device) -> dict[Run, float]:
    """Milliseconds of a step (networks forward and back, loss, optimiser) of each run: medians over batches.

    The configurations take turns on each batch, so that a slow moment of the machine meets all of them, and each
    starts from the weights that its own run ended with: a trained network is what most steps meet, and the time of a
    matching depends on it. Kept in the folder as `costs.json`; empty for settings that time no steps.
    """
    if not settings.cost_steps:
        return {}
    path = home / "costs.json"
    if not path.exists():
        rows = [
            [*configuration, seed, ms]
            for seed in settings.seeds
            for configuration, ms in _medians(experiment, settings, seed, home, device).items()
        ]
        write_whole(path, json.dumps(rows, indent=1).encode())
    stored = json.loads(path.read_text(encoding="utf-8"))
    return {Run(tuple(configuration), seed): ms for *configuration, seed, ms in stored}


def _medians(
    experiment: Experiment[S], settings: S, seed: int, home: Path, device: torch.device
) -> dict[Configuration, float]:
    data, fabric = experiment.training(settings, device), Fabric(accelerator=device.type, devices=1)
    engines, times = {}, {}
    for configuration in settings.configurations:
        run = Run(configuration, seed)
        method = experiment.method(settings, run, device)
        load_final_weights(run.folder(home), method.modules)
        engines[configuration] = method, Engine(method, fabric, None, None)
        times[configuration] = list[float]()
    with one_thread(device), matrix_products(in_tf32(settings)):
        for step in range(1 + settings.cost_steps):
            rows = batch_rows(step, len(data), settings.batch_size, seed)
            batch = fabric.to_device(data[rows])
            for configuration, (method, engine) in engines.items():
                _wait(device)
                start = time.perf_counter()
                method.step(batch, rows, engine)
                _wait(device)
                if step:  # the first warms up
                    times[configuration].append(1e3 * (time.perf_counter() - start))
    return {configuration: float(np.median(column)) for configuration, column in times.items()}


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
