"""f_score: the strict threshold, the harmonic mean, its edges."""

import numpy as np
import pytest
import torch

from pcl_lib.distances import f_score
from tests.distances.reference import X, Y, nearest_distances


@pytest.mark.parametrize("backend", ["dense", "kdtree"])
@pytest.mark.parametrize("threshold", [0.2, 0.5, 1.0])
def test_matches_the_double_loop(backend, threshold):
    x, y = X(19), Y(26)
    precision = (nearest_distances(x, y) < threshold).mean()
    recall = (nearest_distances(y, x) < threshold).mean()
    result = f_score(torch.from_numpy(x), torch.from_numpy(y), threshold, backend=backend)
    assert result.precision.item() == pytest.approx(precision)
    assert result.recall.item() == pytest.approx(recall)
    expected = 2 * precision * recall / (precision + recall) if precision + recall else 0
    assert result.f.item() == pytest.approx(expected)


def test_the_threshold_is_strict_and_a_length():
    x, y = torch.zeros(1, 3), torch.tensor([[0.0, 0.0, 0.5]])
    assert f_score(x, y, 0.5).f.item() == 0
    assert f_score(x, y, 0.5001).f.item() == 1
    assert f_score(x, y, 0.26).f.item() == 0  # 0.5 squared is 0.25: a squared reading would say 1


def test_nothing_near_is_zero_and_not_nan():
    result = f_score(torch.zeros(3, 2), torch.ones(2, 2), 0.1)
    assert [value.item() for value in result] == [0, 0, 0]


def test_swapping_the_clouds_swaps_precision_and_recall():
    x, y = torch.from_numpy(X(19)), torch.from_numpy(Y(26))
    there, back = f_score(x, y, 0.5), f_score(y, x, 0.5)
    assert there.f == back.f
    assert (there.precision, there.recall) == (back.recall, back.precision)
    assert there.precision != there.recall


def test_a_batch_is_a_loop():
    x, y = (torch.from_numpy(np.stack([f(15), 0.5 * f(15)])) for f in (X, Y))
    batch = f_score(x, y, 0.4)
    for b in range(2):
        single = f_score(x[b], y[b], 0.4)
        assert [value[b].item() for value in batch] == [value.item() for value in single]


@pytest.mark.parametrize("threshold", [0.0, -1.0, float("nan"), float("inf")])
def test_the_threshold_must_be_a_length(threshold):
    with pytest.raises(ValueError, match="positive, finite length"):
        f_score(torch.zeros(1, 3), torch.zeros(1, 3), threshold)
