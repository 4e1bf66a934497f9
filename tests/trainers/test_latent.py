"""A GAN and a VAE: a step by hand, whose turn it is, what they learn, and resumption."""

import pytest
import torch

from pcl_lib.losses import gaussian_kl, interpolate_penalty, zero_centred_penalty
from pcl_lib.models import FullyConnectedDecoder, GaussianEncoder, LatentCritic, LatentGenerator, PointNet
from pcl_lib.trainers import LatentGAN, LatentVAE, fit

CODES = torch.randn(64, 3, generator=torch.Generator().manual_seed(0))
CLOUDS = torch.rand(32, 16, 3, generator=torch.Generator().manual_seed(0))


def gan(penalty=zero_centred_penalty, *, critic_steps=2, optimizer=torch.optim.SGD, rate=1e-2, dim=3):
    torch.manual_seed(0)
    generator, critic = LatentGenerator(dim, noise_dim=4, widths=(16,)), LatentCritic(dim, widths=(16,))
    optimizers = (optimizer(module.parameters(), lr=rate) for module in (generator, critic))
    return LatentGAN(generator, critic, *optimizers, penalty=penalty, critic_steps=critic_steps)


def weights(method, name):
    return [p.detach().clone() for p in method.modules[name].parameters()]


def same(one, other):
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_the_generator_moves_after_so_many_steps_of_the_critic():
    moved = []
    for steps in (1, 2, 3, 4):
        method = gan(critic_steps=3)
        before = {name: weights(method, name) for name in method.modules}
        history = fit(method, CODES, batch_size=16, steps=steps, log_every=1, progress=False)
        assert not same(before["critic"], weights(method, "critic"))
        moved.append(not same(before["generator"], weights(method, "generator")))
        assert ["generator" in record for record in history.records] == [
            s % 3 == 0 for s in range(1, steps + 1)
        ]
    assert moved == [False, False, True, True]


def test_a_step_by_hand():
    """The critic first, on noise that gets no gradient; then the generator, against the critic as it has become."""
    method = gan(critic_steps=1)
    fit(method, CODES, batch_size=64, steps=1, seed=3, progress=False)
    hand = gan(critic_steps=1)
    generator, critic = hand.modules["generator"], hand.modules["critic"]
    drawn = []
    original = hand.noise

    def noise(count):
        drawn.append(original(count))
        return drawn[-1]

    hand.noise = noise
    fit(hand, CODES, batch_size=64, steps=1, seed=3, progress=False)
    again = gan(critic_steps=1)
    generator, critic = again.modules["generator"], again.modules["critic"]
    loss = critic(generator(drawn[0]).detach()).mean() - critic(CODES).mean()
    loss = loss + zero_centred_penalty(critic, CODES)
    gradients = torch.autograd.grad(loss, list(critic.parameters()))
    with torch.no_grad():
        for parameter, gradient in zip(critic.parameters(), gradients, strict=True):
            parameter -= 1e-2 * gradient
    gradients = torch.autograd.grad(-critic(generator(drawn[1])).mean(), list(generator.parameters()))
    with torch.no_grad():
        for parameter, gradient in zip(generator.parameters(), gradients, strict=True):
            parameter -= 1e-2 * gradient
    for name, network in again.modules.items():
        for found, wanted in zip(weights(method, name), network.parameters(), strict=True):
            torch.testing.assert_close(found, wanted.detach(), rtol=1e-4, atol=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("penalty", "critic_steps", "rate", "far"),
    # WGAN-GP's own goes past them and comes back, many times.
    [(zero_centred_penalty, 1, 2e-2, 0.5), (interpolate_penalty, 5, 1e-2, 1.5)],
    ids=["released", "paper"],
)
def test_a_generator_comes_to_the_codes(penalty, critic_steps, rate, far):
    data = 3 + 0.5 * torch.randn(256, 1, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(0)
    networks = LatentGenerator(1, noise_dim=4, widths=(8,)), LatentCritic(1, widths=(16,))
    optimizers = (torch.optim.Adam(m.parameters(), lr=rate, betas=(0.5, 0.9)) for m in networks)
    method = LatentGAN(*networks, *optimizers, penalty=penalty, critic_steps=critic_steps)
    noise = networks[0].noise(500, seed=0)
    with torch.no_grad():
        assert networks[0](noise).mean().abs() < 0.5
    fit(method, data, batch_size=32, steps=60 * critic_steps, progress=False)
    with torch.no_grad():
        assert networks[0](noise).mean().item() == pytest.approx(3, abs=far)


def test_a_stopped_gan_goes_on(tmp_path):
    options = {"batch_size": 16, "seed": 1, "progress": False}
    whole = gan(interpolate_penalty, optimizer=torch.optim.Adam)
    fit(whole, CODES, steps=7, **options)
    for steps in (3, 7):
        parts = gan(interpolate_penalty, optimizer=torch.optim.Adam)
        fit(parts, CODES, steps=steps, folder=tmp_path, **options)
    assert all(same(weights(whole, name), weights(parts, name)) for name in whole.modules)


def vae(weight):
    torch.manual_seed(0)
    encoder = GaussianEncoder(PointNet((16, 8), end="linear"))
    decoder = FullyConnectedDecoder(4, 16, widths=(16,))
    adam = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=1e-2)
    return LatentVAE(
        encoder, decoder, lambda f, x, z: (f(z) - x).square().mean((1, 2)), gaussian_kl, adam, weight=weight
    )


def test_a_heavier_weight_brings_codes_nearer_to_the_prior():
    ends = {}
    for weight in (0.0, 1.0):
        method = vae(weight)
        history = fit(method, CLOUDS, batch_size=16, steps=25, log_every=25, progress=False)
        ends[weight] = history.records[-1]["divergence"]
    assert ends[1.0] < 0.1 * ends[0.0]


def test_both_halves_of_the_vae_move_and_the_loss_is_the_sum():
    method = vae(0.5)
    before = {name: weights(method, name) for name in method.modules}
    history = fit(method, CLOUDS, batch_size=32, steps=1, log_every=1, seed=0, progress=False)
    assert not any(same(before[name], weights(method, name)) for name in before)
    record = history.records[0]
    assert record["loss"] > 0.5 * record["divergence"] > 0


def test_bad_input():
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    layer = torch.nn.Linear(2, 2)
    with pytest.raises(ValueError, match=r"generator must have noise\(count\).*received Linear"):
        LatentGAN(layer, layer, optimizer, optimizer, penalty=zero_centred_penalty)
    with pytest.raises(ValueError, match="critic_steps must be an integer of at least 1, received 0"):
        gan(critic_steps=0)
    with pytest.raises(ValueError, match="weight must be"):
        vae(-1.0)
