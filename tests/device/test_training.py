"""One step of each method of `trainers` on the pretended device, and an experiment from its data to its result."""

import inspect
from dataclasses import replace
from functools import partial

import pytest
import torch
from lightning_fabric import Fabric
from torch.utils.data import TensorDataset

from pcl_lib import trainers
from pcl_lib.distances import chamfer
from pcl_lib.experiments.autoencoder import distances as autoencoder
from pcl_lib.experiments.completion import losses as completion
from pcl_lib.experiments.completion.data import load_pairs
from pcl_lib.experiments.runner.run import run_experiment
from pcl_lib.losses import CALoss, denoising_loss, gaussian_kl, interpolate_penalty, pcn_loss
from pcl_lib.models import (
    DPCC,
    PCN,
    FullyConnectedDecoder,
    GaussianEncoder,
    GradientDecoder,
    LatentCritic,
    LatentGenerator,
    NeuralQAAD,
    PointNet,
    PointTable,
    ae,
    shapegf_encoder,
)
from pcl_lib.trainers import (
    QAAD,
    Assignments,
    Compression,
    FreeClouds,
    GradientField,
    LatentGAN,
    LatentVAE,
    LearnedLoss,
    Reconstruction,
    ShapeCompletion,
    checkpoints,
    fit,
)
from tests.device.cases import clouds
from tests.device.pretended import pretended_cuda

# Not Adam: the first of its steps goes by the sign of the gradient, which rounding decides where it is small.
SGD = partial(torch.optim.SGD, lr=0.01)
(TRUTH,) = clouds(torch.device("cpu"), 24, count=8)


def _reconstruction(loss=chamfer):
    model = ae(8, 24, points=(8,), widths=(16,))
    return Reconstruction(model, loss, SGD(model.parameters())), TRUTH


def _free_clouds(loss=chamfer):
    table = PointTable.uniform(8, 24, seed=0)
    return FreeClouds(table, loss, SGD(table.parameters())), TRUTH


def _learned(task):
    loss = CALoss()
    return LearnedLoss(task(loss)[0], loss, SGD(loss.parameters())), TRUTH


def _completion():
    model = PCN(8, 6, 2, points=((8,), ()), widths=(16,), fold=(8,))

    def loss(stages, _partial, complete, _step):
        return pcn_loss(stages, complete, loss=chamfer, alpha=0.5)

    return ShapeCompletion(model, loss, SGD(model.parameters())), TensorDataset(TRUTH[:, :12], TRUTH)


def _gan():
    generator, critic = LatentGenerator(5, noise_dim=4, widths=(8,)), LatentCritic(5, widths=(8,))
    optimizers = SGD(generator.parameters()), SGD(critic.parameters())
    method = LatentGAN(generator, critic, *optimizers, penalty=interpolate_penalty, critic_steps=1)
    return method, TRUTH[:, 0].repeat(1, 2)[:, :5]


def _vae():
    encoder, decoder = GaussianEncoder(PointNet((8, 8))), FullyConnectedDecoder(4, 24, widths=(8,))
    optimizer = SGD([*encoder.parameters(), *decoder.parameters()])
    return LatentVAE(encoder, decoder, lambda f, x, z: chamfer(f(z), x), gaussian_kl, optimizer), TRUTH


def _gradient_field():
    decoder, encoder = GradientDecoder(8, hidden=16, blocks=1), shapegf_encoder(8)
    loss = partial(denoising_loss, sigmas=(0.5, 0.1), seed=0)
    method = GradientField(decoder, encoder, loss=loss, steps=4, optimizer=torch.optim.SGD, draw=12)
    return method, TensorDataset(TRUTH, TRUTH)


def _qaad():
    """On assigned points at once, so that a step has swaps in it; SGD takes the table's sparse gradients too."""
    model = NeuralQAAD(8, 24, 4, 4, trunk=(16,), heads=(8, 3), start=TRUTH[0])
    options = {"optimizer": torch.optim.SGD, "table_optimizer": torch.optim.SGD, "rate": 0.01}
    options |= {"steps": 4, "pretraining": 0.0, "start": "random", "points": 12}
    return QAAD(model, None, TRUTH, Assignments(8, 24), **options), TRUTH


def _compression():
    # Rounding in the place of noise, which is drawn on each device by itself.
    model = DPCC(4, 8, candidates=4).eval()
    return Compression(model, steps=4, optimizer=torch.optim.SGD), TRUTH


METHODS = {
    "Reconstruction": _reconstruction,
    "FreeClouds": _free_clouds,
    "LatentGAN": _gan,
    "LatentVAE": _vae,
    "ShapeCompletion": _completion,
    "GradientField": _gradient_field,
    "QAAD": _qaad,
    "Compression": _compression,
    "LearnedLoss": lambda: _learned(_reconstruction),
    "LearnedLoss of FreeClouds": lambda: _learned(_free_clouds),
}


def _trained(make, accelerator, *, steps=1, folder=None):
    torch.manual_seed(0)
    method, data = make()
    fabric = Fabric(accelerator=accelerator, devices=1)
    history = fit(
        method,
        data,
        batch_size=4,
        steps=steps,
        ema=0.9,
        clip=None if isinstance(method, QAAD) else 1.0,
        folder=folder,
        progress=False,
        fabric=fabric,
    )
    return method, history


@pytest.fixture(autouse=True)
def _no_accelerator_by_variable(monkeypatch):
    monkeypatch.delenv("LT_ACCELERATOR", raising=False)


def test_every_method_has_a_step_here():
    public = [getattr(trainers, name) for name in trainers.__all__]
    methods = {
        c.__name__ for c in public if inspect.isclass(c) and hasattr(c, "step") and c is not trainers.Method
    }
    assert methods - {"Engine"} == {name for name in METHODS if " " not in name}


@pytest.mark.parametrize(
    "name",
    [name if name == "Reconstruction" else pytest.param(name, marks=pytest.mark.slow) for name in METHODS],
)
def test_a_step_on_a_device_as_on_the_cpu(name, tmp_path):
    before, history = _trained(METHODS[name], "cpu")
    with pretended_cuda():
        after, there = _trained(METHODS[name], "cuda", folder=tmp_path)
        parameters = {key: list(module.parameters()) for key, module in after.modules.items()}
        assert all(p.device.type == "cuda" for found in parameters.values() for p in found)
    for record, other in zip(history.records, there.records, strict=True):
        for key in record.keys() - {"seconds"}:
            assert record[key] == pytest.approx(other[key], rel=1e-3), key
    for key, module in before.modules.items():
        for here, elsewhere in zip(module.parameters(), parameters[key], strict=True):
            torch.testing.assert_close(elsewhere.held.detach(), here.detach(), rtol=1e-3, atol=1e-5)
    assert checkpoints(tmp_path)


def test_the_host_seldom_waits_in_a_step():
    """The checks of clouds, and no more; a loss that reads a value waits once more in each step."""

    def a_step(loss):
        found = []
        for steps in (2, 6):
            with pretended_cuda() as waits:
                _trained(lambda: _reconstruction(loss), "cuda", steps=steps)
                found.append(sum(waits.values()))
        return (found[1] - found[0]) / 4

    def reads(y, x):
        value = chamfer(y, x)
        assert float(value.sum().detach()) > 0
        return value

    usual = a_step(chamfer)
    assert a_step(reads) == usual + 1
    assert usual <= 9


@pytest.mark.slow
@pytest.mark.parametrize(
    ("of", "changes"),
    [
        (autoencoder, {"networks": ("AE",), "losses": ("CD", "EMD"), "seeds": (0,)}),
        (completion, {"losses": ("CD",), "seeds": (0,)}),
    ],
    ids=["autoencoder", "completion"],
)
def test_an_experiment_from_its_data_to_its_result(of, changes, tmp_path):
    settings = replace(of.tiny(), **changes)
    load_pairs.cache_clear()
    here = run_experiment(of.EXPERIMENT, settings, device="cpu", progress=False)
    load_pairs.cache_clear()
    with pretended_cuda():
        there = run_experiment(of.EXPERIMENT, settings, folder=tmp_path, device="cuda", progress=False)
    load_pairs.cache_clear()
    assert there.device == "pretended"
    assert there.data == here.data
    for row, other in zip(here.rows, there.rows, strict=True):
        assert other.metrics == pytest.approx(row.metrics, rel=0.05, abs=1e-3)
