"""An experiment of NeuralQAAD on the pretended device, from its data to its result."""

from dataclasses import replace
from functools import partial

import pytest
import torch

from pcl_lib.experiments.neuralqaad import build, table1
from pcl_lib.experiments.neuralqaad.published import ATLAS, OURS
from pcl_lib.experiments.neuralqaad.settings import EM_KD, TRUE
from pcl_lib.experiments.runner.run import run_experiment
from pcl_lib.trainers import QAAD
from tests.device.pretended import pretended_cuda


@pytest.mark.slow
def test_from_its_data_to_its_result(tmp_path, monkeypatch):
    # SparseAdam makes sparse tensors of its own, which the pretended device cannot hold.
    monkeypatch.setattr(build, "QAAD", partial(QAAD, table_optimizer=torch.optim.SGD))
    settings = replace(table1.tiny(), rows=(ATLAS, OURS, TRUE), seeds=(0,), steps=4)
    here = run_experiment(table1.EXPERIMENT, settings, device="cpu", progress=False)
    with pretended_cuda():
        there = run_experiment(table1.EXPERIMENT, settings, folder=tmp_path, device="cuda", progress=False)
    assert there.device == "pretended"
    assert there.data == here.data
    for row, other in zip(here.rows, there.rows, strict=True):
        # Adam's first steps go by the sign of gradients, which rounding decides where they are small.
        assert other.metrics[EM_KD] == pytest.approx(row.metrics[EM_KD], rel=0.05)
