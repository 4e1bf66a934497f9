"""An experiment of NeuralQAAD on the pretended device, from its data to its result."""

from dataclasses import replace

import pytest

from pcl_lib.experiments.neuralqaad import table1
from pcl_lib.experiments.neuralqaad.published import ATLAS, OURS
from pcl_lib.experiments.neuralqaad.settings import EM_KD, TRUE
from pcl_lib.experiments.runner.run import run_experiment
from tests.device.pretended import pretended_cuda


def test_from_its_data_to_its_result(tmp_path):
    settings = replace(table1.tiny(), rows=(ATLAS, OURS, TRUE), seeds=(0,), steps=4)
    here = run_experiment(table1.EXPERIMENT, settings, device="cpu", progress=False)
    with pretended_cuda():
        there = run_experiment(table1.EXPERIMENT, settings, folder=tmp_path, device="cuda", progress=False)
    assert there.device == "pretended"
    assert there.data == here.data
    for row, other in zip(here.rows, there.rows, strict=True):
        # Adam's first steps go by the sign of gradients, which rounding decides where they are small.
        assert other.metrics[EM_KD] == pytest.approx(row.metrics[EM_KD], rel=0.05)
