"""Table 2 of ShapeGF on made-up results: what the rules on fewer points say, and what table and curves show."""

from dataclasses import replace

import numpy as np
import pytest

from pcl_lib.experiments.claims import HOLDS, NOT, PART, UNKNOWN, UNTESTED
from pcl_lib.experiments.gradient_fields import compare, ledger, report, sparse, sparse_ledger
from pcl_lib.experiments.gradient_fields.published import CELLS, GIVEN
from pcl_lib.experiments.gradient_fields.settings import METRICS, SPARSE_ROWS, cell
from pcl_lib.experiments.record import LARGEST, read_record
from pcl_lib.experiments.runner.experiment import Run
from pcl_lib.experiments.runner.npz import pack_arrays
from pcl_lib.experiments.runner.result import Result, Row

PAGE = "../models/many-shapes.html"


def table_2(few=1.0, stored=1.0, *, level=0.02, seeds=(0, 1, 2), passes=2000, asked=0):
    """Cells of an EMD of `level`, `few` times as much where M is at most 256, `stored` times where N is below 10,000;
    the points alone have 0.02 for all M. A thousandth more for each seed."""
    rows = []
    for row in SPARSE_ROWS:
        value = 0.02
        if not row.startswith("no network"):
            n, m = map(int, row.split(" x "))
            value = level * (few if m <= 256 else 1.0) * (stored if n < 10_000 else 1.0)
        for seed in seeds:
            metrics = dict.fromkeys(METRICS, value * (1 + 1e-3 * seed)) | {"updates": float(passes)}
            rows.append(Row({"N x M": row}, seed, metrics, 1000.0))
    curves = {(row,): np.ones((len(seeds), 2)) for row in SPARSE_ROWS}
    result = Result(rows, curves, [10, 20], "EMD", {}, {"name": "made up"}, "cpu", 1.0)
    settings = {"shapes_per_update": 16, "train_shapes": 16, "loss_points": asked}
    return replace(read_record("caloss-table1-gpu"), result=result, settings=settings)


def verdicts(record):
    """On fewer points given, and on fewer stored."""
    same, near, stored = sparse_ledger.on_sparse(record, PAGE)
    assert same.verdict == near.verdict
    return near.verdict, stored.verdict


def test_no_record_is_not_tested_and_names_the_experiment():
    assert verdicts(None) == (UNTESTED, UNTESTED)
    assert "field-sparse" in sparse_ledger.on_sparse(None, PAGE)[0].number


def test_fewer_points_that_cost_little_and_much():
    assert verdicts(table_2(1.05, 1.02)) == (HOLDS, HOLDS)
    assert verdicts(table_2(1.5, 1.2)) == (NOT, NOT)
    (number, *_, stored) = (claim.number for claim in sparse_ledger.on_sparse(table_2(1.5, 1.2), PAGE))
    assert "256 points against 2,048: CD +50 %" in number
    assert "printed +14 %" in number
    assert "over seeds CD +50.0 %" in number
    assert "N = 1,000 +20.0 % (+20.0 to +20.0)" in stored


def test_one_seed_has_no_spread_over_trainings_but_the_pairs_of_cells_do():
    of = table_2(1.05, 1.02, seeds=(0,))
    assert verdicts(of) == (UNKNOWN, HOLDS)
    assert "one seed, so no spread" in sparse_ledger.on_sparse(of, PAGE)[0].number
    assert [len(compare.fewer_stored(of.result, "EMD", n).values) for n in (3000, 1000)] == [5, 3]


def test_networks_worse_than_the_few_points_alone_tell_nothing():
    assert verdicts(table_2(1.05, 1.02, level=0.021)) == (UNKNOWN, UNKNOWN)
    assert verdicts(table_2(1.5, 1.5, level=0.021)) == (UNKNOWN, UNKNOWN)
    assert sparse_ledger.levels(table_2(level=0.021, seeds=(0,))) == pytest.approx((2.1, 2.0))


def test_a_short_training_refutes_nothing():
    assert verdicts(table_2(1.5, 1.2, passes=1999)) == (UNKNOWN, UNKNOWN)
    assert verdicts(table_2(1.05, 1.02, passes=1999)) == (HOLDS, HOLDS)


def test_a_loss_that_asks_for_as_many_points_in_every_cell_tests_the_encoder_alone():
    assert verdicts(table_2(1.05, 1.02, asked=128)) == (PART, HOLDS)


def test_a_training_that_asks_for_fewer_points_than_are_stored_cannot_tell_how_many_are():
    assert verdicts(table_2(passes=31, asked=32)) == (PART, UNKNOWN)
    assert verdicts(table_2(passes=32, asked=32)) == (PART, HOLDS)


def test_the_ledger_has_them():
    given = dict.fromkeys(("digits", "chairs", "airplanes", "architecture"))
    claims = ledger.claims(PAGE, sparse=table_2(1.5, 1.2), **given)
    found = {claim.words: claim.verdict for claim in claims if claim.chapter.endswith("#table-2")}
    assert list(found.values()) == [NOT] * 3


def test_what_the_page_says_in_words():
    of = table_2(1.5, 1.2, level=0.03, passes=10, asked=32)
    for row in of.result.rows:
        row.metrics["CD"] *= 1.25 if row.configuration == (compare.alone(256),) else 1.0
        row.metrics["EMD"] *= 1.5 if row.configuration == (compare.alone(256),) else 1.0
    found = sparse_ledger.numbers(replace(of, settings={**of.settings, "test_shapes": 20}))
    assert found["emd_256_ours"] == pytest.approx(50)
    assert (found["emd_256_alone"], found["emd_128_alone"]) == (pytest.approx(50), pytest.approx(0, abs=1e-9))
    assert found["cd_share"] == pytest.approx(14.4008 / 25, abs=1e-4)
    assert found["cd_128_printed"] == pytest.approx(70, abs=0.1)
    assert found["stored_printed"] == pytest.approx(4.4, abs=0.05), "3.878 against 3.715 at M = 128"
    assert (found["bare"], found["places"]) == (pytest.approx(1.0), 320)
    assert (found["verdict_given"], found["verdict_stored"]) == (UNKNOWN, UNKNOWN)


def test_the_table_and_the_curves_have_the_papers_numbers_beside_ours():
    made = table_2(1.5, 1.0).result
    text = report.table_2(made, "Few.").text
    assert "M = 2,048 | 2.46 | 2.53 | – | 2.00 | 2.00 | – | 2.00" in text
    assert "3.71" in text
    assert "no network" in text
    (height,) = {len(line.split(" | ")) for line in text.splitlines()[1:]}
    assert height == 1 + 2 * len({n for n, _ in CELLS}) + 1
    assert all(f"M = {m:,} |" in text for m in GIVEN)
    assert report.sparse_curves(made, "Made up.").text
    assert len(CELLS) == len([row for row in SPARSE_ROWS if row in {cell(*each) for each in CELLS}])


def test_what_a_record_shows_of_18_cells_fits_into_it():
    """Noise does not compress: as many clouds as the record has, of the paper's size, two shapes of each cell."""
    settings = sparse.tiny()
    noise = np.random.default_rng(0).normal(size=(4, 2048, 3)).astype(np.float16)
    arrays = {
        Run((row,), seed): {"shown": noise, "steps": noise, "shapes": np.zeros((len(METRICS), 20))}
        for row in settings.rows
        for seed in settings.seeds
    }
    found = sparse.previews(settings, arrays)
    assert len(pack_arrays(found)) < LARGEST
    assert all(np.array_equal(found[row], noise[:2]) for row in SPARSE_ROWS)
    assert not [name for name in found if name.endswith("/steps")]
