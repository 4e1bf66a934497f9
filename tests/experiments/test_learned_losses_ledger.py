"""The claims of CALoss: what its theory is measured by, and the rule that a short run refutes nothing."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from pcl_lib.distances import chamfer
from pcl_lib.experiments.claims import HOLDS, NOT, PART, UNKNOWN, UNTESTED
from pcl_lib.experiments.learned_losses import compare, ledger, theory
from pcl_lib.experiments.record import read_record
from pcl_lib.experiments.runner.result import Result, Row
from pcl_lib.losses import CALoss, PCLoss

PAGE = "../losses/at-work.html"


@pytest.fixture(scope="module")
def record():
    return read_record("caloss-table1-gpu")


def clouds(seed, n=64):
    return torch.rand(n, 3, generator=torch.Generator().manual_seed(seed))


def test_noise_of_the_same_distance():
    truth, spoilt = clouds(0), clouds(1)
    noisy = theory.same_distance(
        truth, spoilt, torch.randn(64, 3, generator=torch.Generator().manual_seed(2))
    )
    assert chamfer(noisy, truth).item() == pytest.approx(chamfer(spoilt, truth).item(), rel=1e-5)
    assert not torch.equal(noisy, spoilt)


@pytest.mark.parametrize("make", [CALoss, PCLoss])
def test_memory_grows_with_the_points(make):
    kept = [theory.bytes_kept(make(), n) for n in (256, 512, 1024)]
    assert kept[2] - kept[1] == pytest.approx(2 * (kept[1] - kept[0]), rel=0.01)


def test_the_mean_sends_one_gradient_to_all_features_and_many_to_points():
    loss = CALoss()
    by_feature, by_point = theory.sent_back(loss, clouds(0), clouds(1), lambda f, _: f.mean(1))
    assert theory.different(by_feature) == 1
    assert theory.different(by_point) > 10


def test_the_weight_of_the_fence_varies_less_with_more_points():
    few, many = (theory.spread_of_weight(n) for n in (16, 1024))
    assert few / many == pytest.approx(8, rel=0.3)


def test_entropy_of_one_weight_is_zero():
    assert theory.entropy(torch.tensor([1.0, 0.0, 0.0])).item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("found", "short", "full"), [(NOT, UNKNOWN, NOT), (HOLDS, HOLDS, HOLDS), (PART, PART, PART)]
)
def test_a_short_run_refutes_nothing(record, found, short, full):
    assert record.epochs < ledger.PAPER_EPOCHS
    assert ledger.lasting(found, record) == short
    long = replace(record, experiment="caloss-table1", preset="record-cpu")
    assert long.epochs >= ledger.PAPER_EPOCHS - 1
    assert ledger.lasting(found, long) == full


def test_claims_name_their_page_and_what_has_no_record(record):
    claims = ledger.claims(record, None, PAGE)
    assert all(claim.chapter.startswith(f"{PAGE}#") for claim in claims)
    assert any(claim.verdict == UNTESTED and "caloss-codes" in claim.number for claim in claims)


def completion_record(record, changes):
    """A record in which CALoss changes each network's MCD and HD by such factors."""
    rows = [
        Row(
            {"network": network, "loss": loss},
            seed,
            {
                metric: (1 + 0.01 * seed) * (1 if loss == "CD lengths" else change + 0.001 * seed)
                for metric, change in zip(("MCD", "HD"), changes[network], strict=True)
            },
            1.0,
        )
        for network in changes
        for loss in ("CD lengths", "CALoss")
        for seed in range(8)
    ]
    result = Result(rows, {}, [], "MCD", {}, {}, "cpu", 1.0)
    return replace(
        record, experiment="caloss-completion", preset="record-cpu", result=result, seeds=list(range(8))
    )


def of_table_3(record, changes, weighed=None):
    """The claim on completion of such a record, and of a second one."""
    first = completion_record(record, changes)
    second = None
    if weighed is not None:
        second = replace(completion_record(record, weighed), settings={"weight": 0.003})
    return ledger.claims(record, None, PAGE, completion=first, weighed=second)[-1]


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"PCN": (0.9, 0.9), "SnowflakeNet": (0.9, 1.1)}, HOLDS),  # three of four are most
        ({"PCN": (0.9, 0.9), "SnowflakeNet": (1.1, 1.1)}, PART),
        ({"PCN": (1.1, 1.1), "SnowflakeNet": (1.1, 1.1)}, UNKNOWN),  # it was short
    ],
)
def test_most_conditions_of_completion(record, changes, verdict):
    claim = of_table_3(record, changes)
    assert (claim.verdict, claim.where) == (verdict, "4.4, Table 3")
    assert "SnowflakeNet HD" in claim.number
    assert "8 seeds" in claim.number


def test_a_second_record_judges_the_networks_that_it_has(record):
    worse = {"PCN": (1.1, 1.1), "SnowflakeNet": (0.9, 1.1)}
    assert of_table_3(record, worse).verdict == UNKNOWN
    claim = of_table_3(record, worse, {"PCN": (0.8, 0.8)})
    assert claim.verdict == HOLDS
    assert "PCN MCD +1" in claim.number
    assert "with the weight 0.003: PCN MCD -1" in claim.number


OTHERS = {"PUD": (2.9, 3.0, 3.1), "PFD": (1.9, 2.0, 2.1), "CRND": (4.9, 5.0, 5.1), "PCLoss": (3.9, 4.0, 4.1)}


@pytest.mark.parametrize(
    ("ours", "verdict"),
    [
        ((1.4, 1.5, 1.6), HOLDS),
        ((1.6, 1.8, 2.0), PART),  # told apart from three of the four
        ((5.4, 5.5, 5.6), NOT),
    ],
)
def test_the_cheapest_of_the_learned_losses(record, ours, verdict):
    steps = {"CD lengths": (1.0, 1.0, 1.0), "CALoss": ours, **OTHERS}
    (claim,) = [c for c in ledger.claims(record, None, PAGE, steps=steps) if c.where == "4.6, Table 4"]
    assert claim.verdict == verdict
    assert f"{ours[1]:.2f} steps of CD lengths at the paper's size, the paper has 1.70" in claim.number
    assert claim.number.endswith("2.00 to 5.00")


def test_without_a_race_nobody_is_the_cheapest(record):
    (claim,) = [c for c in ledger.claims(record, None, PAGE) if c.where == "4.6, Table 4"]
    assert claim.verdict == UNTESTED


def test_the_first_look_against_the_better_distance(record):
    result = record.result
    other = compare.better_cd(result, result.curve_measure)
    expected = result.curves["AE", "CALoss"][:, 0] / result.curves["AE", other][:, 0] - 1
    assert compare.change_at(result, 0).values == pytest.approx(tuple(100 * expected))


def every_loss(record, away):
    """A record of three seeds in which the outputs of each loss are so far from those of CD lengths with the same
    seed, and two of its seeds are 2 apart."""
    losses = ["CD lengths", *away]
    runs = [(loss, seed) for loss in losses for seed in range(3)]
    apart = np.full((len(runs), len(runs)), 2.0)
    np.fill_diagonal(apart, 0.0)
    for loss, far in away.items():
        for seed in range(3):
            i, j = runs.index((loss, seed)), runs.index(("CD lengths", seed))
            apart[i, j] = apart[j, i] = far + 0.01 * seed
    rows = [Row({"network": "AE", "loss": loss}, seed, {}, 1.0) for loss, seed in runs]
    result = Result(rows, {}, [], "MCD", {"apart": apart}, {}, "cpu", 1.0)
    return replace(record, experiment="caloss-every-loss", preset="record-short", result=result)


@pytest.mark.parametrize(
    ("critics", "others", "verdict"),
    [
        (0.5, 3.0, HOLDS),
        (0.5, 2.0, HOLDS),  # as far apart as two seeds
        (0.5, 1.0, UNKNOWN),  # too short to part any losses
        (3.0, 1.0, UNKNOWN),
        (2.5, 3.0, PART),  # nearer than the others, and no nearer than two seeds
        (3.0, 2.5, UNKNOWN),  # it was short
    ],
)
def test_critics_whose_outputs_are_like_those_of_cd(record, critics, others, verdict):
    away = {"PUD": critics, "PFD": critics, "CRND": critics, "PCLoss": others, "CALoss": others}
    every = every_loss(record, away)
    (claim,) = [c for c in ledger.claims(record, None, PAGE, every=every) if "similar shapes" in c.words]
    assert (claim.verdict, claim.chapter) == (verdict, ledger.EVERY_LOSS)
    assert f"PUD {100 * (critics + 0.01) / 2 - 100:+.1f} %" in claim.number
    assert claim.number.endswith("13 epochs, 3 seeds")


def test_without_a_record_of_every_loss_no_outputs_are_alike(record):
    (claim,) = [c for c in ledger.claims(record, None, PAGE) if "similar shapes" in c.words]
    assert (claim.verdict, claim.chapter) == (UNTESTED, f"{PAGE}#with-a-network")
