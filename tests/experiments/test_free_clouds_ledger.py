"""Free clouds: what the claims say of results that are made up."""

import numpy as np
import pytest

from pcl_lib.experiments.claims import HOLDS, NOT, PART, UNKNOWN
from pcl_lib.experiments.learned_losses import (
    free_compare,
    free_ledger,
    free_report,
)
from pcl_lib.experiments.learned_losses.free_settings import LOSSES, METRICS
from pcl_lib.experiments.runner.result import Result, Row

STEPS = [100, 200, 600]
# Of each loss: MCD and, at the three steps, what it is a multiple of.
AS_CLAIMED = dict.fromkeys(LOSSES, 2.0) | {
    "CALoss": 1.0,
    "EMD": 1.5,
    "L_p, L_adv": 1.5,
    "L_p, in-batch": 3.0,
    "L_p, in-batch, weighted": 3.0,
    "L_adv alone": 4.0,
    "L_p, L_adv, width": 1.2,
}


def made_up(ends, *, rest=1.0, falls=0.5, left=0.001, pcloss_late=True):
    """A result of three seeds and four shapes. `rest`, `falls`: MCD at 600 over that at 200, matching and CALoss."""
    rows, curves, previews = [], {}, {}
    for loss in LOSSES:
        change = falls if loss == "CALoss" else rest
        cost = 15.0 if loss == "CALoss" else 10.0
        scale = np.array([1.0, 1.001, 1.002])[:, None]
        end = ends[loss]
        reached = 1.0 if loss != "PCLoss" else 2.0 if pcloss_late else 0.1
        curves[(loss,)] = end * scale * np.array([[2 * reached / change, 1 / change, 1.0]])
        shapes = np.linspace(0.9, 1.1, 4)
        values = np.broadcast_to(end * scale[:, None] * shapes, (3, len(METRICS), 4))
        previews[f"{loss}/shapes"] = values
        previews[f"{loss}/EMD"] = curves[(loss,)][..., None] * shapes
        previews[f"{loss}/sizes"] = np.array([[[10.0, 4.0], [10.0 * left, left]]] * 3)
        rows += [
            Row({"loss": loss}, seed, dict.fromkeys(METRICS, end * scale[seed, 0]), 1.0, cost)
            for seed in range(3)
        ]
    return Result(rows, curves, STEPS, "MCD", previews, {}, "cpu", 1.0)


def verdicts(result):
    return {claim.words: claim.verdict for claim in free_ledger.claims(result, "page.html")}


def verdict(result, part):
    (one,) = [value for words, value in verdicts(result).items() if part in words]
    return one


def test_differences_over_seeds_and_over_shapes():
    result = made_up(AS_CLAIMED)
    seeds, shapes = (f(result, "MCD", "PCLoss") for f in (free_compare.over_seeds, free_compare.over_shapes))
    assert seeds.mean == pytest.approx(100)
    assert shapes.mean == pytest.approx(100)
    assert len(seeds.values) == 3
    assert len(shapes.values) == 4
    assert shapes.values[0] == pytest.approx(90)
    assert seeds.half_width < shapes.half_width


def test_changes_and_first_steps():
    result = made_up(AS_CLAIMED | {"CALoss": 0.5}, falls=0.8)
    assert free_compare.change(result, "CALoss", "MCD", 200, 600).mean == pytest.approx(-20)
    assert free_compare.change(result, "CALoss", "EMD", 100, 200).mean == pytest.approx(-50)
    assert free_compare.shapes_that_fall(result, "CALoss", 200, 600) == (4, 4)
    assert free_compare.shapes_that_fall(result, "CD squares", 200, 600) == (0, 4)
    # CALoss has 1.25, 0.625, 0.5, and PCLoss 8, 2, 2: both reach 2
    assert free_compare.steps_to_both(result, "CALoss", "PCLoss").tolist() == [100] * 3
    assert free_compare.steps_to_both(result, "PCLoss", "CALoss").tolist() == [200] * 3
    in_steps, in_time = (free_compare.faster(result, "CALoss", "PCLoss", cost=cost) for cost in (False, True))
    assert in_steps.mean == pytest.approx(-50)
    assert in_time.mean == pytest.approx(-25), "a step of CALoss is made 1.5 times as dear"
    np.testing.assert_allclose(free_compare.size_left(result, "CALoss"), [[0.1, 0.025]] * 3)


def test_claims_on_a_result_that_is_as_the_paper_has_it():
    result = made_up(AS_CLAIMED | {"CALoss": 0.5, "constant weight": 1.0}, falls=0.8)
    found = verdicts(result)
    assert len(found) == 14
    assert {words: value for words, value in found.items() if value != HOLDS} == {}


def test_claims_on_a_result_that_is_the_other_way_round():
    opposite = {loss: 1 / value for loss, value in AS_CLAIMED.items()}
    found = verdicts(made_up(opposite, rest=0.5, falls=1.5, left=0.5, pcloss_late=False))
    unexpected = {words: value for words, value in found.items() if value != NOT}
    assert unexpected == {}


def test_representations_that_are_all_the_same_are_not_zero():
    result = made_up(AS_CLAIMED)
    result.previews["L_p alone/sizes"][:, 1, 0] = 10.0
    assert verdict(result, "all-zero") == PART


def test_rest_without_emd_is_a_part():
    result = made_up(AS_CLAIMED)
    curve = result.curves[("EMD",)]
    curve[:, 1] = 3 * curve[:, 2]
    assert verdict(result, "unchanged results") == PART


def test_alike_is_no_improvement():
    """0.22 to 0.21 is within the margin: that a row is worse is still judged by the sign, and the number says both."""
    result = made_up(AS_CLAIMED | {"constant weight": 1.0})
    (claim,) = [c for c in free_ledger.claims(result, "page.html") if "by being dynamic" in c.words]
    assert claim.verdict == UNKNOWN
    assert f"within 10 % of each other: {HOLDS}" in claim.number


def test_the_table_holds_the_papers_numbers_beside_ours():
    result = made_up(AS_CLAIMED)
    lines = free_report.paper_table(result, "Table 6", "Parts.").text.splitlines()
    assert [line.split(" | ")[0] for line in lines[2:9]] == [
        "L_adv alone",
        "L_p alone",
        "L_p, in-batch",
        "L_p, in-batch, weighted",
        "L_p, L_adv",
        "L_p, L_adv, width",
        "constant weight",
    ]
    assert "L_adv alone | 3.55 | 7.57 | 400 ± 0 | 400 ± 0 | +300.0 (" in lines[2]
