"""Clouds of different sizes in the Chamfer family: values and gradients of each pair alone."""

import math
from functools import partial

import pytest
import torch

from pcl_lib.distances import (
    chamfer,
    dcd,
    f_score,
    hausdorff,
    hyper_cd,
    released_landau_cd,
    truncated_cd,
    weighted_chamfer,
)
from pcl_lib.neighbors import pad_clouds
from tests.gradients import gradgradcheck

COMBINATIONS = ("sum", "mean", "max", "forward", "backward")
LOSSES = {
    f"chamfer {c} {r} {s}": partial(chamfer, combine=c, reduction=r, squared=s)
    for c in COMBINATIONS
    for r in ("mean", "sum")
    for s in (True, False)
}
LOSSES |= {f"hausdorff {c}": partial(hausdorff, combine=c) for c in ("max", "forward", "backward")}
LOSSES |= {f"dcd {f}": partial(dcd, alpha=2.0, form=f) for f in ("paper", "released", "released non_reg")}
LOSSES |= {
    "hyper_cd": hyper_cd,
    "hyper_cd released": partial(hyper_cd, form="released", combine="max"),
    "released_landau_cd": released_landau_cd,
    "truncated_cd": partial(truncated_cd, threshold=1.0),
    "weighted_chamfer": weighted_chamfer,
    "weighted_chamfer own": partial(weighted_chamfer, weight=lambda d: d / d.sum(-1, keepdim=True)),
    "weighted_chamfer one way": partial(weighted_chamfer, weight="gamma", combine="backward"),
}


def clouds(sizes, seed):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(n, 3, dtype=torch.float64, generator=generator) for n in sizes]


XS, YS = clouds((5, 9, 1), 0), clouds((7, 2, 4), 1)


@pytest.mark.parametrize("backend", ["kdtree", "dense"])
@pytest.mark.parametrize("name", LOSSES)
def test_each_pair_counts_as_if_alone(name, backend):
    loss = partial(LOSSES[name], backend=backend)
    (x, nx), (y, ny) = pad_clouds(XS), pad_clouds(YS)
    for whole, sizes in ((x, nx), (y, ny)):
        for row, n in zip(whole, sizes, strict=True):
            row[n:] = math.nan
    x.requires_grad_(), y.requires_grad_()
    outer = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
    value = loss(x, y, lengths_x=nx, lengths_y=ny)
    assert value.shape == (3,)
    (value * outer).sum().backward()
    for b, pair in enumerate(zip(XS, YS, strict=True)):
        own, other = (cloud.clone().requires_grad_() for cloud in pair)
        alone = loss(own, other)
        (alone * outer[b]).backward()
        torch.testing.assert_close(value[b], alone, rtol=1e-12, atol=0)
        for all_of_it, cloud in ((x, own), (y, other)):
            torch.testing.assert_close(all_of_it.grad[b, : len(cloud)], cloud.grad, rtol=1e-12, atol=1e-15)
            assert (all_of_it.grad[b, len(cloud) :] == 0).all()


def test_padding_with_zeros_is_not_a_cloud():
    (x, nx), (y, ny) = pad_clouds(XS), pad_clouds(YS)
    assert not torch.allclose(chamfer(x, y), chamfer(x, y, lengths_x=nx, lengths_y=ny))


def test_f_score():
    (x, nx), (y, ny) = pad_clouds(XS), pad_clouds(YS)
    found = f_score(x, y, 1.5, lengths_x=nx, lengths_y=ny)
    alone = [f_score(a, b, 1.5) for a, b in zip(XS, YS, strict=True)]
    for field in ("f", "precision", "recall", "value"):
        assert getattr(found, field).tolist() == [getattr(one, field).item() for one in alone]
    assert len(set(found.f.tolist())) > 1


def test_second_derivative():
    x, y = XS[0][:3, :2][None].repeat(2, 1, 1), YS[0][:2, :2].expand(2, 2, 2)

    def value(a):
        return chamfer(a, y, squared=False, lengths_x=[3, 2], lengths_y=[1, 2])

    assert gradgradcheck(value, (x.requires_grad_(),))


def test_lengths_and_weights_together():
    (x, nx), (y, ny) = pad_clouds(XS), pad_clouds(YS)
    parts = [torch.rand(len(cloud), dtype=torch.float64) + 0.1 for cloud in XS]
    weights = torch.full(x.shape[:2], math.nan, dtype=torch.float64)
    for row, own in zip(weights, parts, strict=True):
        row[: len(own)] = own
    found = chamfer(x, y, lengths_x=nx, lengths_y=ny, weights_x=weights)
    expected = [chamfer(a, b, weights_x=w) for a, b, w in zip(XS, YS, parts, strict=True)]
    torch.testing.assert_close(found, torch.stack(expected), rtol=1e-12, atol=0)
