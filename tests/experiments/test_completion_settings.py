"""Settings of the experiments on completion: refused early, of the papers' sizes by default."""

from dataclasses import replace

import pytest

from pcl_lib.distances._weights import (
    WEIGHTS,
    ChiSquared,
    ExtremeValue,
    Gamma,
    Landau,
    Logistic,
    LogLogistic,
    Normal,
    Weibull,
)
from pcl_lib.experiments.completion import losses as completion_losses
from pcl_lib.experiments.completion import networks as completion_networks
from pcl_lib.experiments.completion.build import build
from pcl_lib.experiments.completion.settings import LOSSES, NETWORKS, Settings
from pcl_lib.experiments.named_losses import WEIGHED


@pytest.mark.parametrize("module", [completion_losses, completion_networks])
def test_the_presets(module):
    assert set(module.EXPERIMENT.presets) == {"live", "record", "record-cpu", "record-gpu", "tiny"}
    made = {name: preset() for name, preset in module.EXPERIMENT.presets.items()}
    for settings in made.values():
        assert len(settings.logged_steps) == settings.looks
        assert settings.curve_measure == "CD-L1"
    for name in ("record", "record-cpu"):
        assert made[name].seeds == (0, 1, 2)
    assert completion_losses.record_cpu().losses == LOSSES
    assert completion_networks.record_cpu().networks == NETWORKS


def test_the_defaults_are_the_papers_sizes():
    settings = Settings()
    assert (settings.n_partial, settings.n_points) == (2048, 16_384)
    assert (settings.steps, settings.batch_size, settings.learning_rate) == (100_000, 32, 1e-3)
    parameters = {name: sum(p.numel() for p in build(settings, name, 0).parameters()) for name in NETWORKS}
    assert parameters == {
        "Folding": 2_407_430,
        "PCN": 6_861_059,
        "PointAttN": 36_662_793,
        "SnowflakeNet": 19_317_612,
    }


def test_the_weights_have_the_constants_of_the_papers_results():
    assert {loss: WEIGHTS[weight] for loss, weight in WEIGHED.items()} == {
        "Weibull CD": Weibull(k=2.0, lam=5.0),
        "Normal CD": Normal(sigma=1.4),
        "Logistic CD": Logistic(sigma=1.0),
        "Log-Logistic CD": LogLogistic(alpha=5.0, beta=2.0),
        "Extreme-Value CD": ExtremeValue(beta=1.4),
        "Chi-Squared CD": ChiSquared(k=3.0),
        "Gamma CD": Gamma(alpha=2.0, beta=0.4),
        "Landau CD": Landau(),
    }


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"losses": ("CD", "L2")}, r"losses must be some of CD, EMD, .*, received \('CD', 'L2'\)"),
        ({"losses": ("EMD",)}, "the runs must hold loss 'CD', to which costs are relative"),
        ({"networks": ("AE",)}, "networks must be some of Folding, PCN, PointAttN, SnowflakeNet"),
        ({"seeds": (1, 1)}, "seeds must be different from each other"),
        ({"looks": 5}, "looks must be from 1 to the 4 steps, received 5"),
        ({"shown": 4}, "from 1 to the 3 test_shapes, received 4 and 2"),
        ({"losses": ("CD", "EMD", "DCD")}, "one-sided form of each loss, which EMD, DCD have not"),
        ({"pcn_coarse": 9}, "n_points is 64, and the sizes of PCN make 36 points; let them agree"),
        ({"attn_up": (2, 3)}, "the sizes of PointAttN make 96 points"),
        ({"snow_up": (2,)}, "the sizes of SnowflakeNet make 32 points"),
        ({"n_shape": 63}, "n_points must be at most the 63 points of a shape, received 64"),
        ({"views": 2}, "views and crops make half of the pairs each, at least 1, received 2 and 1"),
    ],
)
def test_bad_settings_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        replace(completion_networks.tiny(), **changes)
