"""Gradient fields: the same numbers as by hand, rates, draws, resumed runs, and a circle that is learnt."""

from functools import partial

import pytest
import torch
from jaxtyping import config
from torch import nn
from torch.utils.data import TensorDataset

from pcl_lib.distances import chamfer
from pcl_lib.losses import denoising_loss
from pcl_lib.models import GradientDecoder, PointNet, annealed_langevin, langevin_start, noise_levels
from pcl_lib.trainers import FIELD_RATES, FieldRates, GradientField, Method, batch_rows, fit
from tests.distances.reference import golden
from tests.trainers.toys import clouds, parameters

SEEN, TARGET = clouds(8, seed=1), clouds(8, seed=2)
DATA = TensorDataset(SEEN, TARGET)
STEPS = 12
LOSS = partial(denoising_loss, sigmas=(1.0, 0.1), levels="one")


def method(steps=STEPS, **options):
    torch.manual_seed(0)
    decoder, encoder = GradientDecoder(6, hidden=8, blocks=1), PointNet((8, 6))
    return GradientField(decoder, encoder, **{"loss": LOSS, "steps": steps, "rates": "released"} | options)


def train(one, data=DATA, steps=STEPS, **options):
    return fit(one, data, batch_size=4, steps=steps, **{"log_every": 1, "progress": False} | options)


def test_it_is_a_method():
    assert isinstance(method(), Method)


def test_the_same_numbers_as_a_loop_by_hand():
    """The encoder sees one draw of a shape, the decoder learns the other."""
    one, hand = method(loss=partial(LOSS, seed=3)), method()
    history = train(one)
    values = []
    for step in range(STEPS):
        rows = batch_rows(step, len(SEEN), 4, 0)
        code = hand.modules["encoder"](SEEN[rows])
        value = denoising_loss(
            hand.modules["decoder"], TARGET[rows], (1.0, 0.1), levels="one", code=code, seed=3
        ).mean()
        for optimizer in hand.optimizers.values():
            optimizer.zero_grad()
        value.backward()
        for name, optimizer in hand.optimizers.items():
            optimizer.step()
            hand.schedulers[name].step()
        values.append(value.item())
    assert history.column("loss") == values
    ours, theirs = parameters(one), parameters(hand)
    assert all(torch.equal(ours[key], theirs[key]) for key in ours)


@pytest.mark.parametrize("stop", [pytest.param(1, marks=pytest.mark.slow), 7])
def test_a_resumed_run_draws_the_same_levels_and_noise(tmp_path, stop):
    whole = method(draw=9)
    history = train(whole, folder=tmp_path / "whole")
    train(method(draw=9), steps=stop, folder=tmp_path / "parts")
    resumed = method(draw=9)
    again = train(resumed, folder=tmp_path / "parts")
    assert again.column("loss") == history.column("loss")
    ours, theirs = parameters(whole), parameters(resumed)
    assert all(torch.equal(ours[key], theirs[key]) for key in ours)


def test_the_released_rates():
    facts = golden("gradient_fields")["rate_factor"]
    rates = FIELD_RATES["released"]
    found = [rates.factor(epoch / facts["of"]) for epoch in facts["epochs"]]
    assert found == pytest.approx(facts["expected"], rel=1e-9)
    assert rates[:2] == (1e-3, 1e-3)


def test_the_papers_rates_reach_the_optimisers():
    one = method(rates="paper", steps=STEPS)
    train(one, steps=STEPS)
    rate = {name: optimizer.param_groups[0]["lr"] for name, optimizer in one.optimizers.items()}
    assert rate == pytest.approx({"decoder": 1e-5, "encoder": 1e-4})
    half = method(rates=FieldRates(0.1, 0.2), steps=STEPS)
    train(half, steps=STEPS // 2)
    assert half.optimizers["encoder"].param_groups[0]["lr"] == 0.2


def test_points_are_drawn_anew_from_each_cloud():
    seen = []

    def watching(field, points, *, code):
        seen.append(points)
        return denoising_loss(field, points, (1.0, 0.1), code=code)

    train(method(loss=watching, draw=7), steps=2)
    for step, points in enumerate(seen):
        rows = batch_rows(step, len(SEEN), 4, 0)
        gap = torch.cdist(points, TARGET[rows]).amin(2)
        assert points.shape == (4, 7, 3)
        assert gap.max() < 1e-6
    counts = [len(torch.unique(cloud, dim=0)) for points in seen for cloud in points]
    assert min(counts) < 7  # with replacement
    rows = [batch_rows(step, len(SEEN), 4, 0).tolist() for step in range(2)]
    assert sorted(rows[0] + rows[1]) == list(range(8))


@pytest.mark.slow
def test_a_circle_is_learnt():
    """A field of one shape, without a code: points drawn from it are on the circle."""
    angle = torch.linspace(0, 2 * torch.pi, 129)[:-1]
    circle = torch.stack([angle.cos(), angle.sin()], -1)
    torch.manual_seed(0)
    decoder = GradientDecoder(0, 2, hidden=24, blocks=2)
    levels = noise_levels(smallest=0.05, count=4)
    loss = partial(denoising_loss, sigmas=levels)
    one = GradientField(decoder, loss=loss, steps=120, rates=FieldRates(3e-3, 1e-3))
    train(one, circle.expand(4, -1, -1).clone(), steps=120)
    start = langevin_start("uniform", (128, 2))
    field = decoder.eval().field()
    drawn = annealed_langevin(field, start, levels).points
    assert chamfer(drawn, circle) < 0.15 * chamfer(start, circle)
    assert (drawn.norm(dim=1) - 1).abs().median() < 0.1


def test_data_that_are_neither_clouds_nor_pairs():
    config.update("jaxtyping_disable", True)
    try:
        for data, received in ((TensorDataset(SEEN), "1 items"), (TensorDataset(*[SEEN] * 3), "3 items")):
            with pytest.raises(
                ValueError, match=rf"pairs of what the encoder sees .* received {received}; put"
            ):
                train(method(), data)
        with pytest.raises(ValueError, match="rates must be one of 'paper', 'MNIST-CP', 'released'"):
            method(rates="printed")
        with pytest.raises(ValueError, match="draw must be an integer of at least 1"):
            method(draw=0)
    finally:
        config.update("jaxtyping_disable", False)


def test_another_optimiser():
    one = method(optimizer=partial(torch.optim.SGD, momentum=0.9))
    assert {type(optimizer) for optimizer in one.optimizers.values()} == {torch.optim.SGD}
    alone = GradientField(nn.Linear(2, 2), loss=LOSS, steps=3)
    assert list(alone.optimizers) == ["decoder"]
