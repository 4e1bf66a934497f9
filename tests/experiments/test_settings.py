"""Settings are hashed with their experiment, refused early, and tables are means over seeds."""

from dataclasses import asdict, replace
from statistics import mean, stdev

import pytest

from pcl_lib.experiments.autoencoder.build import build
from pcl_lib.experiments.autoencoder.distances import EXPERIMENT, tiny
from pcl_lib.experiments.autoencoder.settings import LOSSES, NETWORKS, Settings
from pcl_lib.experiments.runner.result import Result, Row
from pcl_lib.experiments.runner.settings_hash import as_recorded, settings_hash
from pcl_lib.metrics._multiscale import CENTRES, SIZES


def test_the_hash_depends_on_name_and_version_too():
    hashes = {settings_hash(name, version, tiny()) for name in ("a", "b") for version in (1, 2)}
    assert len(hashes) == 4
    assert settings_hash("a", 1, tiny()) in hashes


def test_a_later_setting_counts_where_it_is_not_its_default():
    """What was recorded before there was TF32 stays of its settings, and what used it says so."""
    assert "tf32" not in as_recorded(tiny())
    assert as_recorded(replace(tiny(), tf32=True))["tf32"] is True
    assert as_recorded(tiny()) == {k: v for k, v in asdict(tiny()).items() if k != "tf32"}


def test_the_presets():
    assert set(EXPERIMENT.presets) == {"live", "record", "record-cpu", "record-gpu", "tiny"}
    for name, preset in EXPERIMENT.presets.items():
        settings = preset()
        assert settings.networks == NETWORKS
        assert settings.losses == LOSSES
        assert len(settings.seeds) >= 2, name
        assert len(settings.logged_steps) == settings.looks


def test_the_record_has_the_sizes_of_caloss():
    settings = EXPERIMENT.presets["record"]()
    assert (settings.n_points, settings.code_dim, settings.batch_size) == (2048, 128, 16)
    assert settings.learning_rate == 1e-4
    assert settings.steps == 1000 * (settings.train_shapes // settings.batch_size)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"losses": ("CD", "MSE")}, r"losses must be some of CD, CD lengths, .*, received \('CD', 'MSE'\)"),
        ({"losses": ("EMD",)}, "the runs must hold loss 'CD', to which costs are relative"),
        ({"networks": ()}, "networks must be some of AE, Folding"),
        ({"seeds": (1, 1)}, "seeds must be different from each other"),
        ({"seeds": ()}, "at least one"),
        ({"looks": 5}, "looks must be from 1 to the 4 steps, received 5"),
        ({"looks": 0}, "looks must be from 1 to the 4 steps, received 0"),
        ({"shown": 4}, "from 1 to the 3 test_shapes, received 4 and 2"),
        ({"shown": 0}, "from 1 to the 3 test_shapes, received 0 and 2"),
        ({"curve_shapes": 0}, "from 1 to the 3 test_shapes, received 2 and 0"),
        ({"curve_shapes": 4}, "from 1 to the 3 test_shapes, received 2 and 4"),
        ({"curve_measure": "FID"}, "curve_measure must be some of CD"),
    ],
)
def test_bad_settings_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        replace(tiny(), **changes)


def test_tables_are_means_and_deviations_over_seeds():
    values = {("AE", "CD"): [1.0, 2.0, 4.5], ("AE", "EMD"): [3.0, 3.0, 3.0]}
    rows = [
        Row(dict(zip(("network", "loss"), key, strict=True)), s, {"HD": v}, 2 * v, relative_cost=1.0)
        for key, column in values.items()
        for s, v in enumerate(column)
    ]
    result = Result(rows, {}, [], "CD", {}, {}, "cpu", 0.0)
    for key, column in values.items():
        assert result.table("HD")[key] == pytest.approx((mean(column), stdev(column)))
        assert result.table("ms_per_step")[key][0] == pytest.approx(2 * mean(column))
    with pytest.raises(
        ValueError, match="metric must be one of HD, ms_per_step, relative_cost, received 'MCD'"
    ):
        result.table("MCD")


def test_one_look_at_one_shape_is_enough():
    settings = replace(tiny(), looks=1, shown=1, curve_shapes=1)
    assert settings.logged_steps == (settings.steps,)
    assert replace(tiny(), shown=3, curve_shapes=3).shown == tiny().test_shapes


def test_the_defaults_are_those_of_caloss():
    settings = Settings()
    parameters = {name: sum(p.numel() for p in build(settings, name, 0).parameters()) for name in NETWORKS}
    assert parameters == {"AE": 1_770_240, "Folding": 292_870}
    assert (settings.n_points, settings.batch_size, settings.learning_rate) == (2048, 16, 1e-4)
    batches = settings.train_shapes // settings.batch_size
    assert settings.steps == 1000 * batches
    assert settings.epochs == pytest.approx(1000, rel=0.01)
    assert (settings.mcd_sizes, settings.mcd_centres) == (SIZES, CENTRES)
