"""What a training step costs with each loss, on the same batches, one loss after the other."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric

from pcl_lib.experiments.parts import Parts, Run
from pcl_lib.experiments.runs import final_weights, one_thread
from pcl_lib.trainers import Engine
from pcl_lib.trainers.files import write_whole
from pcl_lib.trainers.order import batch_rows


def measure(parts: Parts, settings: Any, home: Path, device: torch.device) -> dict[Run, float]:
    """Milliseconds of a step (network forward and back, loss, Adam) of each run: medians over batches.

    The losses take turns on each batch, so that a slow moment of the machine meets all of them, and start from the
    weights of the same seed trained with CD: a trained network is what most steps meet, and the time of a matching
    depends on it. Kept in the folder as `costs.json`.
    """
    path = home / "costs.json"
    if not path.exists():
        columns = [
            Run(network, loss, seed)._asdict() | {"ms": ms}
            for seed in settings.seeds
            for network in settings.networks
            for loss, ms in _medians(parts, settings, network, seed, home, device).items()
        ]
        write_whole(path, json.dumps(columns, indent=1).encode())
    stored = json.loads(path.read_text(encoding="utf-8"))
    return {Run(row["network"], row["loss"], row["seed"]): row["ms"] for row in stored}


def _medians(
    parts: Parts, settings: Any, network: str, seed: int, home: Path, device: torch.device
) -> dict[str, float]:
    weights = final_weights(Run(network, "CD", seed).folder(home))
    data, fabric = parts.training(settings, device), Fabric(accelerator=device.type, devices=1)
    methods = {loss: parts.method(settings, Run(network, loss, seed), device) for loss in settings.losses}
    engines = {loss: Engine(method, fabric, None, None) for loss, method in methods.items()}
    for method in methods.values():
        method.modules["model"].load_state_dict(weights)
    times: dict[str, list[float]] = {loss: [] for loss in settings.losses}
    with one_thread(device):
        for step in range(1 + settings.cost_steps):
            rows = batch_rows(step, len(data), settings.batch_size, seed)
            batch = fabric.to_device(data[rows])
            for loss, method in methods.items():
                _wait(device)
                start = time.perf_counter()
                method.step(batch, rows, engines[loss])
                _wait(device)
                if step:  # the first warms up
                    times[loss].append(1e3 * (time.perf_counter() - start))
    return {loss: float(np.median(column)) for loss, column in times.items()}


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
