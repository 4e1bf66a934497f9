"""What the reports say of a result, on numbers that one can check by eye, and the paper's numbers."""

import numpy as np
import pytest

from pcl_lib.experiments.learned_losses import compare, network_report, published, report
from pcl_lib.experiments.learned_losses.published import Errors
from pcl_lib.experiments.runner.result import Result, Row

MCD = {"CD lengths": (4.0, 4.0), "CD": (5.0, 5.0), "CALoss": (2.0, 3.0), "PCLoss": (3.0, 4.0)}
CURVES = {
    "CD lengths": [[5.0, 4.0, 4.0], [5.0, 4.0, 4.0]],
    "CD": [[6.0, 5.0, 5.0], [6.0, 5.0, 5.0]],
    "CALoss": [[6.0, 4.5, 2.0], [4.0, 4.5, 3.0]],
    "PCLoss": [[7.0, 6.0, 3.0], [6.0, 3.0, 4.0]],
}
COSTS = {"CD lengths": 1.0, "CD": 1.0, "CALoss": 2.0, "PCLoss": 4.0}


@pytest.fixture
def result():
    rows = [
        Row(
            {"network": "AE", "loss": loss},
            seed,
            dict.fromkeys(report.UNITS, MCD[loss][seed]),
            10.0,
            relative_cost=COSTS[loss],
        )
        for seed in (0, 1)
        for loss in MCD
    ]
    apart = np.full((8, 8), 3.0, dtype=np.float32)
    np.fill_diagonal(apart, 0.0)
    apart[0, 4] = apart[4, 0] = 2.0  # CD lengths between its seeds
    apart[0, 2] = apart[2, 0] = 1.0  # CALoss to CD lengths, seed 0
    previews = {"truth": np.zeros((1, 4, 3)), "apart": apart}
    for loss in MCD:
        previews[f"AE/{loss}"] = np.random.default_rng(0).random((1, 4, 3))
        previews[f"AE/{loss}/steps"] = np.random.default_rng(0).random((3, 4, 3))
    curves = {("AE", loss): np.array(curve) for loss, curve in CURVES.items()}
    return Result(rows, curves, [10, 20, 40], "MCD", previews, {}, "cpu", 1.0)


def test_ours_is_compared_with_the_better_chamfer_distance(result):
    assert compare.better_cd(result, "MCD") == "CD lengths"
    assert compare.change(result, "MCD").values == (-50.0, -25.0)
    assert compare.change(result, "MCD", "PCLoss", "CD").values == (-40.0, -20.0)


def test_the_loss_with_the_lowest_mean(result):
    assert compare.lowest(result, ("MCD", "HD")) == {"MCD": "CALoss", "HD": "CALoss"}


def test_a_crossing_counts_from_where_the_curve_stays_below(result):
    assert compare.crossing(result) == [
        40,
        40,
    ]  # of the second seed the first look is below, the second is not
    assert compare.crossing(result, "PCLoss") == [40, None]


def test_steps_to_a_level(result):
    level = compare.common_level(result, ("CALoss", "PCLoss"))
    assert level == 3.0
    assert compare.steps_to(result, "CALoss", level) == [40, 40]
    assert compare.steps_to(result, "PCLoss", level) == [40, 20]
    with pytest.raises(ValueError, match="level must be reached by every run of PCLoss, received 1"):
        compare.steps_to(result, "PCLoss", 1.0)


def test_seconds_are_by_the_relative_cost(result):
    assert compare.seconds_per_step(result, "PCLoss") == pytest.approx(0.04)
    assert compare.relative_costs(result)["CALoss"] == 2.0


def test_outputs_of_losses_against_those_of_seeds(result):
    assert compare.outputs_apart(result, ("AE", "CALoss"), ("AE", "CD lengths")).tolist() == [
        [1.0, 3.0],
        [3.0, 3.0],
    ]
    # Between two seeds of CD lengths there are 2; CALoss is 1 and 3 from the CD of its seed.
    assert compare.likeness(result, "CALoss").values == (-50.0, 50.0)
    assert compare.more_alike(result, "CALoss", "PCLoss").values == (-100.0, 0.0)
    lines = network_report.likeness_table(result, "Alike.").text.splitlines()[2:]
    assert lines[0].startswith("CD lengths, another seed | 200 |")
    assert lines[1].startswith("CALoss | 200 ± 141 | +0.0 % (")
    assert [line.rsplit(" | ", 1)[1] for line in lines[1:]] == ["cannot tell", "further", "further"]


def test_points_that_stray_from_the_truth(result):
    result.previews["AE/CALoss"] = np.array([[[0.0, 0, 0], [0.4, 0, 0], [0.6, 0, 0], [3, 4, 0]]])
    assert compare.strays(result, "CALoss").tolist() == [[False, False, True, True]]
    assert compare.strays(result, "CALoss", beyond=4.9).sum() == 1


def test_the_rate_with_the_lowest_error_is_taken():
    rows = [
        Row({"network": "AE", "loss": loss, "rate": rate}, 0, {"MCD": mcd}, 1.0)
        for loss, mcds in {"CD": (3.0, 1.0, 2.0), "CALoss": (3.0, 4.0, 5.0)}.items()
        for rate, mcd in zip(("1e-4", "5e-4", "2e-3"), mcds, strict=True)
    ]
    found = Result(rows, {}, [], "MCD", {}, {}, "cpu", 1.0)
    assert compare.chosen_rates(found) == {("AE", "CD"): 5e-4, ("AE", "CALoss"): 1e-4}
    assert "AE, CD | 300 | 100 | 200 | 0.0005" in report.rates_table(found, "Rates").text


def test_each_loss_at_its_best_rate():
    rows = [
        Row({"network": "PCN", "loss": loss, "rate": rate}, 0, {"MCD": mcd}, 1.0)
        for loss, mcds in {"CD lengths": (3.0, 1.0), "CALoss": (1.5, 4.0)}.items()
        for rate, mcd in zip(("1e-3", "3e-3"), mcds, strict=True)
    ]
    assert compare.excess_at_best(Result(rows, {}, [], "MCD", {}, {}, "cpu", 1.0), "PCN") == 50.0


def test_tables_and_figures_hold_both_sides(result):
    text = report.quality_table(result, "Table 1").text
    assert "CALoss | 0.210 | 1.53 | 0.580 | 5.23 | 250 ± 71" in text
    text = report.quality_table(result, "Table 1", sets=("ModelNet40",), measures=("HD",)).text
    assert "CALoss | 0.580 | 5.23 | 250 ± 71" in text.splitlines()
    text = report.difference_table(result, "Differences").text
    assert "CALoss against CD lengths, MCD | -34.4 | -22.7 | -37.5 %" in text
    assert "cannot tell" in text
    assert "CALoss | 39 | 1.70 | 2.00" in report.cost_table(result, "Costs").text
    assert "12 | 1 | 3" in report.counts_table("Counts").text
    for over in ("steps", "seconds"):
        assert "4 losses" in report.training_curves(result, "Note.", over=over).html
    assert "2 losses" in report.training_curves(result, "Note.", losses=("CD", "PCLoss")).html
    with pytest.raises(ValueError, match='over must be "steps" or "seconds", received \'epochs\''):
        report.training_curves(result, "Note.", over="epochs")
    assert "4 losses" in report.reconstructions(result).html
    slider = report.training_slider(result, ("CD", "CALoss"))
    assert "step 40" in slider.still
    assert "under 2 losses" in slider.still


def test_tables_of_codes_and_of_completion():
    rows = [
        Row(
            {"network": "AE", "loss": loss},
            seed,
            {"accuracy": 0.9 + 0.01 * seed + gain, "accuracy at the best C": 0.95 + gain},
            1.0,
        )
        for loss, gain in (("CD lengths", 0.0), ("CALoss", 0.02), ("untrained", -0.3))
        for seed in (0, 1)
    ]
    text = report.codes_table(Result(rows, {}, [], "accuracy", {}, {}, "cpu", 1.0), "Codes").text
    assert "AE, CALoss | 91.5 | 92.5 ± 0.7 | +2.0 ± 0.0 | 4.50" in text
    assert "AE, not trained | – | 60.5 ± 0.7 | -30.0 ± 0.0" in text
    rows = [
        Row({"network": "PCN", "loss": loss}, seed, {"MCD": mcd + seed / 1000, "HD": 10 * mcd}, 1.0)
        for loss, mcd in (("CD lengths", 0.02), ("CALoss", 0.01))
        for seed in (0, 1)
    ]
    text = report.completion_table(Result(rows, {}, [], "MCD", {}, {}, "cpu", 1.0), "Completion").text
    assert "PCN, HD | 2.67 | 2.55 | 20.0 ± 0.0 | 10.0 ± 0.0 | -50.0 % (-50.0 to -50.0)" in text


def test_completions_beside_what_was_seen():
    of = [(network, loss) for network in ("PCN", "SnowflakeNet") for loss in ("CD lengths", "CALoss")]
    rows = [Row({"network": network, "loss": loss}, 0, {"MCD": 1.0}, 1.0) for network, loss in of]
    drawn = np.random.default_rng(0)
    names = ("partial", "truth", *map("/".join, of))
    previews = {name: drawn.random((2, 16, 3)) for name in names}
    figure = report.completions(Result(rows, {}, [], "MCD", previews, {}, "cpu", 1.0), shape=1)
    assert "4 completions of it" in figure.html


def test_groups_that_lie_together_and_apart():
    rows = [
        Row({"network": "PCN", "loss": loss}, 0, {"MCD": mcd}, 1.0)
        for loss, mcd in (("CD lengths", 0.01), ("CALoss", 0.02))
    ]
    corners = np.array([[3.0, 0, 0], [-3.0, 0, 0]] * 4)[None]  # groups of two, each 3 from its mean
    previews = {"PCN/CD lengths": corners, "PCN/CALoss": corners / 10 + np.arange(8)[None, :, None] // 2}
    found = Result(rows, {}, [], "MCD", previews, {}, "cpu", 1.0)
    assert compare.within_groups(found, "PCN", "CD lengths", 2) == pytest.approx(3)
    assert compare.within_groups(found, "PCN", "CALoss", 2) == pytest.approx(0.3)


def test_the_papers_tables_agree_with_each_other():
    # The same network, set and loss is printed in five tables.
    ours = published.TABLE_1["CALoss"]["ShapeNet", "AE"]
    assert ours == Errors(0.21, 1.53)
    assert published.TABLE_5["ShapeNet"]["trained along"] == ours
    assert published.TABLE_5["ModelNet40"]["trained along"] == published.TABLE_1["CALoss"]["ModelNet40", "AE"]
    assert (
        published.TABLE_6["and dynamic weight"]
        == published.TABLE_7["both"]
        == published.TABLE_8["adaptive"]
        == ours
    )


def test_what_the_paper_says_of_its_tables():
    assert round(report.paper_change("MCD", "CALoss", "CD", "ModelNet40")) == -23
    assert report.paper_change("MCD", "CALoss", "EMD", "ShapeNet", "Folding") is None
    empty = [key for key, found in published.TABLE_1["EMD"].items() if found is None]
    assert empty == [("ShapeNet", "Folding"), ("ModelNet40", "Folding")]
    assert sum(row["EMD"] is None for row in published.TABLE_2.values()) == 8


def test_no_number_of_the_printed_tables_has_slipped():
    """Sums over all that is printed: whoever changes one number has to change two."""
    cells = [cell for row in published.TABLE_1.values() for cell in row.values() if cell is not None]
    assert (round(sum(cell.mcd for cell in cells), 2), round(sum(cell.hd for cell in cells), 2)) == (
        25.17,
        192.73,
    )
    accuracies = [value for row in published.TABLE_2.values() for value in row.values() if value is not None]
    assert round(sum(accuracies), 2) == 4121.14
