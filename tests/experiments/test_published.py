"""Numbers printed by a paper agree with each other and with its own sentences: a slip of the pen breaks one of them."""

import pytest

from pcl_lib.experiments.autoencoder.published import CALOSS_MS
from pcl_lib.experiments.completion.published import (
    LANDAU_F1,
    LANDAU_FIDELITY,
    LANDAU_MMD,
    LANDAU_SIMILAR,
    LANDAU_TABLE_2,
    LANDAU_TABLE_3,
    LANDAU_TABLE_3_WEIGHTS,
    LANDAU_TABLE_5,
    THREE,
    WEIGHTED,
)


def test_table_2_says_what_the_text_says_of_it():
    """Section IV-F: six of the eight are better than CD, four as good as HyperCD within 0.05, Landau the best."""
    weighted = {loss: LANDAU_TABLE_2[loss] for loss in WEIGHTED.values()}
    assert len(weighted) == 8
    assert sum(value < LANDAU_TABLE_2["CD"] for value in weighted.values()) == 6
    assert sum(round(abs(v - LANDAU_TABLE_2["HyperCD"]), 2) <= LANDAU_SIMILAR for v in weighted.values()) == 4
    assert min(LANDAU_TABLE_2, key=LANDAU_TABLE_2.get) == "Landau CD"
    # The losses before it are worse than CD, EMD by far.
    others = {loss: LANDAU_TABLE_2[loss] for loss in ("EMD", "truncated CD", "DCD")}
    assert min(others.values()) > LANDAU_TABLE_2["CD"]
    assert max(others, key=others.get) == "EMD"
    assert list(weighted.values()) == sorted(weighted.values(), reverse=True), "listed from worst to best"


def test_both_forms_of_table_3_agree():
    row = LANDAU_TABLE_3_WEIGHTS["PointAttN"]
    assert [LANDAU_TABLE_3["PointAttN", loss] for loss in THREE] == [row["CD"], row["HyperCD"], row["Landau"]]
    assert all(
        row.keys() == LANDAU_TABLE_3_WEIGHTS["PointAttN"].keys() for row in LANDAU_TABLE_3_WEIGHTS.values()
    )
    for row in LANDAU_TABLE_3_WEIGHTS.values():
        assert row["CD"] == max(row.values())
        assert row["Landau"] == min(row.values())


@pytest.mark.parametrize(
    ("table", "better"),
    [(LANDAU_TABLE_3, -1), (LANDAU_FIDELITY, -1), (LANDAU_MMD, -1), (LANDAU_TABLE_5, -1), (LANDAU_F1, 1)],
)
def test_landau_is_reported_best_and_cd_worst(table, better):
    for network in dict.fromkeys(network for network, _ in table):
        column = [better * table[network, loss] for loss in THREE]
        assert column == sorted(column)


def test_emd_costs_about_nine_steps_of_cd():
    assert CALOSS_MS["EMD"] / CALOSS_MS["CD"] == pytest.approx(9.4, abs=0.05)
