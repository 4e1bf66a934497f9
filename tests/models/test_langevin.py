"""Annealed Langevin dynamics: released trajectories, its law, its order of noise, seeds, starts and bad input."""

import json
import math
from pathlib import Path

import pytest
import torch
from scipy.stats import kstest

from pcl_lib.distances import displacement
from pcl_lib.models import (
    LANGEVIN_SETTINGS,
    GradientDecoder,
    _langevin,
    annealed_langevin,
    langevin_start,
    noise_levels,
)
from tests.distances.reference import X

GOLDEN = json.loads(
    (Path(__file__).parents[1] / "golden" / "gradient_fields.json").read_text(encoding="utf-8")
)
FACTS = GOLDEN["langevin"]
W = torch.tensor([[0.5, 0.1, -0.2], [0.0, 0.3, 0.2], [0.1, -0.1, 0.4]])


def released_field(x, sigma):
    return -(x @ (0.2 * W).T) + 0.05 * sigma


@pytest.mark.parametrize(("count", "name"), [(10, "ten"), (5, "five")])
def test_the_released_trajectory(monkeypatch, count, name):
    """Trap: a network's output taken for the score. Without noise and in float32, as it was run."""
    monkeypatch.setattr(_langevin, "_normal", lambda like, _: torch.zeros_like(like))
    start = (1.5 * torch.from_numpy(X(4))).float()[None]
    drawn = annealed_langevin(released_field, start, noise_levels(count=count), trajectory=True)
    torch.testing.assert_close(drawn.points[0], torch.tensor(FACTS[name]["x_final"]), rtol=1e-5, atol=1e-5)
    if name == "ten":
        after = torch.stack([points[0, 0] for points in drawn.path[::10]])
        torch.testing.assert_close(after, torch.tensor(FACTS[name]["x_after_sigma"]), rtol=1e-5, atol=1e-5)


def test_noise_levels_and_settings_of_the_release():
    assert noise_levels() == pytest.approx(GOLDEN["sigmas"], rel=1e-9)
    facts = FACTS["coefficients"]
    settings = LANGEVIN_SETTINGS["auto-encoding"]
    assert settings.alpha == pytest.approx(facts["alpha"], rel=1e-12)
    assert LANGEVIN_SETTINGS["single shape"].alpha == pytest.approx(facts["alpha of the torus"], rel=1e-12)
    assert len(LANGEVIN_SETTINGS["generation"].sigmas) == 5
    assert noise_levels(0.3, 0.3, 1) == [0.3]


def test_the_coefficients_of_a_step(monkeypatch):
    """Of Eqs. 9 and 10 at alpha = 2e-4: the noise times sqrt(2) sigma, and once the displacement."""
    monkeypatch.setattr(_langevin, "_normal", lambda like, _: torch.ones_like(like))
    facts, sigma = FACTS["coefficients"], 0.01
    start, seen = torch.zeros(1, 3, dtype=torch.float64), []

    def field(x, sigma):
        seen.append(x)
        return torch.full_like(x, 7.0)

    drawn = annealed_langevin(field, start, [sigma], steps=1)
    assert seen[0][0, 0].item() / sigma == pytest.approx(facts["noise"], rel=1e-9)
    assert ((drawn.points - seen[0]) / 7)[0, 0].item() == pytest.approx(facts["drift"], rel=1e-9)
    half = annealed_langevin(field, start, [sigma], steps=1, ratio=0.5)
    assert half.points[0, 0].item() == pytest.approx(sigma + 3.5)


def test_the_law_that_it_settles_in():
    """One Gaussian: y = -x. A step x' = (1 - r)(x + noise) keeps a normal law of variance 2 r q^2 / (1 - q^2)."""
    ratio, sigma = 0.3, 0.5
    start = torch.zeros(4000, 1, dtype=torch.float64)
    drawn = annealed_langevin(lambda x, _: -x, start, [sigma], steps=40, ratio=ratio)
    q = 1 - ratio
    std = sigma * math.sqrt(2 * ratio * q**2 / (1 - q**2))
    assert kstest(drawn.points[:, 0].numpy() / std, "norm").pvalue > 0.01
    last = annealed_langevin(lambda x, _: -x, start, [sigma], steps=40, ratio=ratio, noise_first=False)
    std = sigma * math.sqrt(2 * ratio / (1 - q**2))
    assert kstest(last.points[:, 0].numpy() / std, "norm").pvalue > 0.01


def test_every_step_has_noise_and_the_last_too():
    """Trap of a sampler that leaves it out: two seeds would end alike."""
    cloud = torch.tensor([[0.0, 0.0], [1.0, 0.0]])
    ends = [
        annealed_langevin(lambda x, s: displacement(x, cloud, s), torch.zeros(50, 2), [0.5], steps=1, seed=s)
        for s in (0, 1)
    ]
    assert (ends[0].points - ends[1].points).abs().max() > 0.01


def field_of_a_square(x, sigma):
    corners = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    return displacement(x, corners, sigma)


def test_seeds_any_number_of_points_and_a_start_that_stays():
    start = langevin_start("uniform", (3, 11, 2), seed=5)
    before, levels = start.clone(), noise_levels(count=3)
    a, b, c = (annealed_langevin(field_of_a_square, start, levels, seed=s).points for s in (1, 1, 2))
    assert torch.equal(start, before)
    assert torch.equal(a, b)
    assert not torch.equal(a, c)
    assert a.shape == start.shape
    again = annealed_langevin(
        field_of_a_square, start, levels, seed=torch.Generator().manual_seed(1), trajectory=True
    )
    assert torch.equal(again.points, a)
    assert len(again.path) == 31
    assert torch.equal(again.path[0], start)
    assert torch.equal(again.path[-1], a)
    assert annealed_langevin(field_of_a_square, start, [0.1]).path == []


def test_all_priors_meet_when_they_share_their_noise():
    ends = [
        annealed_langevin(field_of_a_square, langevin_start(prior, (200, 2)), noise_levels(count=6)).points
        for prior in ("uniform", "gaussian", "point")
    ]
    for end in ends[1:]:
        assert (end - ends[0]).norm(dim=1).median() < 1e-3


def test_starts():
    box = langevin_start("uniform", (5000, 3), seed=1)
    assert box.abs().max() <= 1.5
    assert box.abs().max() > 1.49
    assert langevin_start("uniform", (500, 2), half_width=0.1, at=[3.0, 0.0])[:, 0].min() >= 2.9
    ball = langevin_start("gaussian", (20_000, 2), std=0.5, at=2.0)
    torch.testing.assert_close(ball.mean(0), torch.full((2,), 2.0), rtol=0, atol=0.02)
    torch.testing.assert_close(ball.std(0), torch.full((2,), 0.5), rtol=0.03, atol=0)
    assert torch.equal(langevin_start("point", (2, 4, 3)), torch.zeros(2, 4, 3))
    assert torch.equal(langevin_start("gaussian", (9, 3)), langevin_start("gaussian", (9, 3)))


@pytest.mark.usefixtures("as_users_call_it")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sigmas": [0.01, 1.0]}, "sigmas must fall from the largest to the smallest, received 1 after 0.01"),
        ({"sigmas": [1.0, -0.1]}, "each of sigmas must be a positive, finite length, received -0.1"),
        ({"sigmas": 0.1}, "one or more noise levels, largest first, received 0.1"),
        ({"steps": 0}, "steps must be an integer of at least 1"),
        ({"ratio": 0.0}, "ratio must be positive"),
        ({"start": torch.zeros(4)}, "start must have shape"),
        ({"start": torch.full((4, 2), math.nan)}, "start must be finite"),
        ({"field": lambda x, _: x[:2]}, r"displacement for each point, \(4, 2\), received shape \(2, 2\)"),
        (
            {"field": lambda x, s: x / (s - 0.1)},
            "finite displacements, received 8 entries that are not, at sigma = 0.1 in step 0",
        ),
        ({"field": torch.nn.BatchNorm1d(2)}, r"field must be a network in eval mode"),
    ],
)
def test_bad_input(change, message):
    given = {"field": lambda x, _: -x, "start": torch.ones(4, 2), "sigmas": [1.0, 0.1]} | change
    with pytest.raises(ValueError, match=message):
        annealed_langevin(given.pop("field"), given.pop("start"), given.pop("sigmas"), **given)


@pytest.mark.usefixtures("as_users_call_it")
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: noise_levels(0.1, 1.0),
            r"smallest must be at most largest \(0.1\), received 1.0; swap them",
        ),
        (lambda: noise_levels(smallest=0.0), "smallest must be a positive, finite length"),
        (lambda: noise_levels(count=0), "count must be an integer of at least 1"),
        (lambda: langevin_start("letters", (4, 2)), "prior must be one of 'uniform', 'gaussian', 'point'"),
        (lambda: langevin_start("point", (4,)), r"shape must be \(N, D\) or \(B, N, D\)"),
        (lambda: langevin_start("point", (4, 2), at=[0.0] * 3), "at must be one number or 2 of them"),
    ],
)
def test_bad_levels_and_starts(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.usefixtures("as_users_call_it")
def test_a_network_that_diverged_is_named_in_the_sampler():
    network = GradientDecoder(0, 2, hidden=8, blocks=1).eval()
    torch.nn.init.constant_(network.last.weight, math.nan)
    with pytest.raises(ValueError, match="did the network diverge in training"):
        annealed_langevin(network.field(), torch.zeros(5, 2), [1.0])
