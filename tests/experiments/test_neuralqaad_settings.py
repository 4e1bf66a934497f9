"""Settings of the experiments of NeuralQAAD: refused early, networks of equal weights."""

from dataclasses import replace

import pytest
import torch

from pcl_lib.experiments.neuralqaad import build, design, large, sampling, sizes, table1
from pcl_lib.experiments.neuralqaad.published import ATLAS, CHAMFER, OURS, WEIGHTS
from pcl_lib.experiments.neuralqaad.settings import DESIGNS, MEAN_START, TRAINED, UNTRAINED, USUAL
from pcl_lib.experiments.runner.experiment import Run
from pcl_lib.models import parameter_count


def test_table_1_has_every_row_on_two_sets_with_three_seeds():
    for preset in (table1.record_cpu, table1.record_cpu_independent, table1.record_gpu, table1.record_short):
        settings = preset()
        assert settings.rows == (*TRAINED, *UNTRAINED)
        assert settings.sets == ("faces", "figures")
        assert len(settings.seeds) == 3
        assert settings.rate == 1e-3
    assert table1.record_cpu_independent().mode == "independent"


def test_a_quarter_of_the_steps_is_looked_at():
    """So that AtlasNetV2 can be shown where the paper stops it, at 150 of 600 epochs."""
    for module in (table1, large):
        for name, preset in module.EXPERIMENT.presets.items():
            settings = preset()
            if name.startswith("record"):
                assert settings.pretraining_steps in settings.logged_steps


@pytest.mark.parametrize(
    "settings", [table1.record_cpu(), table1.record_short(), large.record()], ids=["cpu", "short", "large"]
)
def test_atlasnet_v2_has_as_many_weights_within_a_per_cent(settings):
    ours = sizes.weights(
        3 + settings.code_dim, (*settings.trunk, *settings.heads), len(settings.trunk), settings.patches
    )
    with torch.device("meta"):
        widths = sizes.atlas_widths(settings.code_dim, settings.patches, ours)
        theirs = sizes.atlas(settings.code_dim, settings.cloud_points, settings.patches, *widths)
    assert parameter_count(theirs) == pytest.approx(ours, rel=0.01)


def test_the_paper_s_widths_are_the_default():
    settings = table1.record_cpu()
    widths = (*settings.trunk, *settings.heads)
    assert sizes.weights(3 + settings.code_dim, widths, 4, settings.patches) == WEIGHTS["Skulls"]


@pytest.mark.parametrize("preset", [design.record_cpu, design.record_short])
def test_designs_have_equal_weights(preset):
    settings = preset()
    found = {}
    for row in settings.rows:
        of = settings.row(("faces", row))
        trunk, heads = sizes.layers(settings, of)
        assert len(trunk) == of.shared
        assert len(trunk) + len(heads) == 6
        found[row] = sizes.weights(3 + settings.code_dim, (*trunk, *heads), of.shared, of.patches)
    assert settings.rows == tuple(row for row in DESIGNS if row in found)
    assert {DESIGNS[0], USUAL, MEAN_START} < found.keys(), "what the claims compare"
    assert max(abs(each / found[USUAL] - 1) for each in found.values()) < 0.01, found
    assert found[USUAL] == found[MEAN_START]


def test_the_network_has_the_weights_that_are_counted():
    settings = design.tiny()
    for row in settings.rows:
        run = Run(("figures", row), 0)
        of = settings.row(run.configuration)
        trunk, heads = sizes.layers(settings, of)
        counted = sizes.weights(3 + settings.code_dim, (*trunk, *heads), of.shared, of.patches)
        assert build.network(settings, run).network_weights == counted


def test_points_of_a_step_are_those_of_the_configuration():
    settings = sampling.record_cpu()
    found = {settings.row(configuration).points for configuration in settings.configurations}
    assert found == {64, 128, 256, 512, 1024}
    assert {configuration[1] for configuration in settings.configurations} == {ATLAS, CHAMFER, OURS}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rows": ("FoldingNet",)}, "rows must be some of AtlasNetV2, augmented Chamfer"),
        ({"sets": ("skulls",)}, "sets must be some of faces, figures"),
        ({"mode": "shared"}, "mode must be some of shuffled, independent"),
        ({"patches": 3}, "cloud_points must be a multiple of the 3 patches, .* received 64"),
        ({"step_points": 10}, "step_points must be a multiple of the 4 patches, .* received 10"),
        ({"step_points": 128}, "step_points must be at most the 64 cloud_points, received 128"),
        ({"pretraining": 1.0}, "pretraining must be a share between 0 and 1, received 1.0"),
        ({"batch_size": 7}, "batch_size must be from 1 to the 6 shapes, received 7"),
        ({"evaluated": 7}, "evaluated must be from 1 to the 6 shapes, received 7"),
        ({"shown_points": 65}, "shown_points must be from 1 to the 64 cloud_points, received 65"),
        ({"coarse": 4}, "coarse must be from 0 to the 3 evaluated clouds, received 4"),
        ({"seeds": ()}, "seeds must be different"),
    ],
)
def test_bad_settings_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        replace(table1.tiny(), **changes)
