"""The exact field of a cloud: released numbers, the gradient of its density, its limits, and hard input."""

import math

import numpy as np
import pytest
import torch

from pcl_lib.distances import displacement, log_density, score
from tests.distances.reference import golden, named
from tests.gradients import gradcheck

FACTS = golden("gradient_fields")["field"]


def clouds(n=7, m=30, dims=3, batch=(), seed=0):
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.randn(*batch, k, dims, generator=generator, dtype=torch.float64) for k in (n, m))


@pytest.mark.parametrize("form", ["paper", "released"])
def test_the_numbers_of_the_paper_and_of_the_release(form):
    x, cloud = (torch.from_numpy(named(FACTS[key])) for key in ("x", "cloud"))
    found = score(x, cloud, FACTS["sigma"], form=form)
    np.testing.assert_allclose(found.numpy(), FACTS[form], rtol=1e-9)


@pytest.mark.parametrize("sigma", [1.0, 0.3, 0.05])
@pytest.mark.parametrize("dims", [1, 2, 3, 12])
def test_the_density_by_hand_and_the_score_is_its_gradient(dims, sigma):
    x, cloud = clouds(dims=dims)
    normal = torch.distributions.MultivariateNormal(cloud, sigma**2 * torch.eye(dims, dtype=torch.float64))
    by_hand = normal.log_prob(x[:, None]).logsumexp(1) - math.log(len(cloud))
    x.requires_grad_()
    density = log_density(x, cloud, sigma)
    torch.testing.assert_close(density, by_hand)
    (gradient,) = torch.autograd.grad(density.sum(), x)
    torch.testing.assert_close(score(x, cloud, sigma), gradient)
    torch.testing.assert_close(displacement(x, cloud, sigma), sigma**2 * gradient)


@pytest.mark.parametrize("function", [log_density, score, displacement])
def test_gradients_by_places_and_cloud(function):
    x, cloud = (c.requires_grad_() for c in clouds(4, 6, 2, (2,)))
    sigma = torch.tensor([0.4, 1.1], dtype=torch.float64)
    assert gradcheck(lambda *c: function(*c, sigma), (x, cloud))
    assert gradcheck(lambda *c: function(*c, 0.5), (x[0].detach().requires_grad_(), cloud[0].detach()))


def test_a_small_width_points_to_the_nearest_and_a_large_one_to_the_mean():
    x, cloud = clouds()
    nearest = cloud[torch.cdist(x, cloud).argmin(1)]
    torch.testing.assert_close(displacement(x, cloud, 1e-3), nearest - x)
    torch.testing.assert_close(displacement(x, cloud, 1e4), cloud.mean(0) - x, rtol=1e-6, atol=1e-6)


def test_a_batch_has_a_width_for_each_cloud_and_may_share_a_cloud():
    x, cloud = clouds(batch=(3,))
    sigma = torch.tensor([0.1, 0.5, 2.0], dtype=torch.float64)
    for function in (log_density, score, displacement):
        found = function(x, cloud, sigma)
        shared = function(x, cloud[0], sigma)
        for b in range(3):
            torch.testing.assert_close(found[b], function(x[b], cloud[b], float(sigma[b])))
            torch.testing.assert_close(shared[b], function(x[b], cloud[0], float(sigma[b])))
    torch.testing.assert_close(score(x[0], cloud[0], sigma[1]), score(x[0], cloud[0], 0.5))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_one_point_and_duplicates(dtype):
    x, one = torch.tensor([[0.0, 0.0], [3.0, 4.0]], dtype=dtype), torch.zeros(1, 2, dtype=dtype)
    assert torch.equal(displacement(x, one, 0.1), -x)
    for cloud in (one, one.repeat(50, 1)):  # a mean of equal Gaussians is one of them
        found = log_density(x, cloud, 0.1)
        by_hand = -math.log(2 * math.pi * 0.01) - torch.tensor([0.0, 1250.0], dtype=dtype)
        torch.testing.assert_close(found, by_hand)
    torch.testing.assert_close(displacement(x, one.repeat(50, 1), 0.1), -x)


def test_places_far_from_the_cloud_keep_a_finite_field_in_float32():
    generator = torch.Generator().manual_seed(0)
    x, cloud = 100 * torch.randn(20, 3, generator=generator), torch.randn(200, 3, generator=generator)
    for sigma in (1e-3, 1e-2, 1.0):
        found = displacement(x, cloud, sigma)
        torch.testing.assert_close(found, displacement(x.double(), cloud.double(), sigma).float())
        assert torch.isfinite(log_density(x, cloud, sigma)).all()


def test_half_precision_is_widened():
    x, cloud = (c.half() for c in clouds())
    assert displacement(x, cloud, 0.5).dtype == torch.float32


@pytest.mark.usefixtures("as_users_call_it")
@pytest.mark.parametrize("function", [log_density, score, displacement])
@pytest.mark.parametrize(
    ("sigma", "message"),
    [
        (0.0, "sigma must be a positive, finite length, received 0.0"),
        (-1, "sigma must be a positive, finite length, received -1"),
        (math.nan, "sigma must be a positive, finite length"),
        ("a", "sigma must be a positive, finite length, received 'a'"),
        (torch.tensor([0.1, 0.0]), "sigma must be a positive, finite length, received 0.0"),
        (torch.ones(3), r"one for each of the 2 clouds of x, received shape \(3,\)"),
    ],
)
def test_bad_widths(function, sigma, message):
    with pytest.raises(ValueError, match=message):
        function(torch.zeros(2, 4, 3), torch.ones(2, 5, 3), sigma)


@pytest.mark.usefixtures("as_users_call_it")
def test_bad_clouds():
    x, cloud = torch.zeros(4, 3), torch.ones(5, 3)
    with pytest.raises(ValueError, match="cloud must be finite, received nan"):
        displacement(x, torch.full((5, 3), torch.nan), 0.1)
    with pytest.raises(ValueError, match="x and cloud must have the same dimension"):
        displacement(x, cloud[:, :2], 0.1)
    with pytest.raises(ValueError, match="form must be one of 'paper', 'released'"):
        displacement(x, cloud, 0.1, form="printed")
    with pytest.raises(ValueError, match="sigma must be a positive"):
        displacement(x, cloud, None, form="released")
