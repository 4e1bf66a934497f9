"""What the report of the auto-encoders says of a result, on numbers that one can check by eye."""

import numpy as np
import pytest

from pcl_lib.experiments.autoencoder import report
from pcl_lib.experiments.runner.result import Result, Row

CD = {"CD": (1.0, 3.0), "CD lengths": (2.0, 1.0), "EMD": (4.0, 4.0), "Sinkhorn": (5.0, 5.0)}
EMD = {"CD": (10.0, 20.0), "CD lengths": (10.0, 10.0), "EMD": (6.0, 6.0), "Sinkhorn": (2.0, 4.0)}


@pytest.fixture
def result():
    rows = [
        Row(
            {"network": network, "loss": loss},
            seed,
            {
                "CD": CD[loss][seed],
                "CD lengths": seed + 1.0,
                "EMD": EMD[loss][seed] * (1 + (network == "Folding")),
            },
            10.0,
            relative_cost=2.0 + seed if loss == "EMD" else 1.0,
        )
        for network in ("AE", "Folding")
        for loss in CD
        for seed in (0, 1)
    ]
    return Result(rows, {}, [], "CD", {}, {}, "cpu", 1.0)


def test_values_by_loss_are_of_one_network(result):
    np.testing.assert_array_equal(report.by_loss(result, "EMD")["Sinkhorn"], [2.0, 4.0])
    np.testing.assert_array_equal(report.by_loss(result, "EMD", "Folding")["Sinkhorn"], [4.0, 8.0])
    assert list(report.by_loss(result, "CD")) == list(CD)


def test_what_transport_gains_in_emd(result):
    # means: CD 15, EMD 6, Sinkhorn 3
    assert report.transport_gain(result) == pytest.approx(100 * (1 - 4.5 / 15))


def test_ranks_under_the_own_measure(result):
    ranks = report.own_ranks(result)
    assert ranks["AE", "CD"].tolist() == [1, 2]
    assert ranks["AE", "EMD"].tolist() == [2, 2]


def test_how_often_a_loss_comes_first(result):
    result_of_cd = {key: ranks for key, ranks in report.own_ranks(result).items() if key[1] == "CD"}
    assert sum((ranks == 1).sum() for ranks in result_of_cd.values()) == 2
    first, of = report.firsts(result)
    assert of == 12  # two networks, three measures, two seeds
    assert first == sum(int((ranks == 1).sum()) for ranks in report.own_ranks(result).values())


def test_costs_are_medians_over_the_seeds(result):
    assert report.relative_costs(result) == {"CD": 1.0, "CD lengths": 1.0, "EMD": 2.5, "Sinkhorn": 1.0}


def test_the_best_loss_by_each_measure_is_one_of_the_same_network(result):
    lines = report.own_table(result, "Own measures.").text.splitlines()[2:]
    found = {line.split(" | ")[0]: line.split(" | ")[1:] for line in lines}
    assert len(found) == 6
    assert found["AE, CD"][:2] == ["CD lengths", "1, 2"]
    for network in ("AE", "Folding"):
        assert found[f"{network}, EMD"][:2] == ["Sinkhorn", "2, 2"]
        assert float(found[f"{network}, EMD"][2]) == pytest.approx(
            2
        )  # a mean of 6 beside one of 3, and of 12 beside 6
