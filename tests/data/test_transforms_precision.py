"""Transforms far from the origin, under autocast, and where the default device is another one."""

from __future__ import annotations

import math

import pytest
import torch

from pcl_lib.data import transforms as t
from tests.gradients import gradcheck

NORMALISATIONS = [t.unit_sphere, t.bounding_box, t.caloss_test_normalization, t.shapegf_normalization]
UTM = torch.tensor([5e5, 4.5e6, 100.0])


def survey(extent: float, *batch: int) -> torch.Tensor:
    g = torch.Generator("cpu").manual_seed(0)
    return torch.rand(*batch, 5000, 3, generator=g, device="cpu") * extent + UTM


@pytest.mark.parametrize("batch", [(), (3,)])
@pytest.mark.parametrize("extent", [1.0, 100.0, 1e4])
@pytest.mark.parametrize("normalise", NORMALISATIONS)
def test_far_from_the_origin(normalise, extent, batch):
    """A float32 cloud at 4.5e6 m: what it holds is normalised as exactly as near the origin."""
    x = survey(extent, *batch)
    out = normalise(x)
    exact = normalise(x.double())
    assert {value.dtype for value in out} == {torch.float32}
    assert torch.allclose(out.points.double(), exact.points, atol=1e-7)
    assert torch.allclose(out.scale.double(), exact.scale)
    assert float((out.restore(out.points) - x).abs().max()) <= 0.5  # the spacing of float32 there
    assert torch.allclose(exact.restore(exact.points), x.double(), atol=1e-8, rtol=0)


@pytest.mark.parametrize("extent", [1.0, 100.0, 1e4])
def test_mean_at_the_origin(extent):
    x = survey(extent)
    assert t.unit_sphere(x).points.double().mean(0).abs().max() < 1e-7
    assert float(t.unit_sphere(x).points.norm(dim=-1).max()) == pytest.approx(1, abs=1e-6)
    box = t.bounding_box(x).points
    assert (box.amin(0) + box.amax(0)).abs().max() < 1e-6


def test_many_points_do_not_add_up_to_another_mean():
    x = torch.full((1_000_000, 1), 0.1)
    x[0] = 100.0
    assert t.unit_sphere(x).points.double().mean().abs() < 1e-8


@pytest.mark.parametrize("normalise", NORMALISATIONS)
def test_gradients_pass(normalise):
    g = torch.Generator().manual_seed(0)
    x = torch.randn(6, 2, generator=g, dtype=torch.float64, requires_grad=True)
    assert gradcheck(lambda y: normalise(y).points, (x,))
    single = x.detach().float().requires_grad_()
    normalise(single).points.square().sum().backward()
    assert single.grad.dtype == torch.float32


TRANSFORMS = {
    **{f.__name__: lambda x, f=f: f(x).points for f in NORMALISATIONS},
    "restore": lambda x: t.unit_sphere(x).restore(x),
    "jitter": lambda x: t.jitter(x, seed=0),
    "resample down": lambda x: t.resample(x, 5, seed=0),
    "resample up": lambda x: t.resample(x, 50, seed=0),
    "random_subset": lambda x: t.random_subset(x, 5, seed=0),
    "random_subset, generator": lambda x: t.random_subset(x, 5, seed=torch.Generator("cpu")),
    "farthest_point_subset": lambda x: t.farthest_point_subset(x, 5),
    "shapegf_training_points": lambda x: t.shapegf_training_points(x, 5, pool=10, seed=0),
    "shapegf_test_points": lambda x: t.shapegf_test_points(x, 5, start=10),
    **{
        f"random_rotation {a}": lambda x, a=a: t.random_rotation(x, axis=a, seed=0)
        for a in ("x", "y", "z", "any")
    },
}
each = pytest.mark.parametrize("name", TRANSFORMS)


@each
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("half", [torch.bfloat16, torch.float16])
def test_autocast_changes_nothing(name, dtype, half):
    x = torch.rand(2, 40, 3, dtype=dtype)
    expected = TRANSFORMS[name](x)
    with torch.autocast("cpu", dtype=half):
        y = TRANSFORMS[name](x)
    assert y.dtype == dtype
    assert torch.equal(y, expected)


@pytest.fixture
def elsewhere():
    """The device on which new tensors are made is not that of the clouds; "meta" stands for "cuda"."""
    torch.set_default_device("meta")
    yield
    torch.set_default_device(None)


@each
def test_another_default_device(name, elsewhere):
    x = torch.rand(2, 40, 3, generator=torch.Generator("cpu").manual_seed(0), device="cpu")
    y = TRANSFORMS[name](x)
    torch.set_default_device(None)
    assert y.device == x.device
    assert torch.equal(y, TRANSFORMS[name](x))


def test_rotations_keep_lengths_far_away():
    x = torch.tensor([[3e6, 4e6, 0.0]])
    y = t.random_rotation(x, seed=0)
    assert math.hypot(*y[0].double().tolist()) == pytest.approx(5e6, abs=0.5)
