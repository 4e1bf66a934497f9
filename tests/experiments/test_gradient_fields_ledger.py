"""The verdicts on ShapeGF's claims on made-up results, whose differences are known: each claim from both sides."""

from dataclasses import replace

import numpy as np
import pytest

from pcl_lib.experiments.claims import HOLDS, NOT, PART, UNKNOWN, UNTESTED
from pcl_lib.experiments.gradient_fields import compare, ledger, report, surface_ledger, theory
from pcl_lib.experiments.gradient_fields.levels import (
    ANNEALED,
    EXACT,
    FIELDS,
    INSIDE,
    ONE,
    OUTSIDE,
    SINGLE,
    Quality,
)
from pcl_lib.experiments.gradient_fields.published import FULL, TABLE_8
from pcl_lib.experiments.gradient_fields.settings import METRICS, MODELS
from pcl_lib.experiments.record import read_record
from pcl_lib.experiments.runner.paired_difference import Difference
from pcl_lib.experiments.runner.result import Result, Row

PAGE = "../models/generating-shapes.html"
SEEDS = (0, 1, 2)


def result_of(values, *, curves=None, previews=None, factor="model", seeds=SEEDS):
    """A result whose metrics are `values` by row and metric, a thousandth more for each seed."""
    rows = [
        Row(
            {factor: row},
            seed,
            {metric: value * (1 + 1e-3 * seed) for metric, value in metrics.items()},
            1000.0,
        )
        for row, metrics in values.items()
        for seed in seeds
    ]
    keys = {(row,): np.ones((len(seeds), 4)) for row in values}
    return Result(
        rows, keys | (curves or {}), [5, 10, 15, 20], "EMD", previews or {}, {"name": "made up"}, "cpu", 1.0
    )


def record_of(result):
    return replace(read_record("caloss-table1-gpu"), result=result)


def autoencoding(ours, *, reached=1, epochs=2000):
    """Ours has `ours` times the errors of the others, and their last EMD from look `reached` on (4: never)."""
    values = {
        model: dict.fromkeys(METRICS, ours if model == "ShapeGF" else 1.0) | {"updates": 10.0}
        for model in MODELS
    }
    curve = np.full((3, 4), 2.0)
    curve[:, reached:] = 0.5
    codes = np.array([[0.0], [0.1], [5.0], [5.1]])
    previews = {"codes": codes, "labels": np.array(["1", "1", "7", "7"])}
    record = record_of(result_of(values, curves={("ShapeGF",): curve}, previews=previews))
    # Ten updates, and a thousandth more with each seed.
    return replace(record, settings={"shapes_per_update": epochs, "train_shapes": 10})


def judged(**records):
    given = dict.fromkeys(("digits", "chairs", "airplanes", "sparse", "architecture")) | records
    return {claim.words: claim for claim in ledger.claims(PAGE, **given)}


def verdict(claims, part):
    (found,) = [claim for words, claim in claims.items() if part in words]
    return found.verdict


def test_ours_below_all_others():
    claims = judged(digits=autoencoding(0.8), chairs=autoencoding(0.9))
    assert verdict(claims, "consistently outperforms") == HOLDS
    assert verdict(claims, "directly optimizing") == HOLDS
    assert verdict(claims, "state-of-the-art performance") == PART, "PointFlow is missing"
    assert verdict(claims, "much faster to train") == PART
    assert verdict(claims, "places similar shapes nearby") == HOLDS
    numbers = next(claim.number for words, claim in claims.items() if "consistently" in words)
    assert "digits, l-GAN CD -20.0 %" in numbers
    assert "chairs, AtlasNet patches -10.0 %" in numbers


def test_ours_above_all_others():
    claims = judged(digits=autoencoding(1.2, reached=4))
    assert verdict(claims, "consistently outperforms") == NOT
    assert verdict(claims, "state-of-the-art performance") == NOT
    assert verdict(claims, "directly optimizing") == NOT
    assert verdict(claims, "much faster to train") == NOT


def test_a_short_run_refutes_nothing():
    claims = judged(digits=autoencoding(1.2, epochs=100))
    assert verdict(claims, "consistently outperforms") == UNKNOWN
    assert "100 passes over the shapes of the paper's 2,000" in claims[ledger_words(claims)].number
    assert verdict(judged(digits=autoencoding(0.8, epochs=100)), "consistently outperforms") == HOLDS


def ledger_words(claims):
    return next(words for words in claims if "consistently" in words)


@pytest.mark.parametrize("other", ["chairs", "airplanes"])
def test_better_on_one_set_alone_is_in_part(other):
    claims = judged(digits=autoencoding(0.8), **{other: autoencoding(1.2)})
    assert verdict(claims, "consistently outperforms") == PART
    assert f"{other}, l-GAN CD +20.0 %" in claims[ledger_words(claims)].number


@pytest.mark.parametrize(("reached", "shares"), [(1, [0.5] * 3), (3, [1.0] * 3), (4, [None] * 3)])
def test_the_share_of_the_seconds_that_the_others_error_takes(reached, shares):
    assert compare.time_shares(autoencoding(0.8, reached=reached).result) == shares


def test_much_faster_is_half_of_the_seconds():
    assert verdict(judged(digits=autoencoding(0.8, reached=2)), "much faster to train") == NOT


def test_no_record_is_not_tested_and_names_the_experiment():
    claims = judged()
    assert verdict(claims, "consistently outperforms") == UNTESTED
    assert "field-autoencoding" in next(c.number for w, c in claims.items() if "consistently" in w)
    assert verdict(claims, "much sparser point clouds") == UNTESTED
    assert verdict(claims, "smaller variance") == PART, "as printed alone: CD yes, EMD no"


def test_what_only_pointflow_could_decide():
    claims = judged()
    for part in ("less than 10 hours", "comparable performance to PointFlow", "un-par"):
        assert verdict(claims, part) == UNTESTED
    assert verdict(claims, "for all datasets") == HOLDS
    assert verdict(claims, "one model, one number") == NOT


def architecture(full, *, steady=True):
    values = {variant: {"excess loss": full if variant == FULL else 1.0} for variant in TABLE_8["CD"]}
    result = result_of(values, factor="variant")
    if not steady:
        for row in result.rows:
            if row.configuration == (FULL,):
                row.metrics["excess loss"] = full * (1 + 0.01 * row.seed)
    return record_of(result)


def test_the_full_decoder():
    assert verdict(judged(architecture=architecture(0.5)), "smaller variance") == HOLDS
    assert verdict(judged(architecture=architecture(0.5, steady=False)), "smaller variance") == PART
    assert verdict(judged(architecture=architecture(2.0)), "smaller variance") == NOT


LOW, HIGH, OPEN = Difference((-1.0, -1.1)), Difference((1.0, 1.1)), Difference((-5.0, 5.0))


@pytest.mark.parametrize(("one", "expected"), [(LOW, HOLDS), (HIGH, NOT), (OPEN, UNKNOWN)])
def test_surfaces(one, expected):
    better, smooth = surface_ledger.on_surfaces(
        PAGE, against_atlasnet={"CD": one, "mesh accuracy": one, "EMD": HIGH}, from_sparse=LOW
    )
    assert (better.verdict, smooth.verdict) == (expected, HOLDS)
    assert "EMD +1" in better.number


def qualities(emd, cd):
    return [Quality(cd, cd / 2, cd / 2, emd * (1 + 1e-3 * seed)) for seed in SEEDS]


def levels(emds, cds):
    found = {(field, ANNEALED): qualities(0.02, 1e-4) for field in FIELDS[:2]}
    for level, emd, cd in zip(SINGLE, emds, cds, strict=True):
        found |= {(field, f"{level:g}"): qualities(emd, cd) for field in FIELDS}
    return found


def test_one_level_against_ten():
    worse, worst = theory.on_levels(PAGE, levels((0.04, 0.08, 0.4), (2e-4, 1e-4, 0.1)))
    assert (worse.verdict, worst.verdict) == (HOLDS, HOLDS)
    worse, worst = theory.on_levels(PAGE, levels((0.01, 0.01, 0.01), (2e-4, 1e-4, 1e-4)))
    assert (worse.verdict, worst.verdict) == (NOT, NOT)


def starts(inside, outside):
    return {name: qualities(inside if name != "uniform" else 0.02, 1e-4) for name in INSIDE} | {
        name: qualities(outside, 1e-4) for name in OUTSIDE
    }


def test_where_points_start():
    exact = starts(0.02, 0.02)
    alike, reach = theory.on_starts(PAGE, starts(0.02, 5.0), exact)
    assert (alike.verdict, reach.verdict) == (HOLDS, HOLDS)
    alike, reach = theory.on_starts(PAGE, starts(0.04, 0.02), exact)
    assert (alike.verdict, reach.verdict) == (NOT, NOT)
    lost = starts(0.02, float("inf"))
    assert theory.on_starts(PAGE, lost, exact)[1].verdict == HOLDS


@pytest.mark.parametrize(
    ("sigma2", "expected"), [((1.0, 1.5), HOLDS), ((1.0, 4.0), PART), ((1.0, 100.0), NOT)]
)
def test_weights_that_make_levels_alike(sigma2, expected):
    found = theory.on_weighting(PAGE, {"sigma2": sigma2, "sigma3": (1.0, 100.0)})
    assert found.verdict == expected
    assert "100 with sigma3" in found.number


def test_the_shell_and_a_scan():
    facts = {"thickness": 0.041, "delta": 0.02, "removed": 0.95, "kept": 0.99, "at_axis": 0.95}
    claims = surface_ledger.on_surface(PAGE, **facts)
    assert [claim.verdict for claim in claims] == [HOLDS] * 3
    assert claims[0].number == "the sheets are 0.041 apart, 2δ is 0.04"
    facts = {"thickness": 0.02, "delta": 0.02, "removed": 0.5, "kept": 0.5, "at_axis": 0.1}
    assert [claim.verdict for claim in surface_ledger.on_surface(PAGE, **facts)] == [NOT] * 3
    scan = {"given_spacing": 0.05, "made_spacing": 0.02, "oracle": 1e-4}
    assert theory.on_scan(PAGE, **scan, error=1e-4).verdict == HOLDS
    assert theory.on_scan(PAGE, **scan, error=1e-3).verdict == PART


@pytest.mark.slow
def test_the_exact_field_decides():
    claims = theory.claims_on_fields("../models/gradient-fields.html")
    verdicts = {claim.words: claim.verdict for claim in claims}
    assert verdict({claim.words: claim for claim in claims}, "convex hull") == HOLDS
    assert len(verdicts) == len(claims) == 8
    assert all(claim.chapter.startswith("../models/gradient-fields.html#") for claim in claims)


def test_tables_have_the_papers_numbers_beside_ours():
    made = autoencoding(0.8).result
    text = report.table_1(made, "Digits", paper="MNIST-CP").text
    assert "ShapeGF | 2.67 | 7.34 | 8,008 ± 8.00" in text or "2.67" in text
    assert "-20.0 %" in text.replace("−", "-")
    assert report.curves(made, "Made up.").text
    assert "2.524 ± 0.001" in report.table_8(architecture_with_metrics(), "Architecture").text
    assert "0.6 %" in report.paper_table_1("As printed").text
    assert "| 17.894 |" in report.paper_table_1("As printed").text
    assert "4.0 %" in report.repeats_table("Repeats").text
    assert "36.7" in report.table_4_levels(levels((0.04, 0.08, 0.4), (2e-4, 1e-4, 0.1)), "Levels").text
    assert "distance 100" in report.table_4_starts(starts(0.02, 5.0), "Starts").text
    assert EXACT != ONE


def architecture_with_metrics():
    values = {
        variant: dict.fromkeys(METRICS, 1.0)
        | {"excess loss": 1.0, "excess loss at 1": 2.0, "excess loss at 0.1": 3.0}
        for variant in TABLE_8["CD"]
    }
    return result_of(values, factor="variant")


def test_excess_curves_are_by_level():
    made = architecture_with_metrics()
    found = compare.excess_levels(made, FULL)
    assert list(found) == [1.0, 0.1]
    np.testing.assert_allclose(found[0.1], [3.0, 3.003, 3.006])
    assert report.excess_curves(made, "Made up.").text
