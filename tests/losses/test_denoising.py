"""Denoising score matching: released numbers, the cost of zero, levels and noise, the excess over the exact field."""

import math

import pytest
import torch

from pcl_lib.distances import displacement
from pcl_lib.losses import _denoising, denoising_by_level, denoising_loss, excess_loss
from pcl_lib.models import GradientDecoder, annealed_langevin, langevin_start, noise_levels
from tests.distances.reference import X, Y, golden
from tests.losses.closed_form import batch

FACTS = golden("gradient_fields")["loss"]
W = torch.tensor([[0.5, 0.1, -0.2], [0.0, 0.3, 0.2], [0.1, -0.1, 0.4]], dtype=torch.float64)
POINTS = batch(X(32), Y(32))
LADDER = (1.0, 0.1, 0.01)


@pytest.fixture
def golden_noise(monkeypatch):
    i, b = torch.arange(32.0, dtype=torch.float64), torch.arange(2.0, dtype=torch.float64)[:, None]
    noise = torch.stack([torch.sin(1.3 * i + 0.7 * b), torch.cos(2.1 * i + b), torch.sin(0.4 * i - b)], -1)
    monkeypatch.setattr(_denoising._Draw, "normal", lambda _self, _like: noise)


def each(sigma):
    return sigma[:, None, None] if isinstance(sigma, torch.Tensor) and sigma.ndim else sigma


def released_field(x, sigma):
    return -(x @ W.T) + 0.05 * each(sigma)


def nothing(x, sigma):
    return torch.zeros_like(x)


def told(x, code, sigma):
    return -code[:, :1, None] * x * each(sigma)


@pytest.mark.usefixtures("golden_noise")
@pytest.mark.parametrize("sigma", ["1", "0.01"])
def test_the_released_loss(sigma):
    """Trap: an output that is taken for the score would be off by sigma squared."""
    found = denoising_loss(released_field, POINTS, [float(sigma)], weighting="sigma3").mean()
    assert found.item() == pytest.approx(FACTS[f"sigma {sigma}"], rel=1e-9)


@pytest.mark.usefixtures("golden_noise")
def test_the_released_loss_with_a_level_for_each_shape(monkeypatch):
    sigma = torch.tensor([1.0, 0.01], dtype=torch.float64)
    monkeypatch.setattr(_denoising._Draw, "one_of", lambda *_: sigma)
    found = denoising_loss(released_field, POINTS, [1.0, 0.01], weighting="sigma3", levels="one").mean()
    assert found.item() == pytest.approx(FACTS["sigmas 1, 0.01"], rel=1e-9)


@pytest.mark.usefixtures("golden_noise")
def test_the_released_weights_of_a_field_of_zeros():
    found = denoising_by_level(nothing, POINTS, LADDER, weighting="sigma3").mean(1)
    assert found.tolist() == pytest.approx([FACTS["field of zeros"][str(s)] for s in LADDER], rel=1e-9)


@pytest.mark.parametrize("dims", [2, 3])
def test_a_field_of_zeros_costs_the_same_at_every_level_of_sigma2(dims):
    points = torch.zeros(1, 40_000, dims, dtype=torch.float64)
    for half, by in ((True, 2), (False, 1)):
        found = denoising_by_level(nothing, points, LADDER, half=half, seed=0)[:, 0]
        torch.testing.assert_close(found, torch.full_like(found, dims / by), rtol=0.02, atol=0.0)
        found = denoising_by_level(nothing, points, LADDER, half=half, weighting="sigma3", seed=0)[:, 0]
        expected = dims / by * torch.tensor(LADDER, dtype=torch.float64)
        torch.testing.assert_close(found, expected, rtol=0.02, atol=0.0)


@pytest.mark.parametrize("weighting", ["sigma2", "sigma3"])
def test_the_terms_in_words_of_the_score(weighting):
    """lambda / 2 times the squared error of the score, by the formula of the paper."""
    sigma, generator = 0.3, torch.Generator().manual_seed(4)
    noisy = POINTS + sigma * torch.randn(POINTS.shape, generator=generator, dtype=torch.float64)
    error = (POINTS - noisy) / sigma**2 - released_field(noisy, sigma) / sigma**2
    scale = sigma ** {"sigma2": 2, "sigma3": 3}[weighting] / 2
    expected = scale * error.square().sum(-1).mean(-1)
    torch.testing.assert_close(
        denoising_loss(released_field, POINTS, [sigma], weighting=weighting, seed=4), expected
    )


def test_all_levels_are_the_sum_of_each_with_noise_of_its_own():
    by_level = denoising_by_level(released_field, POINTS, LADDER, seed=2)
    assert by_level.shape == (3, 2)
    torch.testing.assert_close(denoising_loss(released_field, POINTS, LADDER, seed=2), by_level.sum(0))
    equal = denoising_by_level(released_field, POINTS, [0.1, 0.1], seed=2)
    assert not torch.isclose(equal[0], equal[1], rtol=1e-6).any()
    one = denoising_by_level(released_field, POINTS[0], LADDER, seed=2)
    assert one.shape == (3,)
    assert denoising_loss(released_field, POINTS[0], LADDER, seed=2).shape == ()


def test_all_levels_reach_the_field_in_one_call_with_codes_in_step():
    """Trap: one sigma for the whole batch under the name of Algorithm 1."""
    code, calls = torch.tensor([[2.0, 0.0], [3.0, 0.0]], dtype=torch.float64), []

    def watching(x, code, sigma):
        calls.append((x.shape[0], sigma.tolist(), code[:, 0].tolist()))
        return told(x, code, sigma)

    found = denoising_loss(watching, POINTS, LADDER, code=code, seed=1)
    assert calls == [(6, [1.0, 1.0, 0.1, 0.1, 0.01, 0.01], [2.0, 3.0] * 3)]
    torch.testing.assert_close(found, denoising_by_level(told, POINTS, LADDER, code=code, seed=1).sum(0))


def test_one_level_is_drawn_for_each_shape_anew():
    seen = []

    def watching(x, sigma):
        seen.append(sigma.clone())
        return nothing(x, sigma)

    torch.manual_seed(0)
    many = POINTS[:1].expand(200, -1, -1)
    for _ in range(2):
        denoising_loss(watching, many, LADDER, levels="one")
    share = [(seen[0] == level).double().mean().item() for level in LADDER]
    assert share == pytest.approx([1 / 3] * 3, abs=0.12)
    assert not torch.equal(*seen)


def test_without_a_seed_the_noise_is_new_and_comes_from_the_global_generator():
    """Trap: one noisy copy that is fixed in advance."""
    torch.manual_seed(0)
    a, b = (denoising_loss(nothing, POINTS, LADDER) for _ in range(2))
    assert not torch.equal(a, b)
    torch.manual_seed(0)
    assert torch.equal(denoising_loss(nothing, POINTS, LADDER), a)
    assert torch.equal(*(denoising_loss(nothing, POINTS, LADDER, seed=0) for _ in range(2)))


def test_the_gradient_reaches_a_network_and_its_code():
    torch.manual_seed(0)
    decoder, code = GradientDecoder(4, hidden=8, blocks=1), torch.randn(2, 4, requires_grad=True)
    denoising_loss(decoder, POINTS.float(), noise_levels(), code=code).mean().backward()
    assert decoder.last.weight.grad.abs().max() > 0
    assert code.grad is not None


def test_the_excess_is_the_squared_error_of_the_score():
    """Of any field, up to the noise of the sample; and nothing for the exact one."""
    cloud, sigma = POINTS[0], 0.4
    exact = excess_loss(lambda x, s: displacement(x, cloud, s), cloud, [sigma, 0.05], cloud)
    assert exact.abs().max() < 1e-12
    shift = torch.tensor([0.1, 0.0, 0.2], dtype=torch.float64)
    many = cloud.repeat(2000, 1)
    found = excess_loss(lambda x, s: displacement(x, cloud, s) + shift, many, [sigma], cloud)
    assert found.item() == pytest.approx(float(shift @ shift) / 2 / sigma**2, rel=0.05)
    released = excess_loss(
        lambda x, s: displacement(x, cloud, s) + shift, many, [sigma], cloud, weighting="sigma3", half=False
    )
    assert released.item() == pytest.approx(2 * sigma * found.item(), rel=1e-9)


def test_the_excess_leaves_out_the_chance_of_the_noise():
    cloud = POINTS[0]
    field = lambda x, s: 1.02 * displacement(x, cloud, s)  # noqa: E731
    losses, excess = (
        torch.stack([measure(seed) for seed in range(20)])
        for measure in (
            lambda seed: denoising_by_level(field, cloud, [0.5], seed=seed),
            lambda seed: excess_loss(field, cloud, [0.5], cloud, seed=seed),
        )
    )
    assert excess.std() < 0.3 * losses.std()
    by_function = excess_loss(field, cloud, [0.5], lambda x, s: displacement(x, cloud, s), seed=3)
    torch.testing.assert_close(by_function, excess[3])


def test_the_excess_of_a_batch_with_a_cloud_for_each_and_a_code():
    code = torch.ones(2, 1, dtype=torch.float64)
    found = excess_loss(told, POINTS, LADDER, POINTS, code=code, seed=1)
    assert found.shape == (3, 2)
    assert (found > 0).all()


@pytest.mark.usefixtures("as_users_call_it")
@pytest.mark.parametrize("function", [denoising_loss, denoising_by_level])
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((nothing, POINTS, [0.1, 1.0]), r"sigmas must fall .*, received 1 after 0.1; sort them"),
        ((nothing, POINTS, [1.0, 0.0]), "each of sigmas must be a positive, finite length, received 0.0"),
        ((nothing, POINTS, []), "one or more noise levels"),
        ((nothing, POINTS[:, :0], [1.0]), "points is empty"),
        (
            (lambda x, _: x[..., :2], POINTS, [1.0]),
            r"displacement for each point, \(2, 32, 3\), received shape",
        ),
        ((lambda x, _: x * math.nan, POINTS, [1.0]), "finite displacements, received a loss of nan"),
    ],
)
def test_bad_input(function, given, message):
    with pytest.raises(ValueError, match=message):
        function(*given)


@pytest.mark.usefixtures("as_users_call_it")
def test_unknown_options():
    with pytest.raises(ValueError, match="weighting must be one of 'sigma2', 'sigma3'"):
        denoising_loss(nothing, POINTS, [1.0], weighting="sigma4")
    with pytest.raises(ValueError, match="levels must be one of 'all', 'one'"):
        denoising_loss(nothing, POINTS, [1.0], levels="some")


def test_another_default_device_changes_nothing():
    """A tensor made without a device would land there, and could not meet the points."""

    def answers():
        loss = [denoising_loss(nothing, POINTS, LADDER, levels=levels, seed=0) for levels in ("all", "one")]
        excess = excess_loss(nothing, POINTS, LADDER, POINTS)
        start = langevin_start("uniform", (5, 3), at=[0.0, 1.0, 0.0]).double()
        return *loss, excess, annealed_langevin(nothing, start, LADDER).points

    expected = answers()
    torch.set_default_device("meta")
    try:
        found = answers()
    finally:
        torch.set_default_device(None)
    assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))
