"""The entropy bottleneck: golden numbers, closed forms, both tails, noise, medians, quantiles, tables, bad input."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from pcl_lib.losses import rate
from pcl_lib.models import EntropyBottleneck, parameter_count
from tests.gradients import gradcheck
from tests.models.bottlenecks import golden_bottleneck, logistic_bottleneck

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "entropy_bottleneck.json").read_text("utf-8"))

AUXILIARY = 1e-7  # the release holds its targets, +-21.4, in float32


def column(values, channels=1, dtype=torch.float64):
    return torch.tensor(values, dtype=dtype).repeat(1, channels, 1)


def test_sixty_one_weights_a_channel():
    assert parameter_count(EntropyBottleneck(1)) == 61
    assert parameter_count(EntropyBottleneck(8)) == 488


def test_golden_two_channels():
    expected = GOLDEN["two_channels"]
    bottleneck = golden_bottleneck()
    z_hat, likelihoods = bottleneck(column(expected["x"], 2))
    assert z_hat[0].tolist() == expected["y_hat"]
    np.testing.assert_allclose(likelihoods[0].detach(), expected["likelihood"], rtol=1e-9)
    assert rate(likelihoods).item() == pytest.approx(expected["bits_total"], rel=1e-9)
    assert bottleneck.loss().item() == pytest.approx(expected["aux_loss"], rel=AUXILIARY)


@pytest.mark.parametrize("difference", ["stable", "plain"])
def test_golden_at_the_start(difference):
    expected = GOLDEN["at_the_start"]
    bottleneck = EntropyBottleneck(1, difference=difference).double().eval()
    with torch.no_grad():
        for bias in bottleneck.biases:
            bias.zero_()
    _, likelihoods = bottleneck(column(expected["x"]))
    np.testing.assert_allclose(likelihoods[0, 0].detach(), expected["likelihood"], rtol=1e-9)
    assert rate(likelihoods).item() == pytest.approx(expected["bits"], rel=1e-9)
    assert bottleneck.loss().item() == pytest.approx(expected["aux_loss"], rel=AUXILIARY)


def test_golden_length_of_the_tables():
    """CompressAI's cumulative tables begin with a zero, so they are one longer than the counts."""
    expected = GOLDEN["stream"]
    bottleneck = golden_bottleneck(dtype=torch.float32)
    tables = bottleneck.update(bound=None)
    assert [len(row) + 1 for row in tables.counts] == expected["cdf_length"]
    assert tables.lowest.tolist() == [-10, -10]


def test_a_likelihood_is_a_mass_and_not_the_cumulative_function():
    bottleneck = golden_bottleneck()
    z = torch.arange(-3000.0, 3001, dtype=torch.float64).repeat(1, 2, 1)
    # Each of the 6,001 has 1e-9 at least, which is more than its mass far out.
    torch.testing.assert_close(
        bottleneck(z)[1].sum(-1), torch.ones(1, 2, dtype=torch.float64), rtol=0, atol=6e-6
    )
    between = bottleneck.cumulative(z + 0.5) - bottleneck.cumulative(z - 0.5)
    torch.testing.assert_close(bottleneck.likelihoods(z), between.clamp_min(1e-9))
    assert (bottleneck.cumulative(z).diff() >= 0).all()


def test_both_tails_keep_their_digits_in_float32():
    """The newer form of CompressAI loses the upper tail: its likelihood is the floor where the mass is 1e-8."""
    z = torch.tensor([[[-18.0, 18.0]]])
    expected = 1 / (1 + math.exp(17.5)) - 1 / (1 + math.exp(18.5))
    stable = logistic_bottleneck(dtype=torch.float32).likelihoods(z)[0, 0]
    np.testing.assert_allclose(stable.detach(), [expected, expected], rtol=1e-4)
    lower, upper = logistic_bottleneck(dtype=torch.float32, difference="plain").likelihoods(z)[0, 0].tolist()
    assert lower == pytest.approx(expected, rel=1e-4)
    assert upper == pytest.approx(1e-9, rel=1e-3)
    assert expected > 9e-9


def test_below_the_floor_the_gradient_passes():
    z = column([-40.0]).requires_grad_()
    likelihoods = logistic_bottleneck().likelihoods(z)
    assert likelihoods.item() == pytest.approx(1e-9, rel=1e-12)
    (slope,) = torch.autograd.grad(likelihoods.sum(), z)
    mass = math.exp(-39.5) - math.exp(-40.5)
    assert slope.item() == pytest.approx(mass, rel=1e-6)


def test_the_rate_is_differentiable():
    bottleneck = golden_bottleneck()
    z = column([-3.2, -0.4, 0.3, 2.6], 2).requires_grad_()
    weights = [*bottleneck.matrices, *bottleneck.biases, *bottleneck.factors]
    names = [name for name, _ in bottleneck.named_parameters() if name != "quantiles"]

    def bits(z, *weights):
        call = torch.func.functional_call
        given = dict(zip(names, weights, strict=True))
        return rate(call(_Likelihoods(bottleneck), {f"of.{n}": w for n, w in given.items()}, (z,)))

    by_name = dict(bottleneck.named_parameters())
    ordered = [by_name[name].detach().clone().requires_grad_() for name in names]
    assert len(ordered) == len(weights)
    assert gradcheck(bits, (z, *ordered))


class _Likelihoods(torch.nn.Module):
    def __init__(self, of):
        super().__init__()
        self.of = of

    def forward(self, z):
        return self.of.likelihoods(z)


def test_noise_in_training_also_in_the_rate():
    bottleneck = golden_bottleneck().train()
    z = torch.zeros(1, 2, 20_000, dtype=torch.float64, requires_grad=True)
    torch.manual_seed(0)
    z_hat, likelihoods = bottleneck(z)
    noise = (z_hat - z).detach()
    assert noise.abs().max() <= 0.5
    assert noise.var().item() == pytest.approx(1 / 12, rel=0.02)
    assert torch.equal(likelihoods, bottleneck.likelihoods(z_hat))
    assert likelihoods.unique().numel() > 30_000
    (slope,) = torch.autograd.grad(rate(likelihoods), z)
    assert slope.abs().max() > 0


def test_rounding_goes_about_the_medians_and_stops_the_gradient():
    bottleneck = golden_bottleneck()
    with torch.no_grad():
        bottleneck.quantiles[:, 0, 1] = torch.tensor([0.3, -0.2], dtype=torch.float64)
    z = column([-1.3, 0.75, 0.85], 2).requires_grad_()
    z_hat, likelihoods = bottleneck(z)
    expected = [[-1.7, 0.3, 1.3], [-1.2, 0.8, 0.8]]
    np.testing.assert_allclose(z_hat[0].detach(), expected, atol=1e-12)
    symbols = bottleneck.symbols(z)
    assert symbols[0].tolist() == [[-2, 0, 1], [-1, 1, 1]]
    torch.testing.assert_close(bottleneck.values(symbols), z_hat.detach())
    torch.testing.assert_close(likelihoods, bottleneck.likelihoods(z_hat))
    (slope,) = torch.autograd.grad(rate(likelihoods), z, materialize_grads=True, allow_unused=True)
    assert (slope == 0).all()


def test_the_auxiliary_loss_trains_the_quantiles_alone():
    bottleneck = golden_bottleneck()
    bottleneck.loss().backward()
    reached = {name for name, p in bottleneck.named_parameters() if p.grad is not None and p.grad.any()}
    assert reached == {"quantiles"}
    bottleneck.zero_grad(set_to_none=True)
    rate(bottleneck.train()(torch.zeros(1, 2, 9, dtype=torch.float64))[1]).backward()
    assert bottleneck.quantiles.grad is None
    assert all(p.grad.any() for name, p in bottleneck.named_parameters() if name != "quantiles")


@pytest.mark.slow
def test_quantiles_of_a_logistic_by_steps_and_by_bisection():
    bottleneck = logistic_bottleneck(scale=2.0, shift=0.7)
    outer = math.log(2 / 1e-9 - 1)
    expected = [0.7 - 2 * outer, 0.7, 0.7 + 2 * outer]
    bottleneck.fit_quantiles()
    np.testing.assert_allclose(bottleneck.quantiles.detach()[0, 0], expected, rtol=1e-7)
    assert bottleneck.loss().item() == pytest.approx(0, abs=1e-9)
    stepped = logistic_bottleneck(scale=2.0, shift=0.7)
    optimiser = torch.optim.Adam([stepped.quantiles], lr=0.5)
    for step in range(800):
        optimiser.param_groups[0]["lr"] = 0.5 * 0.99**step
        optimiser.zero_grad()
        stepped.loss().backward()
        optimiser.step()
    np.testing.assert_allclose(stepped.quantiles.detach()[0, 0], expected, rtol=0, atol=0.01)


def test_update_refuses_quantiles_that_nothing_trained():
    bottleneck = golden_bottleneck()
    with pytest.raises(ValueError, match=r"auxiliary loss must be at most 1.0 a channel .* received 41.4"):
        bottleneck.update()
    with pytest.raises(RuntimeError, match=r"call update\(\) first"):
        _ = bottleneck.tables
    bottleneck.fit_quantiles()
    tables = bottleneck.update()
    assert all(np.array_equal(a, b) for a, b in zip(tables.counts, bottleneck.tables.counts, strict=True))


def test_tables_are_the_likelihoods_and_leave_thin_tails_to_the_escape():
    bottleneck = logistic_bottleneck()
    bottleneck.fit_quantiles()
    tables = bottleneck.update()
    (counts,), (lowest,) = tables.counts, tables.lowest
    integers = column(list(range(lowest, lowest + len(counts) - 1)))
    mass = bottleneck.likelihoods(integers)[0, 0].detach().numpy()
    assert np.abs(counts[:-1] / 2**16 - mass).max() < 2 * len(counts) / 2**16
    assert mass.min() >= 2**-17
    assert bottleneck.likelihoods(column([lowest - 1])).item() < 2**-17
    assert counts.sum() == 2**16


def test_the_tables_travel_with_the_weights():
    bottleneck = golden_bottleneck()
    bottleneck.fit_quantiles()
    tables = bottleneck.update()
    other = EntropyBottleneck(2).double()
    other.load_state_dict(bottleneck.state_dict())
    assert other.tables.lowest.tolist() == tables.lowest.tolist()
    assert all(np.array_equal(a, b) for a, b in zip(other.tables.counts, tables.counts, strict=True))


BAD = {
    "features last": (lambda b: b(torch.rand(2, 5, 3)), r"latent \(B, 2, n\), received \(2, 5, 3\); .*z.mT"),
    "two axes": (lambda b: b(torch.rand(2, 5)), r"received \(2, 5\)"),
    "nan": (lambda b: b.symbols(torch.full((1, 2, 3), math.nan)), "must be finite, received 6 entries"),
    "channels": (lambda _: EntropyBottleneck(0), "channels must be an integer of at least 1, received 0"),
    "scale": (lambda _: EntropyBottleneck(2, init_scale=-1), "init_scale must be positive"),
    "difference": (lambda _: EntropyBottleneck(2, difference="new"), "difference must be one of 'stable'"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case, as_users_call_it):
    call, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        call(EntropyBottleneck(2).eval())


def test_an_empty_latent_costs_nothing():
    z_hat, likelihoods = EntropyBottleneck(2).eval()(torch.zeros(1, 2, 0))
    assert z_hat.shape == likelihoods.shape == (1, 2, 0)
    assert rate(likelihoods).item() == 0


def test_against_compressai():
    """Where the package is installed."""
    package = pytest.importorskip("compressai.entropy_models", reason="compressai is not installed")
    torch.manual_seed(0)
    theirs, ours = package.EntropyBottleneck(3).eval(), EntropyBottleneck(3, difference="plain").eval()
    named = dict(theirs.named_parameters())
    with torch.no_grad():
        for i, matrix in enumerate(ours.matrices):
            matrix.copy_(named.get(f"_matrix{i}", named.get(f"matrices.{i}")))
            ours.biases[i].copy_(named.get(f"_bias{i}", named.get(f"biases.{i}")))
    z = 5 * torch.randn(2, 3, 40)
    for expected, found in zip(theirs(z), ours(z), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-7)
    torch.testing.assert_close(ours.loss(), theirs.loss(), rtol=1e-5, atol=1e-5)
