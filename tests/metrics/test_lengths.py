"""Clouds of different sizes in the metrics: each pair as if alone, whatever the padding holds."""

import math
from functools import partial

import pytest
import torch

from pcl_lib import metrics
from pcl_lib.distances import chamfer, transport_plan
from pcl_lib.metrics import generation_scores, kitti_mmd, pairwise
from pcl_lib.neighbors import pad_clouds
from tests.metrics.reference import random_clouds

SIZES_X, SIZES_Y = [30, 60, 41], [50, 33, 70]
PAIRS = {
    "cd_l1": metrics.cd_l1,
    "cd_l2": metrics.cd_l2,
    "f1_at_1_percent": lambda x, y, **o: metrics.f1_at_1_percent(x / 20, y / 20, **o),
    "mesh_accuracy": metrics.mesh_accuracy,
    "d1_psnr": partial(metrics.d1_psnr, peak=1.0),
    "half_sum_hausdorff": metrics.half_sum_hausdorff,
    "mcd": partial(metrics.mcd, sizes=(2, 4), centres=8),
    "local_chamfer": partial(metrics.local_chamfer, k=4, centres=8),
    "density_difference": partial(metrics.density_difference, ball=1.0),
}


def ragged(sizes, seed):
    parts = [random_clouds(1, n, 3, seed=seed + n)[0] for n in sizes]
    batch, lengths = pad_clouds(parts)
    for row, n in zip(batch, lengths, strict=True):
        row[n:] = math.nan
    return parts, batch, lengths


(XS, X, NX), (YS, Y, NY) = ragged(SIZES_X, 0), ragged(SIZES_Y, 1)


@pytest.mark.parametrize("name", PAIRS)
def test_pairs(name):
    found = PAIRS[name](X, Y, lengths_x=NX, lengths_y=NY)
    expected = torch.stack([PAIRS[name](a, b) for a, b in zip(XS, YS, strict=True)])
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=0)
    assert len(set(found.tolist())) > 1


def test_metrics_with_names_of_their_own():
    found = metrics.fidelity(X, Y, squared=True, lengths_partial=NX, lengths_completed=NY)
    expected = [metrics.fidelity(a, b, squared=True).item() for a, b in zip(XS, YS, strict=True)]
    assert found.tolist() == pytest.approx(expected, rel=1e-12)
    normals = torch.nn.functional.normalize(X, dim=-1)
    found = metrics.d2_psnr(X, Y, normals, peak=1.0, carry="mean", lengths_truth=NX, lengths_decoded=NY)
    expected = [
        metrics.d2_psnr(a, b, n[: len(a)], peak=1.0, carry="mean").item()
        for a, b, n in zip(XS, YS, normals, strict=True)
    ]
    assert found.tolist() == pytest.approx(expected, rel=1e-12)


def test_metrics_of_one_cloud():
    found = metrics.largest_spacing(X, lengths=NX)
    assert found.tolist() == [metrics.largest_spacing(cloud).item() for cloud in XS]
    options = {"area": 4.0, "percentages": (0.3, 0.5), "seeds": 5}
    found = metrics.uniformity(X, lengths=NX, **options)
    assert found.tolist() == [metrics.uniformity(cloud, **options).tolist() for cloud in XS]


def test_mcd_of_a_batch_takes_the_maximum_of_the_means_over_pairs():
    options = {"sizes": (2,), "centres": 4}
    found = metrics.mcd(X, Y, batch_max=True, lengths_x=NX, lengths_y=NY, **options)
    local = [metrics.local_chamfer(a, b, 2, centres=4) for a, b in zip(XS, YS, strict=True)]
    there, back = (
        torch.stack([chamfer(a, b, combine=way) for a, b in zip(XS, YS, strict=True)]).mean()
        for way in ("forward", "backward")
    )
    torch.testing.assert_close(found, torch.stack(local) + 0.1 * torch.maximum(there, back))


@pytest.mark.parametrize("workers", [1, 3])
def test_pairwise(workers):
    found = pairwise(X, Y[:2], lengths_x=NX, lengths_y=NY[:2], workers=workers)
    expected = torch.tensor([[chamfer(a, b).item() for b in YS[:2]] for a in XS], dtype=X.dtype)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=0)
    own = pairwise(X, lengths_x=NX, symmetric=True, workers=workers)
    expected = torch.tensor([[chamfer(a, b).item() for b in XS] for a in XS], dtype=X.dtype)
    torch.testing.assert_close(own, expected, rtol=1e-12, atol=0)


def test_pairwise_of_a_distance_that_knows_nothing_of_lengths():
    found = pairwise(X[:1], Y[:1], distance=transport_plan, lengths_x=NX[:1], lengths_y=NY[:1])
    assert found.item() == pytest.approx(transport_plan(XS[0], YS[0]).value.item(), rel=1e-12)


def test_sets():
    found = kitti_mmd(X, Y, lengths_completed=NX, lengths_references=NY)
    matrix = [[chamfer(a, b, squared=False, combine="mean").item() for b in YS] for a in XS]
    assert found.tolist() == pytest.approx([min(row) for row in matrix], rel=1e-12)
    scores = generation_scores(X, Y, lengths_samples=NX, lengths_references=NY)
    matrix = torch.tensor([[chamfer(a, b).item() for b in YS] for a in XS], dtype=X.dtype)
    assert scores.mmd.item() == pytest.approx(matrix.amin(0).mean().item(), rel=1e-12)


def test_messages(as_users_call_it):
    with pytest.raises(ValueError, match="lengths_y are the lengths of y, received them without y"):
        pairwise(X, lengths_y=NX)
    with pytest.raises(ValueError, match="each length of y must be an integer from 1 to 70, received 71"):
        pairwise(X, Y, lengths_x=NX, lengths_y=[71, 1, 1])
    with pytest.raises(ValueError, match="x must be finite"):
        pairwise(X, Y, lengths_x=[60, 60, 60], lengths_y=NY)
    with pytest.raises(ValueError, match=r"partial must be a batch \(B, N, D\) to have lengths"):
        metrics.fidelity(X[0], Y[0], lengths_partial=[3])
