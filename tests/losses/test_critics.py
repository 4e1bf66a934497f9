"""The three critics: their sizes, what each of them sees, and the least-squares losses around them."""

import pytest
import torch

from pcl_lib.distances import chamfer
from pcl_lib.losses import CRNCritic, LeastSquaresLoss, PFNetCritic, PUGANCritic, crnd, pfd, pud
from pcl_lib.models import parameter_count

MAKERS = {"PUD": (pud, 142_594, 0.5), "PFD": (pfd, 195_681, 0.05), "CRND": (crnd, 9_185, 0.005)}


def clouds(b=2, n=64, m=None, seed=0, dim=3):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(b, m or n, dim, generator=generator), torch.rand(b, n, dim, generator=generator)


@pytest.mark.parametrize("name", MAKERS)
def test_sizes_and_weights(name):
    make, parameters, weight = MAKERS[name]
    loss = make()
    assert parameter_count(loss) == parameters
    assert loss.weight == weight
    assert not any(isinstance(m, torch.nn.BatchNorm1d) for m in loss.modules())


@pytest.mark.parametrize("name", MAKERS)
def test_the_two_losses_by_hand(name):
    torch.manual_seed(0)
    loss = MAKERS[name][0]()
    made, truth = clouds(m=40)
    real, fake = loss.critic(truth), loss.critic(made)
    task = chamfer(made, truth, squared=False, combine="mean") + loss.weight * ((fake - 1) ** 2).mean(1)
    torch.testing.assert_close(loss(made, truth), task)
    torch.testing.assert_close(loss(made, truth, own=True), (((real - 1) ** 2).mean() + (fake**2).mean()) / 2)


@pytest.mark.parametrize("name", MAKERS)
def test_the_order_of_points_and_the_dimension(name):
    torch.manual_seed(0)
    critic = MAKERS[name][0]().critic
    x, _ = clouds()
    torch.testing.assert_close(critic(x.flip(1)).sort(1).values, critic(x).sort(1).values)
    assert MAKERS[name][0](dim=2)(*clouds(dim=2)).shape == (2,)


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.slow
def test_a_critic_learns_to_tell_noise_from_shape(name):
    torch.manual_seed(0)
    loss = MAKERS[name][0]()
    generator = torch.Generator().manual_seed(0)
    sphere = torch.nn.functional.normalize(torch.randn(8, 64, 3, generator=generator), dim=-1)
    noise = torch.randn(8, 64, 3, generator=generator)
    optimizer = torch.optim.Adam(loss.parameters(), lr=3e-3)
    first = loss.own(noise, sphere).item()
    for _ in range(40):
        optimizer.zero_grad()
        loss.own(noise, sphere).backward()
        optimizer.step()
    assert loss.own(noise, sphere).item() < 0.5 * first


def test_pud_starts_without_attention_and_then_sees_pairs():
    torch.manual_seed(0)
    critic = PUGANCritic()
    x, _ = clouds()
    assert critic.gain.item() == 0
    before = critic(x)
    torch.nn.init.normal_(critic.query.layers[0].weight)
    torch.testing.assert_close(critic(x), before)  # nothing asked, nothing changed
    with torch.no_grad():
        critic.gain.fill_(1.0)
    assert (critic(x) - before).abs().max() > 1e-4
    joined = torch.randn(1, 5, 128)
    q, k, v = critic.query(joined), critic.key(joined), critic.value(joined)
    by_hand = torch.softmax(q @ k.mT, -1) @ v
    found = torch.nn.functional.scaled_dot_product_attention(q, k, v, scale=1.0)
    torch.testing.assert_close(found, by_hand)


def test_pfd_sees_three_layers_of_four():
    torch.manual_seed(0)
    critic = PFNetCritic()
    seen = []
    critic.head.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    x, _ = clouds()
    critic(x)
    parts, features = [], x
    for layer in critic.layers:
        features = layer(features)
        parts.append(features.amax(1))
    torch.testing.assert_close(seen[0], torch.cat(parts[1:], -1))


def test_crnd_judges_neighbourhoods():
    """A dent changes few of its values, where a critic of the whole cloud has one value that changes."""
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(0)
    x = 4 * torch.rand(1, 512, 3, generator=generator)
    dented = x.clone()
    # Not a point that farthest-point sampling takes: the centres stay.
    centres = CRNCritic().stage(x, centres=64)[0][0]
    away = torch.cdist(x[0], centres).amin(1)
    free = away.where(away > 1e-6, torch.inf).argmin()
    dented[0, free] += 0.02
    crn = CRNCritic()
    changed = ((crn(dented) - crn(x)).abs() > 1e-7).float().mean().item()
    assert 0 < changed < 0.2
    assert crn(x).shape == (1, 64)


@pytest.mark.parametrize("points", [1, 7])
def test_crnd_needs_eight_points(points):
    with pytest.raises(ValueError, match=f"at least 8, received {points} points"):
        crnd()(*clouds(n=points))


def test_bad_options_and_clouds():
    with pytest.raises(ValueError, match="weight must be"):
        LeastSquaresLoss(PFNetCritic(), weight=-1.0)
    made, truth = clouds()
    with pytest.raises(ValueError, match="made must be finite"):
        pfd()(made * torch.nan, truth)
    with pytest.raises(ValueError, match=r"batches \(B, N, 3\)"):
        pfd()(made[..., :2], truth[..., :2])
