"""Compression: two optimisers and one backward pass, clouds one after the other, and resumption."""

from functools import partial

import pytest
import torch
from torch.utils.data import TensorDataset

from pcl_lib.data import Patches
from pcl_lib.losses import DPCCLoss, DPCCWeights, dpcc_loss
from pcl_lib.models import DPCC
from pcl_lib.trainers import Compression, CompressionRates, Method, fit
from pcl_lib.trainers._order import batch_rows

SIZES = (40, 55, 30, 70)
CLOUDS = Patches(
    torch.rand(n, 3, generator=torch.Generator().manual_seed(n)) * torch.tensor([2.0, 2.0, 0.2]) - 1
    for n in SIZES
)


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def compression(**options):
    torch.manual_seed(0)
    return Compression(DPCC(4, 8, candidates=4), **({"steps": 10} | options))


def train(method, steps=4, data=CLOUDS, **options):
    return fit(
        method, data, **({"batch_size": 2, "steps": steps, "log_every": 1, "progress": False} | options)
    )


def weights(method):
    return {key: p.detach().clone() for key, p in method.modules["model"].named_parameters()}


def test_it_is_a_method():
    assert isinstance(compression(), Method)


def test_rates_of_the_release():
    fall = CompressionRates().fall
    assert [fall(epoch / 50) for epoch in (0, 14, 15, 29, 30, 44, 45, 49)] == [
        *(1.0, 1.0, 0.5, 0.5, 0.25, 0.25, 0.125, 0.125)
    ]
    method = compression(steps=10)
    assert [method.optimizers[name].param_groups[0]["lr"] for name in ("network", "quantiles")] == [
        1e-3,
        1e-3,
    ]
    train(method, 6)
    assert method.optimizers["network"].param_groups[0]["lr"] == 0.25e-3
    assert method.optimizers["quantiles"].param_groups[0]["lr"] == 1e-3


def test_a_step_by_hand():
    """A mean over the clouds; the quantiles by their own loss alone."""
    method, hand = compression(optimizer=torch.optim.SGD), compression(optimizer=torch.optim.SGD)
    for one in (method, hand):
        one.modules["model"].eval()  # rounding, so that no noise is drawn
    history = train(method, 1, seed=2)
    model = hand.modules["model"]
    found = [dpcc_loss(model(CLOUDS[row])) for row in batch_rows(0, 4, 2, 2).tolist()]
    loss, auxiliary = torch.stack([one.total for one in found]).mean(), model.auxiliary()
    quantiles = {id(p) for p in model.quantiles()}
    own = [p for p in model.parameters() if id(p) not in quantiles]
    gradients = torch.autograd.grad(loss, own, allow_unused=True)
    moves = [*zip(own, gradients, strict=True)]
    moves += zip(model.quantiles(), torch.autograd.grad(auxiliary, model.quantiles()), strict=True)
    with torch.no_grad():
        for p, gradient in moves:
            p -= 1e-3 * (0 if gradient is None else gradient)
    for key, p in weights(hand).items():
        torch.testing.assert_close(weights(method)[key], p, rtol=1e-5, atol=1e-7)
    record = history.records[0]
    for name in DPCCLoss._fields:
        expected = sum(getattr(one, name).item() for one in found) / 2
        assert record[name] == pytest.approx(expected, rel=1e-5, abs=1e-12)
    assert record["auxiliary"] == pytest.approx(auxiliary.item())
    assert record["bits_per_point"] > 0


def test_all_weights_move_but_features_of_the_last_stage():
    """Those are for normals, which this network has not; the release counts them all the same."""
    method = compression()
    before = weights(method)
    train(method, 3)
    still = [key for key, p in weights(method).items() if torch.equal(p, before[key])]
    # A number that is added to all weights of a softmax changes none of them; rounding may move it.
    still = {key.rpartition(".features.")[0] for key in still if "weigh.second.bias" not in key}
    assert still == {"decoder.layers.2.refine"}


def test_no_weight_of_the_rate_no_gradient_to_the_likelihoods():
    method = compression(loss=partial(dpcc_loss, weights=DPCCWeights(rate=0.0)), optimizer=torch.optim.SGD)
    before = weights(method)
    history = train(method, 2)
    after = weights(method)
    of_rate = [key for key in before if any(part in key for part in ("matrices", "factors", "biases"))]
    assert of_rate
    assert all(torch.equal(before[key], after[key]) for key in of_rate)
    assert history.records[-1]["rate"] == 0
    assert history.records[-1]["bits_per_point"] > 0


def test_a_tensor_of_clouds_of_one_size():
    stacked = torch.stack([cloud[:30] for cloud in CLOUDS])
    one, other = compression(), compression()
    train(one, 2, stacked)
    train(other, 2, Patches(stacked))
    assert all(torch.equal(p, weights(other)[key]) for key, p in weights(one).items())


@pytest.mark.slow
def test_a_stopped_run_goes_on(tmp_path):
    whole = compression()
    history = train(whole, 7)
    for steps in (3, 7):
        parts = compression()
        again = train(parts, steps, folder=tmp_path)
    assert again.column("total") == history.column("total")
    assert all(torch.equal(p, weights(parts)[key]) for key, p in weights(whole).items())


@pytest.mark.slow
def test_the_loss_falls():
    method = compression(steps=40, rates=CompressionRates(network=1e-2))
    history = train(method, 40, batch_size=1)
    distortion = history.column("chamfer")
    assert sum(distortion[-8:]) < 0.7 * sum(distortion[:8])


@pytest.mark.usefixtures("as_users_call_it")
def test_bad_input():
    with pytest.raises(ValueError, match=r"model must have quantiles\(\) .* received Linear; DPCC has both"):
        Compression(torch.nn.Linear(3, 3), steps=3)
    with pytest.raises(ValueError, match="steps must be an integer of at least 1, received 0"):
        compression(steps=0)
    with pytest.raises(
        ValueError, match=r"the data must be clouds by row, received shape \(2, 3\); put clouds"
    ):
        train(compression(), 1, torch.rand(4, 3))
    pairs = TensorDataset(torch.rand(4, 30, 3), torch.rand(4, 30, 3))
    with pytest.raises(
        ValueError, match=r"the data must be clouds by row, received (list|tuple); put clouds"
    ):
        train(compression(), 1, pairs)
    with pytest.raises(
        ValueError, match="points must be at least 14, so that a latent point is left, received 9"
    ):
        train(compression(), 1, torch.rand(4, 9, 3))
