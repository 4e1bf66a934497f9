"""Settings of the experiments on gradient fields: refused early, of equal seconds or steps, of the paper's size."""

import math
from dataclasses import fields, replace

import pytest

from pcl_lib.experiments.gradient_fields import architecture, autoencoding, build, sparse
from pcl_lib.experiments.gradient_fields.published import CELLS
from pcl_lib.experiments.gradient_fields.settings import MODELS, VARIANTS, FieldSettings, cell
from pcl_lib.experiments.record import read_record
from pcl_lib.experiments.runner.experiment import by_clock
from pcl_lib.models import parameter_count, shapegf_encoder


def test_what_is_compared_in_seconds_ends_by_the_clock_and_what_in_steps_does_not():
    timed = [of() for name, of in autoencoding.EXPERIMENT.presets.items() if name.startswith("record")]
    assert all(by_clock(settings) > 0 and math.isnan(settings.epochs) for settings in timed)
    for counted in (architecture.record_cpu(), sparse.record_cpu(), sparse.record()):
        assert by_clock(counted) == 0
        assert counted.epochs > 1


def test_three_seeds_of_all_models_and_variants():
    for settings, rows in (
        (autoencoding.record_cpu(), MODELS),
        (autoencoding.record_cpu_chairs(), MODELS),
        (architecture.record_cpu(), VARIANTS),
    ):
        assert settings.rows == rows
        assert len(settings.seeds) == 3
    assert autoencoding.record_cpu().train_shapes == 1442
    assert {cell(*each) for each in CELLS} < set(sparse.record_cpu().rows)


def test_the_size_of_the_paper():
    settings = autoencoding.record()
    assert parameter_count(build.encoder(settings)) == parameter_count(shapegf_encoder(128))
    assert parameter_count(build.decoder_of(settings, "abcd")) == 2_245_123


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rows": ("PointFlow",)}, "rows must be some of oracle, no network"),
        ({"data": "MNIST"}, "data must be some of digits, families, airplanes"),
        ({"rates": ()}, "rates must name each trained model, received none for ShapeGF"),
        ({"shapes_per_update": 9}, "shapes_per_update must be from 1 to the 8 train_shapes, received 9"),
        ({"seconds": -1.0}, "seconds must be the length of a run"),
        ({"updates": 0}, "seconds must be the length of a run, or 0 with updates at least 1"),
        ({"seeds": ()}, "seeds must be different"),
    ],
)
def test_bad_settings_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        replace(autoencoding.tiny(), **changes)


def test_bad_settings_of_the_excess_are_refused():
    with pytest.raises(
        ValueError, match="excess_shapes and excess_points must be from 1 to the 3 test_shapes"
    ):
        replace(architecture.tiny(), excess_shapes=4)


def test_a_caption_says_the_seconds_of_a_run_that_ends_by_the_clock():
    record = replace(read_record("caloss-table1-gpu"), experiment="field-autoencoding", preset="record-cpu")
    assert "110 seconds of training for each run" in record.caption
    counted = replace(record, experiment="field-architecture")
    assert "22 passes over the training data" in counted.caption


def test_the_sizes_that_no_preset_names():
    of = {field.name: field.default for field in fields(FieldSettings)}
    sizes = [of[name] for name in ("code_dim", "encoder", "head", "hidden", "blocks")]
    assert sizes == [32, (64, 64, 128, 256), (128, 64), 96, 4]
