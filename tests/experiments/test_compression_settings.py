"""Settings of the experiments of D-PCC: refused early, and what each of them trains."""

from dataclasses import replace

import pytest

from pcl_lib.experiments.compression import ablation, rate_distortion
from pcl_lib.experiments.compression.settings import (
    DPCC,
    FULL,
    NO_DENSITY_EMBEDDING,
    NO_POSITION,
    OCTREE,
    RATES,
    TERMS,
    VARIANTS,
)
from pcl_lib.losses import DPCCWeights


@pytest.mark.parametrize("module", [ablation, rate_distortion])
def test_a_step_is_of_one_patch(module):
    for preset in module.EXPERIMENT.presets.values():
        settings = preset()
        assert settings.epochs == settings.steps / (settings.patches * len(settings.sets))


def test_five_rates_three_seeds_and_curves_long_enough():
    settings = rate_distortion.record_cpu()
    assert settings.rates == RATES
    assert len(settings.seeds) == 3
    assert settings.sets == ("faces", "families", "streets")
    of_codec = {}
    for codec, setting in settings.configurations:
        of_codec.setdefault(codec, []).append(setting)
    assert all(len(found) >= 4 for found in of_codec.values()), "Bjontegaard needs four points a curve"


def test_a_rate_is_the_weight_of_its_network():
    settings = rate_distortion.record_cpu()
    assert settings.training((DPCC, "3e-3")).weights == DPCCWeights(rate=3e-3)
    assert settings.training((OCTREE, "5 bits")) is None


def test_each_variant_leaves_out_what_its_name_says():
    settings = ablation.record_cpu()
    assert len(settings.seeds) == 5
    found = {variant: settings.training((variant,)) for variant in VARIANTS}
    whole = DPCCWeights(rate=settings.rate)
    assert found[FULL] == (whole, ("position", "density"))
    assert found["no density loss"].weights == whole._replace(density=0.0)
    assert found["counts only"].weights == whole._replace(density_distances=0.0)
    assert found["distances only"].weights == whole._replace(density_counts=0.0)
    assert found["distance weight 1"].weights == whole._replace(density_distances=1.0)
    assert found["no count loss"].weights == whole._replace(counts=0.0)
    assert found[NO_POSITION] == (whole, ("density",))
    assert found[NO_DENSITY_EMBEDDING] == (whole, ("position",))
    assert len(set(found.values())) == len(TERMS) == 8


@pytest.mark.parametrize(
    ("module", "changes", "message"),
    [
        (ablation, {"sets": ("cars",)}, "sets must be some of faces, families, streets"),
        (ablation, {"variants": ("no loss",)}, "variants must be some of full, no density loss"),
        (ablation, {"fewest": 13}, "fewest must be at least 14, received 13"),
        (ablation, {"most": 20}, "most must be at least fewest, 30 points of a patch, received 20"),
        (ablation, {"held": 0}, "held must be at least 1, received 0"),
        (ablation, {"seeds": (1, 1)}, "seeds must be different"),
        (rate_distortion, {"codecs": ("G-PCC",)}, "codecs must be some of D-PCC, octree, grid, Draco"),
        (rate_distortion, {"rates": ("low",)}, "rates must be numbers from 0 up, received 'low'"),
        (rate_distortion, {"rates": ("-1",)}, "rates must be numbers from 0 up, received '-1'"),
        (rate_distortion, {"tested": 0}, "tested must be at least 1, received 0"),
        (rate_distortion, {"patch": 700}, "patch must be at least 800, received 700"),
    ],
)
def test_bad_settings_are_refused(module, changes, message):
    with pytest.raises(ValueError, match=message):
        replace(module.tiny(), **changes)
