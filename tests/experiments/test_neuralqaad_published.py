"""What NeuralQAAD printed, and what follows from it by arithmetic."""

import pytest

from pcl_lib.experiments.neuralqaad import published
from pcl_lib.experiments.neuralqaad.published import ATLAS, CHAMFER, CONVERGED, OURS, RANDOM, SETS, TABLE_1
from pcl_lib.models import NeuralQAAD, compression_ratio


def test_every_row_of_table_1_is_below_the_one_before_it_but_for_the_random_assignment():
    for data in SETS:
        row = TABLE_1[data]
        others = [row[method] for method in published.METHODS if method != RANDOM]
        assert others == sorted(others, reverse=True)
        assert row[RANDOM] > row[ATLAS]


def test_the_text_cuts_its_percentages_off():
    for data in SETS:
        assert published.cut_off(data) == (True, True)
        rounded = [round(published.drop(data, method)) for method in (CHAMFER, CONVERGED)]
        assert tuple(rounded) != published.DROPS[data] or data == "COMA"
    assert published.drop("COMA", OURS) == pytest.approx(76.2, abs=0.05)


def test_the_ratios_are_those_of_the_network():
    for data, of in published.SIZES.items():
        network = NeuralQAAD(1, of.patches, of.code, of.patches).network_weights
        assert network == published.WEIGHTS[data]
        for counted in (False, True):
            ours = compression_ratio(of.clouds, of.of_ratio, of.code, network, input_cloud=counted)
            assert published.ratio(data, input_cloud=counted) == pytest.approx(ours)
        stated = published.ratio(data, input_cloud=False)
        assert stated == pytest.approx(of.ratio, rel=0.005)
        assert published.ratio(data, input_cloud=True) < 0.95 * stated


def test_a_quarter_of_the_epochs_is_pretraining():
    assert published.PRETRAINING == 0.25
