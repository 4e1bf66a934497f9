"""The verdicts on NeuralQAAD's claims on made-up results, whose differences are known: each claim from both sides."""

from dataclasses import replace

import pytest

from pcl_lib.experiments.claims import HOLDS, NOT, PART, UNKNOWN, UNTESTED
from pcl_lib.experiments.neuralqaad import compare, report, speed, theory
from pcl_lib.experiments.neuralqaad.published import ATLAS, CHAMFER, GREEDY, METHODS, OURS, RANDOM, SETS
from pcl_lib.experiments.neuralqaad.settings import (
    ALONE,
    AWAY,
    DESIGNS,
    EM_KD,
    FLOOR,
    MEAN_START,
    PCA,
    PER_CENT,
    SEAM,
    USUAL,
)
from tests.experiments.made_qaad import (
    AS_CLAIMED,
    ASSIGNMENTS,
    NETWORK,
    judged,
    record_of,
    result_of,
    table1,
    verdict,
)

STEP = {"name": "a step", "more": {"lower_quartile": 10.0, "upper_quartile": 15.0}}


def test_every_ingredient_lowers_the_error():
    claims = judged(table1=table1())
    for part in (
        "significantly outperforms",
        "far more efficiently",
        "extraordinary bad",
        "solves this issues",
        "boosts the results",
        "neither of the two steps",
        "the architecture alone",
        "all of it lowers",
    ):
        assert verdict(claims, part) == HOLDS, part


def test_a_short_record_refutes_nothing():
    reversed_order = dict(zip(AS_CLAIMED, [*AS_CLAIMED.values()][::-1], strict=True))
    record = table1(reversed_order)
    assert record.epochs < 600
    claims = judged(table1=record)
    assert verdict(claims, "significantly outperforms") == UNKNOWN


def test_a_long_one_does(monkeypatch):
    monkeypatch.setattr(type(table1()), "epochs", 600.0)
    worse = AS_CLAIMED | {CHAMFER: 150.0, GREEDY: 120.0, OURS: 130.0, ALONE: 110.0, RANDOM: 90.0}
    claims = judged(table1=table1(worse))
    for part in (
        "significantly outperforms",
        "far more efficiently",
        "extraordinary bad",
        "solves this issues",
        "boosts the results",
        "neither of the two steps",
        "all of it lowers",
    ):
        assert verdict(claims, part) == NOT, part


def test_a_drop_that_is_smaller_than_the_paper_s_is_no_drop_of_its_size(monkeypatch):
    monkeypatch.setattr(type(table1()), "epochs", 600.0)
    claims = judged(table1=table1(AS_CLAIMED | {OURS: 35.0, CHAMFER: 90.0}))
    assert verdict(claims, "significantly outperforms") == HOLDS
    assert verdict(claims, "all of it lowers") == NOT
    assert verdict(claims, "the architecture alone") == NOT


def test_a_longer_record_of_two_rows_judges_their_step_in_place_of_the_whole_table():
    rows = {(data, row): AS_CLAIMED[row] for data in ("faces", "figures") for row in (ATLAS, CHAMFER)}
    worse = record_of(result_of(rows | {("figures", CHAMFER): 150.0}), steps=1600)
    both, alone = judged(table1=table1(), architecture=worse), judged(table1=table1())
    for part in ("far more efficiently", "the architecture alone"):
        assert verdict(alone, part) == HOLDS
        assert verdict(both, part) == PART
    assert verdict(both, "significantly outperforms") == HOLDS


def test_one_step_alone_may_be_as_good():
    claims = judged(table1=table1(AS_CLAIMED | {ALONE: 15.0}))
    assert verdict(claims, "neither of the two steps") == PART


@pytest.mark.parametrize(("figures", "expected"), [(20.0, HOLDS), (95.0, PART)])
def test_which_part_of_the_drop_is_the_architecture_s(figures, expected):
    """Faces: from 100 to 60 to 15, a quarter of it. Figures: nearly all of it, or nearly nothing."""
    claims = judged(table1=table1(**{f"figures/{CHAMFER}": {EM_KD + PER_CENT: figures}}))
    assert verdict(claims, "patches are the main factor") == expected


@pytest.mark.parametrize(("away", "expected"), [(90.0, HOLDS), (20.0, NOT)])
def test_the_input_cloud_of_figures_goes_further(away, expected):
    claims = judged(table1=table1(**{f"figures/{OURS}": {AWAY + PER_CENT: away}}))
    assert verdict(claims, "egg-like") == expected


@pytest.mark.parametrize(("seam", "expected"), [(80.0, HOLDS), (30.0, NOT)])
def test_seams_of_atlasnet_v2(seam, expected):
    changes = {f"{data}/{ATLAS}": {SEAM + PER_CENT: seam} for data in ("faces", "figures")}
    assert verdict(judged(table1=table1(**changes)), "gluing together") == expected


@pytest.mark.parametrize(("ranks", "expected"), [((1.0, 2.0), HOLDS), ((1.0, -1.0), NOT)])
def test_em_kd_reflects_the_true_error(ranks, expected):
    assert verdict(judged(table1=table1(ranks=ranks)), "reasonably reflect") == expected


def design(**changes):
    values = {("faces", row): 50.0 for row in DESIGNS} | {
        ("faces", row): found for row, found in changes.items()
    }
    return record_of(result_of(values, factors=("set", "design")))


def test_designs_as_claimed():
    claims = judged(design=design(**{"1 patches, 4 shared": 80.0}))
    for part in ("is essential", "does not decrease", "not beneficial"):
        assert verdict(claims, part) == HOLDS, part


def test_designs_the_other_way():
    changes = {"1 patches, 4 shared": 30.0, MEAN_START: 30.0}
    changes |= {f"16 patches, {shared} shared": 30.0 for shared in (0, 2)}
    claims = judged(design=design(**changes))
    for part in ("is essential", "does not decrease", "not beneficial"):
        assert verdict(claims, part) == NOT, part


def sampling(slopes):
    values = {
        ("faces", row, str(n)): base * (1024 / n) ** slopes[row]
        for row, base in ((ATLAS, 100.0), (CHAMFER, 60.0), (OURS, 20.0))
        for n in (64, 128, 256, 512, 1024)
    }
    return record_of(result_of(values, factors=("set", "row", "points")), cloud_points=8192)


def test_fewer_points_cost_atlasnet_v2_most():
    claims = judged(sampling=sampling({ATLAS: 0.5, CHAMFER: 0.2, OURS: 0.05}))
    for part in ("always superior", "performance loss", "performances poorly"):
        assert verdict(claims, part) == HOLDS, part


def test_fewer_points_cost_atlasnet_v2_least():
    record = sampling({ATLAS: 0.0, CHAMFER: 0.6, OURS: 1.0})
    claims = judged(sampling=record)
    assert verdict(claims, "performance loss") == NOT
    assert verdict(claims, "always superior") == PART
    assert compare.slope(record.result, "faces", OURS) == pytest.approx([-1.0] * 3)


@pytest.mark.parametrize(
    ("order", "expected"), [((100.0, 60.0, 40.0, 15.0), HOLDS), ((100.0, 60.0, 40.0, 41.0), PART)]
)
def test_the_order_at_size(order, expected):
    rows = (ATLAS, CHAMFER, GREEDY, OURS)
    values = {("faces", row): value for row, value in zip(rows, order, strict=True)}
    assert verdict(judged(large=record_of(result_of(values))), "at the size") == expected
    one = replace(record_of(result_of(values, seeds=(0,))), seeds=[0])
    assert verdict(judged(large=one), "at the size") == UNKNOWN


def test_without_records_what_they_judge_is_not_tested():
    claims = judged()
    printed = {claim.words for claim in theory.on_print(NETWORK)}
    assert all(claim.verdict == UNTESTED for words, claim in claims.items() if words not in printed)
    whole = judged(
        table1=table1(),
        design=design(),
        sampling=sampling({ATLAS: 0.5, CHAMFER: 0.2, OURS: 0.05}),
        patches=speed.read_speed("patches-cpu"),
        steps={"greedy": {"clouds": 1, "points": 1, "seconds_of_all_cores": 1.0}, "steps": [STEP]},
    )
    assert whole.keys() == claims.keys(), "a record changes verdicts, and adds and drops no claim"
    for claim in whole.values():
        page, anchor = claim.chapter.split("#")
        assert page in (NETWORK, ASSIGNMENTS)
        assert anchor


def test_tables_and_curves_are_set():
    record = table1()
    figure = report.table_1(record.result, "faces", "Table 1.", **report.facts(record))
    assert all(row in figure.text for row in AS_CLAIMED)
    assert "-22 %" in figure.text, "the paper's change of EM-kD of the augmented Chamfer distance on Skulls"
    rows = report.order_table(record.result, "The order.").text
    assert f"{GREEDY} against {RANDOM}" in rows
    assert all(method in report.paper_table_1("Printed.").text for method in METHODS)
    assert all(data in report.paper_table_1("Printed.").text for data in SETS)
    assert PCA not in report.details_table(record.result, "faces", "Details.").text
    assert "7 rows" in report.curves(record.result, "faces", "Three seeds.").text
    assert USUAL in report.design_table(design().result, "Designs.").text
    of_points = sampling({ATLAS: 0.5, CHAMFER: 0.2, OURS: 0.05}).result
    assert "64 points" in report.sampling_table(of_points, "Fewer points.").text
    assert "3 methods" in report.figure_5(of_points, "Three seeds.").text
    assert FLOOR not in figure.text
    grows = report.change_over_steps(record.result, CHAMFER, ATLAS, "Three seeds.").text
    assert f"of {CHAMFER} is above that of {ATLAS}" in grows


def test_live_claims_from_both_sides():
    """What the chapters compute and hand over."""
    found = [theory.Bounds(3.0, 2.0, 2.5, 1.0, 1.5), theory.Bounds(2.2, 2.0, 2.5, 1.0, 1.5)]
    broken = theory.Bounds(1.0, 2.0, 2.5, 1.0, 1.5)
    assert theory.on_bounds(ASSIGNMENTS, found).verdict == HOLDS
    assert theory.on_bounds(ASSIGNMENTS, [*found, broken]).verdict == PART
    exact, off = {"falls": [1.0, 2.0]}, {"falls": [1.1, -2.0]}
    assert theory.on_reassignment(ASSIGNMENTS, **exact, gains=[1.0, 2.0]).verdict == HOLDS
    assert theory.on_reassignment(ASSIGNMENTS, **off, gains=[1.0, -2.0]).verdict == NOT
    costs = {"random": [9.0, 9.1], "linear": [3.0, 3.1], "trained": [2.0, 2.1], "true": [1.0, 1.1]}
    assert theory.on_quadratic(ASSIGNMENTS, costs).verdict == HOLDS
    assert (
        theory.on_quadratic(ASSIGNMENTS, costs | {"true": [4.0, 4.1], "trained": [5.0, 5.1]}).verdict == NOT
    )
    starts = {"one sample": [1.0, 1.1], "square": [3.0, 3.1]}
    assert theory.on_starts(NETWORK, starts).verdict == HOLDS
    assert theory.on_starts(NETWORK, {"one sample": [3.0, 3.1], "square": [1.0, 1.1]}).verdict == NOT
    million = {"points": 1_048_576, "bounded": [True]}
    assert theory.on_million(NETWORK, **million, peak=2e9).verdict == HOLDS
    assert theory.on_million(NETWORK, **million, peak=9e9).verdict == PART
    assert theory.on_memory(NETWORK, {4096: 2.0, 65_536: 30.0}, {4096: 1.0, 65_536: 1.0}).verdict == HOLDS
    assert theory.on_encoder(ASSIGNMENTS, of_samples=0.1, of_shapes=1.5).verdict == NOT
    assert theory.on_samples(ASSIGNMENTS, moved=2.0, spacing=1.0).verdict == HOLDS
    assert [claim.verdict for claim in theory.on_print(NETWORK)] == [PART, PART, HOLDS]


def test_em_kd_is_above_the_emd():
    bound, excess = theory.on_distances("../foundations/em-kd.html")
    assert bound.verdict == HOLDS
    assert excess.verdict in (HOLDS, PART)
    assert "for two shapes" in excess.number
