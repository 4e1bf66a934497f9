"""What the ledger and the report say of a result, on numbers that one can check by eye."""

from dataclasses import replace

import numpy as np
import pytest

from pcl_lib.experiments.claims import HOLDS, NOT, PART, UNKNOWN, UNTESTED
from pcl_lib.experiments.generation import compare, ledger, report
from pcl_lib.experiments.generation.published import MEASURES
from pcl_lib.experiments.generation.settings import (
    KNOWN,
    MATCHED,
    MODELS,
    OURS,
    RGAN,
    THINNED,
    TRAIN,
    TWINS,
    VAE,
)
from pcl_lib.experiments.record import Record, read_record
from pcl_lib.experiments.runner.result import Result, Row

# Of each model: MMD-CD, MMD-EMD, COV-CD, COV-EMD, 1-NNA-CD, 1-NNA-EMD; 1-NNA-CD without near-duplicates.
SCORES = {
    OURS: (0.010, 0.20, 0.45, 0.46, 0.60, 0.58, 0.60),
    VAE: (0.012, 0.22, 0.40, 0.41, 0.70, 0.66, 0.70),
    "l-GAN": (0.011, 0.25, 0.42, 0.30, 0.80, 0.85, 0.80),
    RGAN: (0.030, 0.40, 0.20, 0.10, 0.99, 1.00, 0.99),
    TRAIN: (0.009, 0.19, 0.50, 0.51, 0.50, 0.51, 0.50),
    TWINS: (0.009, 0.19, 0.47, 0.48, 0.72, 0.71, 0.51),
    MATCHED: (0.010, 0.20, 0.55, 0.52, 0.95, 0.90, 0.95),
}
WOBBLE = (0.0, 0.001, -0.001)


def made(**changes):
    rows = []
    for model, (*numbers, thinned) in (SCORES | changes).items():
        for seed, off in enumerate(WOBBLE):
            metrics = dict(zip(MEASURES, numbers, strict=True))
            metrics |= {name + THINNED: value for name, value in metrics.items()}
            metrics["1-NNA-CD" + THINNED] = thinned
            # Each model wobbles in its own way, or all differences would be the same for each seed.
            share = 1 + 0.5 * MODELS.index(model)
            metrics = {
                name: value + share * off * (0.01 if "MMD" in name else 1) for name, value in metrics.items()
            }
            metrics["near-duplicates"] = 0.2
            rows.append(Row({"model": model}, seed, metrics, 1.0))
    clouds = np.random.default_rng(0).random((4, 8, 2))
    previews = {"truth": clouds} | {m: clouds + k for k, m in enumerate(MODELS)}
    curves = {(m,): np.full((3, 2), 0.02) for m in MODELS}
    return Result(rows, curves, [10, 20], "MMD-CD", previews, {}, "cpu", 1.0)


@pytest.fixture
def result():
    return made()


@pytest.fixture(autouse=True)
def trained_as_long_as_in_the_paper(monkeypatch):
    monkeypatch.setattr(Record, "epochs", ledger.PAPER_EPOCHS)


def record(result):
    """Any record, with this result in it."""
    return replace(
        read_record("caloss-table1-gpu"), result=result, seeds=[0, 1, 2], device="cpu", date="2026-01-02"
    )


def verdicts(result):
    return [claim.verdict for claim in ledger.claims(record(result), "../models/page.html#section")]


def test_values_are_in_the_units_of_the_paper(result):
    assert compare.values(result, "MMD-CD", OURS)[0] == pytest.approx(10)
    assert compare.values(result, "MMD-EMD", OURS)[0] == pytest.approx(20)
    assert compare.values(result, "COV-CD", OURS)[0] == pytest.approx(45)
    assert compare.values(result, "1-NNA-CD", TWINS, thinned=True)[0] == pytest.approx(51)


def test_one_nna_is_good_near_50_from_either_side():
    low = made(**{OURS: (0.010, 0.20, 0.45, 0.46, 0.30, 0.58, 0.30)})
    assert compare.worse(low, "1-NNA-CD", OURS, TRAIN).sign == 1
    assert compare.worse(low, "1-NNA-CD", OURS, VAE).mean == pytest.approx(0, abs=0.5)
    assert compare.signs(made(), OURS, RGAN) == [-1] * len(MEASURES)


def test_the_verdicts(result):
    assert verdicts(result) == [HOLDS, NOT, NOT, HOLDS, HOLDS, UNTESTED, UNTESTED]


def test_what_has_no_model_is_not_tested(result):
    known = replace(result, rows=[row for row in result.rows if row.factors["model"] in KNOWN])
    assert verdicts(known) == [UNTESTED, UNTESTED, NOT, HOLDS, UNTESTED, UNTESTED, UNTESTED]


@pytest.mark.parametrize(
    ("changes", "which", "verdict"),
    [
        # The VAE better on two of the six; on all.
        ({VAE: (0.009, 0.22, 0.48, 0.41, 0.70, 0.66, 0.70)}, 4, PART),
        ({VAE: (0.008, 0.18, 0.48, 0.49, 0.55, 0.52, 0.55)}, 4, NOT),
        # Real shapes beaten in both.
        ({OURS: (0.008, 0.20, 0.55, 0.46, 0.60, 0.58, 0.60)}, 1, HOLDS),
        # A match that gains no coverage shows nothing.
        ({MATCHED: (0.010, 0.20, 0.40, 0.52, 0.95, 0.90, 0.95)}, 2, UNKNOWN),
        # 1-NNA stays where it was after near-duplicates are gone; twins that change nothing.
        ({TWINS: (0.009, 0.19, 0.47, 0.48, 0.72, 0.71, 0.70)}, 3, NOT),
        ({TWINS: (0.009, 0.19, 0.47, 0.48, 0.50, 0.51, 0.50)}, 3, UNKNOWN),
    ],
)
def test_other_numbers_other_verdicts(changes, which, verdict):
    assert verdicts(made(**changes))[which] == verdict


def test_a_short_training_refutes_nothing_of_a_model(result, monkeypatch):
    bad = made(
        **{
            VAE: (0.008, 0.18, 0.48, 0.49, 0.55, 0.52, 0.55),
            RGAN: (0.007, 0.17, 0.49, 0.50, 0.54, 0.51, 0.54),
        }
    )
    assert [verdicts(bad)[k] for k in (0, 1, 4)] == [NOT, NOT, NOT]
    monkeypatch.setattr(Record, "epochs", ledger.PAPER_EPOCHS - 1)
    assert [verdicts(bad)[k] for k in (0, 1, 4)] == [UNKNOWN, UNKNOWN, UNKNOWN]
    # What needs no network is judged as before, and so is what holds.
    assert [verdicts(result)[k] for k in (0, 2, 3, 4)] == [HOLDS, NOT, HOLDS, HOLDS]
    assert "1999 passes" in ledger.claims(record(bad), "page").pop(0).number.replace(",", "")


def test_claims_name_their_page_and_their_numbers(result):
    claims = ledger.claims(record(result), "../models/page.html#section")
    assert all(claim.chapter == "../models/page.html#section" for claim in claims)
    assert "surely better on 6 of 6 metrics" in claims[0].number
    assert "72.1 %" in claims[3].words


def test_tables_hold_the_numbers(result):
    text = report.scores_table(result, "Scores").text
    assert "ShapeGF | 10.0 ± " in text
    without = report.scores_table(result, "Scores", thinned=True).text
    assert "train with twins" in without
    assert without != text
    assert "Airplane, ShapeGF | 1.285 | 7.364 | 47.65 |" in report.printed_table("Table 3").text
    assert "| 0.5163 |" in report.contradictions_table("Slips").text
    twins = report.twins_table(result, "Twins").text
    assert "20.0" in twins
    compared = report.difference_table(result, "GAN and VAE", pairs=((OURS, VAE), (OURS, TRAIN))).text
    assert "ShapeGF against VAE, MMD-CD × 1,000 | -0.577" in compared
    assert "better" in compared
    assert "worse" in compared
    assert "Car, train" in report.cars_table("Table 6").text
    assert report.facts(record(result)) == {"device": "cpu", "date": "2026-01-02"}


def test_pictures(result):
    shown = report.samples(result, count=2)
    assert "2 real shapes" in shown.text
    assert "r-GAN" in shown.text
    assert MATCHED in report.samples(result, models=(OURS, MATCHED), count=1).text
    assert "MMD-CD" in report.training_curves(result, "A note.").text
