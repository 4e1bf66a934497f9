"""mesh_accuracy: the order statistic, one-sidedness, messages."""

import math

import pytest
import torch

from pcl_lib.distances import hausdorff
from pcl_lib.metrics import mesh_accuracy
from tests.metrics.reference import random_clouds, rotation, square_distances


@pytest.mark.parametrize("n", [1, 7, 10, 33, 100])
@pytest.mark.parametrize("share", [0.07, 0.5, 0.9, 1.0])
def test_is_the_least_distance_that_holds_the_share(n, share):
    x, y = random_clouds(n, 3), random_clouds(40, 3, seed=1)
    dist = sorted(square_distances(x.numpy(), y.numpy()).min(1) ** 0.5)
    expected = next(d for k, d in enumerate(dist, start=1) if k / n >= share)
    assert mesh_accuracy(x, y, share=share).item() == pytest.approx(expected, rel=1e-12)


def test_laws():
    x, y = random_clouds(50, 3), random_clouds(40, 3, seed=1)
    value = mesh_accuracy(x, y).item()
    assert mesh_accuracy(x, x).item() == 0
    assert mesh_accuracy(x[:5], x).item() == 0  # what is missing does not count
    assert mesh_accuracy(x, y, share=1.0) == hausdorff(x, y, combine="forward")
    assert mesh_accuracy(3 * x, 3 * y).item() == pytest.approx(3 * value, rel=1e-12)
    assert mesh_accuracy(x @ rotation(), y @ rotation()).item() == pytest.approx(value, rel=1e-9)


def test_one_outlier_in_ten_does_not_count():
    x = random_clouds(10, 3)
    outlier = x.clone()
    outlier[4] += 100
    assert mesh_accuracy(outlier, x).item() == 0
    outlier[5] += 100
    assert mesh_accuracy(outlier, x).item() > 100


def test_a_batch_is_a_loop():
    x, y = random_clouds(3, 30, 3), random_clouds(3, 20, 3, seed=1)
    expected = torch.stack([mesh_accuracy(a, b) for a, b in zip(x, y, strict=True)])
    assert torch.equal(mesh_accuracy(x, y), expected)


@pytest.mark.parametrize("share", [0.0, -0.5, 1.01, math.nan])
def test_share_message(share):
    with pytest.raises(ValueError, match=r"share must be in \(0, 1\]"):
        mesh_accuracy(random_clouds(5, 3), random_clouds(5, 3), share=share)
