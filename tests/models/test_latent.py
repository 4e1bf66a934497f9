"""Generators, critics and the Gaussian encoder: noise, gradients, order of points, and bad input."""

import pytest
import torch

from pcl_lib.models import (
    GaussianEncoder,
    LatentCritic,
    LatentGenerator,
    PointCritic,
    PointGenerator,
    PointNet,
)
from tests.models.networks import clouds

GENERATORS = {
    "codes": lambda **options: LatentGenerator(6, noise_dim=5, widths=(8,), **options),
    "clouds": lambda **options: PointGenerator(20, noise_dim=5, widths=(8,), dim=2, **options),
}


@pytest.mark.parametrize("name", GENERATORS)
def test_noise_is_gaussian_of_the_deviation_and_repeatable(name):
    generator = GENERATORS[name](std=0.2)
    noise = generator.noise(4000, seed=0)
    assert noise.shape == (4000, 5)
    assert noise.std().item() == pytest.approx(0.2, rel=0.02)
    assert noise.mean().item() == pytest.approx(0, abs=0.01)
    assert torch.equal(noise, generator.noise(4000, seed=0))
    assert generator.double().noise(2).dtype == torch.float64
    torch.manual_seed(0)
    one, two = generator.noise(3), generator.noise(3)
    assert not torch.equal(one, two)


@pytest.mark.parametrize(("name", "shape"), [("codes", (3, 6)), ("clouds", (3, 20, 2))])
def test_all_weights_of_a_generator_move_what_it_makes(name, shape):
    torch.manual_seed(0)
    generator = GENERATORS[name]()
    made = generator(generator.noise(3, seed=0))
    assert made.shape == shape
    made.square().sum().backward()
    assert all(p.grad.abs().max() > 0 for p in generator.parameters())
    assert not any(isinstance(m, torch.nn.BatchNorm1d) for m in generator.modules())


def test_a_critic_of_clouds_knows_no_order():
    torch.manual_seed(0)
    critic, x = PointCritic(points=(16, 32), head=(8,)), clouds(4, 30)
    torch.testing.assert_close(critic(x.flip(1)), critic(x))
    assert critic(x).unique().numel() == 4
    leaks = {m.negative_slope for m in critic.modules() if isinstance(m, torch.nn.LeakyReLU)}
    assert leaks == {0.2}
    assert any(isinstance(m, torch.nn.ReLU) for m in PointCritic(slope=0.0).modules())


def test_a_gaussian_code_is_drawn_in_training_and_the_mean_otherwise():
    torch.manual_seed(0)
    encoder = GaussianEncoder(PointNet((16, 8), end="linear"))
    x = clouds(2, 30)
    with torch.no_grad():
        encoder.eval()
        code, mean, log_variance = encoder(x)
        assert torch.equal(code, mean)
        encoder.train()
        encoder.encoder.eval()  # batch norm as before, only the draw is new
        draws = torch.stack([encoder(x).code for _ in range(500)])
    torch.testing.assert_close(draws.mean(0), mean, atol=0.3, rtol=0)
    torch.testing.assert_close(draws.var(0).log(), log_variance, atol=0.3, rtol=0)


def test_the_draw_lets_gradients_through_to_both_halves():
    torch.manual_seed(0)
    layer = torch.nn.Linear(3, 8)
    GaussianEncoder(layer)(torch.rand(5, 3)).code.square().sum().backward()
    assert layer.weight.grad.abs().amin(1).min() > 0


@pytest.mark.usefixtures("as_users_call_it")
def test_bad_input():
    with pytest.raises(ValueError, match=r"encoder must give \(B, 2 K\).*received \(2, 5\)"):
        GaussianEncoder(torch.nn.Linear(3, 5))(torch.rand(2, 3))
    with pytest.raises(ValueError, match=r"latent codes \(B, 5\), received shape \(2, 4\)"):
        GENERATORS["codes"]()(torch.rand(2, 4))
    with pytest.raises(ValueError, match="std must be positive"):
        LatentGenerator(std=0.0)
    with pytest.raises(ValueError, match="count must be an integer of at least 1, received 0"):
        GENERATORS["clouds"]().noise(0)
    with pytest.raises(ValueError, match=r"latent codes \(B, 6\)"):
        LatentCritic(6)(torch.rand(2, 5))
    with pytest.raises(ValueError, match="D = 2"):
        PointCritic(dim=2)(clouds(2, 10))
    with pytest.raises(ValueError, match="slope must be"):
        PointCritic(slope=-1.0)
