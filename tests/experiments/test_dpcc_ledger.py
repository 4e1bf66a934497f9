"""The verdicts on D-PCC's claims that need records, on made-up results: each claim from every side."""

from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest

from pcl_lib.experiments.claims import HOLDS, NOT, PART, UNKNOWN, UNTESTED
from pcl_lib.experiments.compression import compare, recorded_ledger, report, sentences
from pcl_lib.experiments.compression.published import AHEAD, BOTH, COUNTS, EPOCHS, LADDER
from pcl_lib.experiments.compression.settings import (
    BPP,
    CD,
    COUNT_ERROR,
    D2,
    DENSITY,
    DPCC,
    DRACO,
    FULL,
    GRID,
    OCTREE,
    RATES,
    SETS,
    VARIANTS,
)
from pcl_lib.experiments.compression.whole import measures_of
from pcl_lib.experiments.record import read_record
from pcl_lib.experiments.runner.result import Result, Row

SEEDS, CLOUDS = (0, 1, 2), 4
BITS = tuple(f"{b} bits" for b in range(4, 9))
# Bits and D2 of a codec's five files, from one end to the other.
FALLING = ((3.0, 50.0), (2.5, 48.0), (2.0, 46.0), (1.5, 44.0), (1.0, 42.0))
RISING = ((0.5, 30.0), (1.0, 35.0), (2.0, 40.0), (4.0, 45.0), (8.0, 50.0))


def record_of(result, name):
    return replace(read_record("caloss-table1-gpu"), experiment=name, preset="record-cpu", result=result)


def rates(ladder=FALLING, *, others=RISING, of_set=None, spread=0.01):
    """A record; `of_set`: set to another ladder of its own. Seeds and clouds differ by `spread` or a little more."""
    rows, previews = [], {"sets": np.repeat(SETS, CLOUDS), "points": np.full(3 * CLOUDS, 1000)}
    previews |= {f"truth/shown {data}": np.eye(3) for data in SETS}
    files = {(DPCC, rate): k for k, rate in enumerate(RATES)}
    files |= {(codec, bits): k for codec in (OCTREE, GRID, DRACO) for k, bits in enumerate(BITS)}
    for (codec, setting), k in files.items():
        found = {name: np.ones((len(SEEDS), 3 * CLOUDS)) for name in measures_of(codec)}
        for i, data in enumerate(SETS):
            bits, d2 = ((of_set or {}).get(data, ladder) if codec == DPCC else others)[k]
            for seed, cloud in product(SEEDS, range(CLOUDS)):
                # Not the same change for each setting, or paired differences would have no spread at all.
                moved = spread * (seed * (k % 2 + 1) + cloud) if codec == DPCC else 0.0
                found[BPP][seed, CLOUDS * i + cloud] = bits + moved
                found[D2][seed, CLOUDS * i + cloud] = d2 + moved
        for name, values in found.items():
            previews[f"{codec}/{setting}/{name}"] = values
        for data in SETS:
            previews[f"{codec}/{setting}/shown {data}"] = np.eye(3)
        for seed in SEEDS:
            means = {
                f"{name}, {data}": float(values[seed, CLOUDS * i : CLOUDS * (i + 1)].mean())
                for name, values in found.items()
                for i, data in enumerate(SETS)
            }
            rows.append(Row({"codec": codec, "setting": setting}, seed, means, 1.0))
    curves = {key: np.tile([4.0, 2.0, 1.0], (len(SEEDS), 1)) for key in files}
    return record_of(Result(rows, curves, [1, 2, 3], CD, previews, {}, "cpu", 1.0), "dpcc-rate-distortion")


def ablation(**changes):
    """A record; `changes`: measure to variants with the factor by which each changes it."""
    rows, previews = [], {"truth/shown": np.eye(3)}
    for variant, seed in product(VARIANTS, range(5)):
        metrics = {
            CD: 1.0 + 0.01 * seed,
            BPP: 2.0,
            DENSITY: 0.5 + 0.001 * seed,
            COUNT_ERROR: 0.1 + 0.001 * seed,
        }
        for measure, factors in changes.items():
            # A spread of its own, so that no interval has width 0.
            metrics[measure.replace("_", " ")] *= factors.get(variant, 1.0) + 1e-4 * (seed % 2)
        rows.append(Row({"variant": variant}, seed, metrics, 1.0))
        previews[f"{variant}/shown"] = np.eye(3)
    return record_of(Result(rows, {}, [1], CD, previews, {}, "cpu", 1.0), "dpcc-ablation")


def verdicts(of_rates=None, of_terms=None):
    return {claim.words: claim.verdict for claim in recorded_ledger.claims(of_rates, of_terms, "page.html")}


@pytest.fixture
def long(monkeypatch):
    """As many passes as in the release: a refutation counts."""
    monkeypatch.setattr(type(rates()), "epochs", float(EPOCHS))


def test_every_claim_holds_where_all_is_as_claimed():
    worse = {"counts only": 1.2, "distances only": 1.3}
    found = verdicts(rates(), ablation(density=worse, count_error={"no count loss": 1.5}))
    assert found == dict.fromkeys((LADDER, AHEAD, BOTH, COUNTS), HOLDS)


def test_none_holds_the_other_way_round(long):
    better = {"counts only": 0.8, "distances only": 0.7}
    behind = tuple((bits, d2 - 30) for bits, d2 in FALLING[::-1])
    found = verdicts(rates(behind), ablation(density=better, count_error={"no count loss": 0.5}))
    assert found == dict.fromkeys((LADDER, AHEAD, BOTH, COUNTS), NOT)


def test_a_short_record_refutes_nothing():
    behind = tuple((bits, d2 - 30) for bits, d2 in FALLING[::-1])
    record = rates(behind)
    assert record.epochs < EPOCHS
    found = verdicts(record, ablation(density={"counts only": 0.8, "distances only": 0.7}))
    assert set(found.values()) == {UNKNOWN}


def test_a_wide_spread_cannot_tell(long):
    assert verdicts(rates(tuple((2.0 + k % 2 / 1e3, 40.0) for k in range(5)), spread=0.5))[LADDER] == UNKNOWN
    assert verdicts(of_terms=ablation())[BOTH] == UNKNOWN
    assert verdicts(of_terms=ablation())[COUNTS] == UNKNOWN


@pytest.mark.parametrize("ladder", [FALLING[::-1], (FALLING[0], FALLING[2], FALLING[1], *FALLING[3:])])
def test_one_set_out_of_order_leaves_a_part(long, ladder):
    assert verdicts(rates(of_set={"streets": ladder}))[LADDER] == PART


def test_ahead_on_one_set_of_three_is_a_part(long):
    behind = tuple((bits, d2 - 30) for bits, d2 in FALLING)
    assert verdicts(rates(behind, of_set={"faces": FALLING}))[AHEAD] == PART


def test_counts_alone_are_a_part(long):
    assert verdicts(of_terms=ablation(density={"counts only": 1.2}))[BOTH] == PART


def test_files_that_are_larger_than_the_limit_or_of_no_size_of_the_rival_are_not_compared(long):
    """Above 4 bits nothing counts, and below the rival's smallest file there is nothing to compare with."""
    large = tuple((bits + 3.5, d2) for bits, d2 in FALLING)
    found = compare.gap(rates(large).result, OCTREE)
    assert (found.compared, found.of) == (0, 0)
    small = tuple((bits / 10, d2) for bits, d2 in FALLING)
    found = compare.gap(rates(small).result, OCTREE, data="faces")
    assert (found.compared, found.of, found.difference, found.sign) == (0, 5 * len(SEEDS) * CLOUDS, None, 0)
    assert verdicts(rates(small))[AHEAD] == UNKNOWN


def test_a_gap_is_that_of_equal_sizes():
    """Between the rival's files of 1 and 2 bits D2 runs along the logarithm: at the square root of 2 it is half-way."""
    result = rates(tuple((2**0.5, 40.0 + k / 1e9) for k in range(5)), spread=0.0).result
    assert compare.gap(result, OCTREE).clouds == pytest.approx((2.5,) * 3 * CLOUDS)


def test_no_overlap_is_said_and_not_made_up():
    apart = rates(tuple((bits, d2 + 100) for bits, d2 in FALLING)).result
    assert compare.bjontegaard(apart, OCTREE) is None
    assert report.rivals_table(apart, [OCTREE], "Rivals.").text.count("no overlap") == 1 + len(SETS)
    half = rates(of_set={"faces": tuple((bits, d2 + 100) for bits, d2 in FALLING)}).result
    found = compare.bjontegaard(half, OCTREE)
    assert found is not None
    assert found.clouds == 2 * CLOUDS
    assert compare.bjontegaard(half, OCTREE, data="faces") is None


def test_a_ladder_that_is_the_rival_s_needs_as_many_bits():
    found = compare.bjontegaard(rates(RISING, spread=0.0).result, OCTREE)
    assert found is not None
    assert found.mean == pytest.approx(0, abs=1e-9)
    assert found.overlap.tolist() == [1.0] * 3 * CLOUDS


def test_without_records_nothing_is_judged():
    found = recorded_ledger.claims(None, None, "page.html")
    assert {claim.verdict for claim in found} == {UNTESTED}
    whole = recorded_ledger.claims(rates(), ablation(), "page.html")
    assert [(c.words, c.where, c.chapter) for c in whole] == [(c.words, c.where, c.chapter) for c in found]


def test_tables_say_what_was_found():
    result, terms = rates().result, ablation(density={"counts only": 1.2}).result
    steps = report.steps_table(result, "Steps.").text
    assert all(steps.count(f"{a} to {b}") == len(SETS) for a, b in pairwise(RATES))
    assert steps.count("from end to end") == len(SETS)
    assert "-66.1 %" in steps
    assert report.ladder_table(result, "Ladder.").text.count("1e-4") == len(SETS)
    assert "+20.0 %" in report.terms_table(terms, "Terms.").text
    assert compare.still_moving(result, (DPCC, RATES[0])).tolist() == [-50.0] * 3
    assert compare.nearest_in_size(result, GRID, 1.2, "faces") == "5 bits"


def test_sentences_count_what_they_say():
    """Two sets of three as claimed, and streets the other way: eight steps of twelve fall, four rise."""
    record = rates(of_set={"streets": FALLING[::-1]})
    said = sentences.ladder(record.result)
    assert (
        "Of 12 steps to a larger weight, bytes surely fall in 8 and surely rise in 4; D2 surely falls in 8"
        in said
    )
    assert "streets: bytes +195.1 % (+195.1 to +195.1), D2 +8.00 dB" in said
    assert "changed by -50 %" in sentences.length(record)
    assert "held out" not in sentences.length(ablation()), "it was looked at once, at its end"
    assert "50 % on faces (points so coded: 100 %)" in sentences.overhead(rates(spread=0.0).result)


def test_rivals_are_named_by_set():
    behind = tuple((bits, d2 - 30) for bits, d2 in FALLING)
    large = tuple((bits + 10, d2) for bits, d2 in FALLING)
    result = rates(behind, of_set={"faces": FALLING, "streets": large}).result
    said = sentences.rivals(result, [OCTREE])
    assert "surely higher on faces, surely lower on families, without a comparison on streets" in said
    assert "the curves of 8 of 12 clouds overlap" in said
    said = sentences.smaller(result, [OCTREE, GRID])
    assert said.count("On ") == 1
    assert "On streets even the largest files of octree (8.00 bits a point, D2 50.0 dB" in said
    assert "undecided on faces and families, without a comparison on streets" in sentences.density(
        result, [OCTREE]
    )
    apart = rates(tuple((bits, d2 + 100) for bits, d2 in FALLING)).result
    assert "no Bjontegaard rate" in sentences.rivals(apart, [OCTREE])
    assert sentences.smaller(apart, [OCTREE]) == ""


def test_what_is_missed_is_named():
    worse = {"counts only": 1.2, "distances only": 0.7}
    said = sentences.terms(ablation(density=worse, count_error={"no count loss": 1.5}).result)
    assert "density metric is surely larger with counts only, surely smaller with distances only" in said
    assert "number of points is surely larger with no count loss, undecided with no density loss" in said


@pytest.mark.slow
def test_figures_say_what_they_show():
    result, terms = rates().result, ablation(density={"counts only": 1.2}).result
    assert "4 codecs" in report.rate_curves(result, D2, "Curves.").text
    assert f"{len(VARIANTS) - 1} parts" in report.terms_figure(terms, "Terms.").text
    assert "2 networks" in report.patch_without(terms, [FULL, "no count loss"]).text
    assert report.came_back(result).text.count("octree") >= 1
