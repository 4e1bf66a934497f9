"""MMD, COV, 1-NNA: loops, extremes, orientation, messages."""

import pytest
import torch

from pcl_lib.metrics import coverage, generation_scores, minimum_matching_distance, one_nn_accuracy, pairwise
from tests.metrics.reference import random_clouds


def naive_one_nna(samples, cross, references):
    s, r = cross.shape
    right = 0
    for i in range(s):
        others = [samples[j, i].item() for j in range(s) if j != i]
        right += min(others, default=float("inf")) < cross[i].min().item()
    for i in range(r):
        others = [references[j, i].item() for j in range(r) if j != i]
        right += min(others, default=float("inf")) <= cross[:, i].min().item()
    return right / (s + r)


def test_match_the_loops():
    cross, samples, references = random_clouds(6, 9), random_clouds(6, 6, seed=1), random_clouds(9, 9, seed=2)
    expected = sum(min(cross[s, r].item() for s in range(6)) for r in range(9)) / 9
    assert minimum_matching_distance(cross).item() == pytest.approx(expected, rel=1e-12)
    named = {min(range(9), key=lambda r: cross[s, r].item()) for s in range(6)}
    assert coverage(cross).item() == pytest.approx(len(named) / 9)
    result = one_nn_accuracy(samples, cross, references)
    assert result.accuracy.item() == pytest.approx(naive_one_nna(samples, cross, references))
    assert result.accuracy.item() == pytest.approx(
        (6 * result.on_samples + 9 * result.on_references).item() / 15
    )


def test_a_copy_of_the_references_is_the_best_there_is():
    y = random_clouds(6, 20, 3)
    scores = generation_scores(y, y)
    assert scores.mmd.item() == 0
    assert scores.coverage.item() == 1
    assert scores.one_nna.accuracy.item() == 0  # each cloud is beside its copy in the other set


def test_a_collapsed_generator_has_little_coverage_and_is_told_apart():
    y = random_clouds(6, 20, 3)
    x = y[:1] + 1e-3 * random_clouds(6, 20, 3, seed=1)
    scores = generation_scores(x, y, symmetric=True)
    assert scores.coverage.item() == pytest.approx(1 / 6)
    assert scores.one_nna.on_samples.item() == 1


def test_sets_far_apart_are_told_apart():
    y = random_clouds(6, 20, 3)
    assert generation_scores(y + 5, y).one_nna.accuracy.item() == 1


def test_the_orientation_matters():
    matrix = torch.tensor([[1.0, 2.0, 3.0], [1.5, 4.0, 5.0]])
    assert minimum_matching_distance(matrix).item() == pytest.approx(2.0)
    assert minimum_matching_distance(matrix.T).item() == pytest.approx(1.25)
    assert coverage(matrix).item() == pytest.approx(1 / 3)
    assert coverage(matrix.T).item() == pytest.approx(0.5)


def test_ties_take_the_first():
    assert coverage(torch.tensor([[1.0, 1.0], [2.0, 1.0]])).item() == 1
    equal = torch.ones(2, 2)
    result = one_nn_accuracy(equal, equal, equal)
    assert (result.on_references.item(), result.on_samples.item()) == (1, 0)


def test_diagonals_are_ignored():
    x, y = random_clouds(4, 10, 3), random_clouds(4, 10, 3, seed=1)
    matrices = [pairwise(a, b) for a, b in ((x, x), (x, y), (y, y))]
    filled = [matrices[0].clone().fill_diagonal_(torch.inf), matrices[1], matrices[2]]
    assert one_nn_accuracy(*matrices) == one_nn_accuracy(*filled)


def test_unequal_sets_and_a_single_sample():
    y = random_clouds(5, 10, 3)
    scores = generation_scores(y[:1] + 0.01, y)
    assert scores.coverage.item() == pytest.approx(0.2)
    assert scores.one_nna.on_samples.item() == 0


def test_messages(as_users_call_it):
    good = torch.rand(3, 3)
    bad = good.clone()
    bad[0, 1] = torch.nan
    with pytest.raises(ValueError, match="1 values that are not finite"):
        minimum_matching_distance(bad)
    with pytest.raises(ValueError, match=r"shape \(samples, references\), received \(3,\)"):
        coverage(good[0])
    with pytest.raises(ValueError, match="floating point"):
        coverage(torch.ones(2, 2, dtype=torch.int64))
    with pytest.raises(ValueError, match=r"samples must have shape \(2, 2\)"):
        one_nn_accuracy(good, good[:2], good)
    with pytest.raises(ValueError, match="references must be finite off its diagonal, received 1"):
        one_nn_accuracy(good, good, bad)
    with pytest.raises(ValueError, match="at least 3 clouds"):
        one_nn_accuracy(good[:1, :1], good[:1, :1], good[:1, :1])
    with pytest.raises(ValueError, match="samples must be a stack"):
        generation_scores(random_clouds(10, 3), random_clouds(2, 10, 3))
