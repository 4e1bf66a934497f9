"""The networks that settings name, with the weights of a seed, and what trains them."""

from __future__ import annotations

import copy
from functools import partial

import torch

from pcl_lib.experiments.compression.settings import CodecSettings
from pcl_lib.experiments.runner.experiment import Run
from pcl_lib.experiments.runner.of_run import Label, Untrained
from pcl_lib.losses import dpcc_loss
from pcl_lib.models import DPCC
from pcl_lib.trainers import Compression, Method


def method(settings: CodecSettings, run: Run, device: torch.device) -> Method:
    """What trains a run; the caller's random numbers stay as they were."""
    training = settings.training(run.configuration)
    if training is None:
        return Untrained(run)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(run.seed)
        network = DPCC(embeddings=training.embeddings).to(device)
    task = Compression(
        network,
        steps=settings.steps,
        loss=partial(dpcc_loss, weights=training.weights),
        optimizer=partial(torch.optim.Adam, fused=True),
    )
    task.modules["run"] = Label(run)
    return task


def ready(network: torch.nn.Module) -> DPCC:
    """A copy that rounds, on the CPU, with the quantiles and tables that belong to its weights.

    The quantiles are fitted exactly: a training of this length is too short for an optimiser of their own.
    """
    assert isinstance(network, DPCC)
    found = copy.deepcopy(network).cpu().eval()
    for part in (found.bottleneck, found.coordinates.bottleneck):
        part.fit_quantiles()
        part.update()
    return found
