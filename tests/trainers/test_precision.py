"""Number types: in which networks run, and in which data, outputs, losses and noise are."""

import pytest
import torch
from lightning_fabric import Fabric
from torch import nn
from torch.utils.data import TensorDataset

from pcl_lib.distances import chamfer
from pcl_lib.losses import folding_loss, pcn_loss, pointattn_loss, snowflake_loss
from pcl_lib.models import PCN, FoldingCompletion, PointAttN, SnowflakeNet
from pcl_lib.neighbors import nearest
from pcl_lib.trainers import Reconstruction, ShapeCompletion, fit
from tests.models.networks import AUTOENCODERS
from tests.trainers.toys import Adversarial, clouds, parameters, reconstruction

OUTSIDE = {"32-true": torch.float32, "64-true": torch.float64, "bf16-mixed": torch.float32}
COMPLETION = {
    "PCN": (
        lambda: PCN(24, 8, 3, points=((12, 20), (16,)), widths=(32,), fold=(16,)),
        lambda stages, _, whole: pcn_loss(stages, whole, loss=chamfer, alpha=0.5),
    ),
    "FoldingCompletion": (
        lambda: FoldingCompletion(24, 70, points=((12, 20), (16,)), widths=(16, 16), norm=True),
        lambda stages, _, whole: folding_loss(stages, whole, loss=chamfer),
    ),
    "PointAttN": (
        lambda: PointAttN(8, 16, (2, 3), width=4, heads=2, centres=(16, 8, 6)),
        lambda stages, _, whole: pointattn_loss(stages, whole, loss=chamfer),
    ),
    "SnowflakeNet": (
        lambda: SnowflakeNet(16, 8, 16, (1, 2, 3), width=16, centres=(16, 8), k=5),
        lambda stages, part, whole: snowflake_loss(
            stages, whole, loss=chamfer, partial=part, partial_loss=nearest_of_part
        ),
    ),
}


def nearest_of_part(x, y):
    return nearest(x, y).sq_dist.mean(-1)


def train(method, data, precision, steps=1, **options):
    fabric = Fabric(devices=1, accelerator="cpu", precision=precision)
    settings = {"batch_size": 4, "log_every": 1, "progress": False, "fabric": fabric}
    return fit(method, data, steps=steps, **settings | options)


def adam(network):
    return torch.optim.Adam(network.parameters(), lr=0.01)


@pytest.mark.parametrize(
    ("precision", "given"),
    [
        ("32-true", torch.float32),
        ("64-true", torch.float32),
        ("64-true", torch.float64),
        ("bf16-mixed", torch.float32),
        ("bf16-mixed", torch.float64),
    ],
)
def test_losses_and_data_have_one_type_whatever_was_given(precision, given):
    seen = []

    def loss(output, batch):
        seen.append((output.dtype, batch.dtype))
        return chamfer(output, batch)

    method = reconstruction(loss)
    history = train(method, clouds().to(given), precision, steps=3)
    assert set(seen) == {(OUTSIDE[precision],) * 2}
    assert {p.dtype for p in parameters(method).values()} == {OUTSIDE[precision]}
    assert len(history.column("loss")) == 3


@pytest.mark.slow
def test_double_precision_is_that_of_a_loop_by_hand():
    method, hand = reconstruction(), reconstruction()
    data = clouds().double() * (1 + 1e-9)  # lost in float32
    found = train(method, data, "64-true", steps=12, batch_size=24)
    model = hand.modules["model"].double()
    optimizer, losses = adam(model), []
    for _ in range(12):
        loss = chamfer(model(data), data).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert found.column("loss") == pytest.approx(losses, rel=1e-12)
    assert torch.get_default_dtype() == torch.float32


def test_in_double_precision_the_noise_of_a_step_is_double_too_and_a_run_goes_on(tmp_path):
    class Noisy(Adversarial):
        def step(self, batch, index, engine):
            assert torch.rand(2).dtype == batch.dtype == torch.float64
            return super().step(batch, index, engine)

    whole, parts = Noisy(), Noisy()
    train(whole, clouds(), "64-true", steps=6, ema=0.9, clip=1.0)
    train(parts, clouds(), "64-true", steps=4, ema=0.9, clip=1.0, folder=tmp_path)
    parts = Noisy()
    train(parts, clouds(), "64-true", steps=6, ema=0.9, clip=1.0, folder=tmp_path)
    expected, found = parameters(whole), parameters(parts)
    assert all(torch.equal(expected[key], found[key]) for key in expected)


@pytest.mark.parametrize("precision", ["64-true", "bf16-mixed"])
@pytest.mark.parametrize("name", AUTOENCODERS)
def test_every_autoencoder_takes_a_step(name, precision):
    torch.manual_seed(0)
    network = AUTOENCODERS[name](12)
    history = train(
        Reconstruction(network, chamfer, adam(network)), 2 * clouds(4).repeat(1, 3, 1) - 1, precision
    )
    assert history.column("loss")[0] > 0


@pytest.mark.parametrize("precision", ["64-true", "bf16-mixed"])
@pytest.mark.parametrize("name", COMPLETION)
@pytest.mark.slow
def test_every_completion_network_takes_a_step(name, precision):
    torch.manual_seed(0)
    make, staged = COMPLETION[name]
    network = make()

    def loss(stages, partial, complete, step):
        assert {cloud.dtype for cloud in (*stages, partial, complete)} == {OUTSIDE[precision]}
        return staged(stages, partial, complete)

    whole = torch.rand(4, 120, 3, generator=torch.Generator().manual_seed(0))
    data = TensorDataset(whole[:, :60], whole)
    history = train(ShapeCompletion(network, loss, adam(network)), data, precision)
    assert history.column("loss")[0] > 0


def test_mixed_precision_hands_the_network_unrounded_coordinates():
    seen = []

    class Watching(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Linear(3, 3)

        def forward(self, x):
            seen.append(x)
            return self.inner(x)

    network = Watching()
    train(Reconstruction(network, chamfer, adam(network)), clouds(4), "bf16-mixed")
    (x,) = seen
    assert torch.equal(x.sort(0).values, clouds(4).sort(0).values)


@pytest.mark.parametrize("precision", ["bf16-true", "16-true"])
def test_parameters_in_half_precision_are_refused(precision):
    with pytest.raises(ValueError, match=f"received '{precision}': parameters in half .* use 'bf16-mixed'"):
        train(reconstruction(), clouds(), precision)
