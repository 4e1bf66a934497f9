"""ShapeGF's printed tables agree with its sentences where they should, and contradict each other where they do."""

import pytest

from pcl_lib.experiments.gradient_fields import published
from pcl_lib.experiments.gradient_fields.published import METRICS, OURS, TABLE_1, TABLE_2, TABLE_7, TABLE_8


def test_no_model_is_below_the_oracle():
    for row in TABLE_1.values():
        assert all(
            value > row["oracle"] for name, value in row.items() if value is not None and name != "oracle"
        )


def test_ours_is_lowest_in_emd_everywhere_and_in_cd_but_for_shapenet():
    """Section 4.1 says so of EMD; the table has one CD in bold that is not ours."""
    assert all(value > 0 for value in published.margins("EMD").values())
    assert [name for name, value in published.margins("CD").items() if value < 0] == ["ShapeNet"]
    assert published.best_other(TABLE_1["ShapeNet", "CD"])[0] == "AtlasNet patches"


@pytest.mark.parametrize("data", ["Airplane", "Chair", "Car", "ShapeNet"])
def test_training_with_cd_or_emd_shows_in_that_metric(data):
    cd, emd = (TABLE_1[data, metric] for metric in METRICS)
    assert cd["l-GAN CD"] < cd["l-GAN EMD"]
    assert emd["l-GAN EMD"] < emd["l-GAN CD"]


def test_table_2_has_thirteen_cells_and_none_with_more_points_given_than_stored():
    assert len(published.CELLS) == 13
    assert all(m <= n for n, m in published.CELLS)
    assert TABLE_2["CD"].keys() == TABLE_2["EMD"].keys()


def test_the_sparsest_column_is_the_worst_of_each_row():
    for table in TABLE_2.values():
        for n in {n for n, _ in table}:
            row = {m: value for (stored, m), value in table.items() if stored == n}
            assert max(row, key=row.get) == 128
            assert row[256] > min(row.values())


def test_the_margin_on_airplanes_is_below_the_spread_of_repeats():
    assert published.margins()["Airplane"] < published.spread_of_repeats("EMD")
    assert len(set(published.repeats()["EMD"].values())) == 3
    assert len(set(published.repeats()["CD"].values())) == 3


def test_the_full_decoder_is_best_in_cd_alone():
    assert published.rank_of_full("CD") == 1
    assert published.rank_of_full("EMD") == len(TABLE_8["EMD"]) - 1
    assert [published.rank_of_spread(metric) for metric in METRICS] == [1, 1]


def test_surfaces_are_better_than_atlasnet_but_in_emd():
    below = {
        metric: all(row[OURS] < row[other] for other in ("AtlasNet sphere", "AtlasNet patches"))
        for metric, row in TABLE_7.items()
    }
    assert below == {"CD": True, "CD (median)": True, "EMD": False, "mesh accuracy": True}


def test_one_level_alone_fails_in_other_ways_at_each_end():
    levels = published.TABLE_4_LEVELS
    assert list(levels["EMD"].values()) == sorted(levels["EMD"].values())
    assert max(levels["CD"], key=levels["CD"].get) == 0.01
    assert min(levels["CD"], key=levels["CD"].get) == 0.05
