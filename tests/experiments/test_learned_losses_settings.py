"""Settings of the experiments with learned losses: refused early, the paper's lengths in the records."""

from dataclasses import replace

import pytest

from pcl_lib.experiments.learned_losses import codes, completion, every_loss, rates, sizes, table1
from pcl_lib.experiments.learned_losses.codes_settings import UNTRAINED
from pcl_lib.experiments.learned_losses.compare import chosen_rates
from pcl_lib.experiments.named_losses import LOSS_RATES, TABLE_LOSSES
from pcl_lib.experiments.record import RECORDS, read_record
from pcl_lib.experiments.runner.settings_hash import as_recorded, settings_hash


@pytest.mark.parametrize("module", [codes, completion, every_loss, rates, table1])
def test_there_is_a_preset_for_a_processor_and_one_for_a_gpu(module):
    assert {"record-cpu", "record-gpu"} <= set(module.EXPERIMENT.presets)


@pytest.mark.parametrize(
    ("preset", "epochs", "losses"),
    [
        (table1.record_cpu, 1000, ("CD lengths", "CD", "CALoss", "PCLoss")),
        (table1.record_gpu, 300, ("CD lengths", "CD", "CALoss")),
    ],
)
def test_the_long_records(preset, epochs, losses):
    settings = preset()
    assert settings.epochs >= epochs
    assert settings.train_shapes % settings.batch_size == 0
    assert len(settings.seeds) >= 3
    assert (settings.test_shapes, settings.held_back) == (100, 0)
    assert settings.losses == losses


def test_the_size_of_the_paper():
    settings = table1.record_gpu_size()
    assert (settings.n_points, settings.code_dim, settings.mcd_centres) == (2048, 128, 128)
    assert (settings.points, settings.ae_widths) == ((64, 128, 128, 256), (256, 256))


def test_every_loss_of_the_table_is_trained():
    assert every_loss.record_cpu().losses == TABLE_LOSSES
    assert set(LOSS_RATES) == {"PUD", "PFD", "CRND", "PCLoss", "CALoss"}


def test_curves_have_more_looks_at_the_beginning():
    assert table1.record_cpu().logged_steps[:5] == (243, 487, 975, 1950, 3900)


def test_the_search_has_the_sizes_of_the_record_and_none_of_its_test_shapes():
    record, search = table1.record_cpu(), rates.record_cpu()
    for name in ("n_points", "code_dim", "points", "ae_widths", "batch_size", "train_shapes", "test_shapes"):
        assert getattr(record, name) == getattr(search, name), name
    assert search.held_back == search.measured_shapes == 64
    assert {loss for _, loss, _ in search.configurations} == set(record.losses)
    assert search.rate(("AE", "CD", "5e-4")) == 5e-4


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"configurations": (("AE", "MSE"),)}, r"losses must be some of CD lengths, .*, received \('MSE',\)"),
        ({"configurations": (("PCN", "CD"),)}, "networks must be some of AE, Folding"),
        ({"configurations": (("AE", "CALoss"),)}, "the runs must hold loss 'CD lengths'"),
        ({"configurations": (("AE", "CD"), ("AE", "CD"))}, "configurations must differ from each other"),
        (
            {"rates": (("CD", 1e-3),)},
            "rates must name each loss, received none for CD lengths, CALoss, PCLoss",
        ),
        ({"costly_shapes": 4}, "costly_shapes and compared must be from 1 to the 3 shapes there are"),
        ({"compared": 0}, "costly_shapes and compared must be from 1"),
        ({"seeds": ()}, "seeds must be different"),
        ({"curve_measure": "FID"}, "curve_measure must be some of MCD"),
    ],
)
def test_bad_settings_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        replace(table1.tiny(), **changes)


def test_bad_settings_of_codes_and_completion_are_refused():
    with pytest.raises(ValueError, match="rates must name each loss, received none for EMD"):
        replace(codes.tiny(), rates=(("CD lengths", 1e-3), ("PCLoss", 1e-3), ("CALoss", 1e-3)))
    with pytest.raises(ValueError, match="folds must be at least 2 and strengths positive"):
        replace(codes.tiny(), folds=1)
    with pytest.raises(ValueError, match="weight must be positive, received 0"):
        replace(completion.tiny(), weight=0.0)
    with pytest.raises(ValueError, match="n_points is 32, and the sizes of PCN make 64 points"):
        replace(completion.tiny(), n_points=32)
    with pytest.raises(
        ValueError, match=r"rates must name each configuration, received none for \('PCN', 'CALoss'\)"
    ):
        replace(completion.tiny(), rates=(("PCN", "CD lengths", 1e-3),))


def searched(*names):
    """What the first of these records that there is has chosen."""
    for name in names:
        if (RECORDS / f"{name}.json").exists():
            return chosen_rates(read_record(name).result)
    pytest.skip(f"no search is recorded: {', '.join(names)}")


def test_rates_are_those_of_the_search():
    for (network, loss), rate in searched("caloss-rates-gpu", "caloss-rates").items():
        assert (network, sizes.RATES[loss]) == ("AE", rate), loss


def test_rates_of_completion_are_those_of_the_search():
    found = searched("caloss-completion-rates")
    assert {(network, loss): rate for network, loss, rate in completion.RATES} == found


@pytest.mark.parametrize("changed", [{"weight": 0.5}, {"pcn_extent": 0.5}])
def test_later_settings_of_completion_count_where_they_are_not_their_defaults(changed):
    of = completion.EXPERIMENT
    assert not {"weight", "pcn_extent"} & set(as_recorded(completion.tiny()))
    other = replace(completion.tiny(), **changed)
    assert settings_hash(of.name, of.version, other) != settings_hash(of.name, of.version, completion.tiny())


def test_critics_share_the_rate_of_their_distance():
    assert {sizes.RATES[loss] for loss in ("PUD", "PFD", "CRND")} == {sizes.RATES["CD lengths"]}


def test_the_control_has_no_rate():
    assert codes.record_cpu().rate(UNTRAINED) == 0.0
    assert codes.record_cpu().rate("CALoss") > 0
    assert len(codes.record_cpu().seeds) == 10
    assert len(completion.record_cpu().seeds) == 8
