"""What a look at a run measures, and where the bound on memory lies."""

import pytest
import torch

from pcl_lib.distances import em_kd
from pcl_lib.experiments.claims import HOLDS, PART
from pcl_lib.experiments.neuralqaad import build, data, evaluate, table1, theory
from pcl_lib.experiments.neuralqaad.published import OURS
from pcl_lib.experiments.runner.experiment import Run


def test_a_look_is_em_kd_in_per_cent_of_how_far_clouds_lie_from_their_mean():
    settings = table1.tiny()
    modules = build.method(settings, Run(("figures", OURS), 0), torch.device("cpu")).modules
    of, rows = data.load(settings, "figures"), data.evaluated_rows(settings, settings.curve_shapes)
    made = evaluate.made_of(settings, modules, rows)
    matched = em_kd(made, of.clouds[rows], leaf_size=settings.leaf_size).value.double().mean()
    found = evaluate.look(settings, modules)
    assert float(found["value"]) == pytest.approx(100 * float(matched) / of.deviation, rel=1e-6)
    assert found["made"].shape[0] == 2, "the cloud, and the input cloud"


def test_four_gibibytes_are_allowed():
    million = {"points": 1_048_576, "bounded": [True]}
    within = theory.on_million("page.html", **million, peak=4.0 * 1024**3)
    assert within.verdict == HOLDS
    assert "1,048,576 points in 4.0 GB" in within.number
    assert theory.on_million("page.html", **million, peak=4.0 * 1024**3 + 1).verdict == PART
