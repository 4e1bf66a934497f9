"""The models that settings name, and what trains them."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from pcl_lib.distances import chamfer
from pcl_lib.experiments.generation.data import sets
from pcl_lib.experiments.generation.known import KnownShapes
from pcl_lib.experiments.generation.settings import KNOWN, LGAN, OURS, RGAN, VAE, Settings
from pcl_lib.experiments.generation.stages import Codes, OnDraws, Still, TwoStages
from pcl_lib.experiments.runner.experiment import Run
from pcl_lib.losses import denoising_loss, gaussian_kl, interpolate_penalty, zero_centred_penalty
from pcl_lib.models import (
    GaussianEncoder,
    GradientDecoder,
    LatentCritic,
    LatentGenerator,
    PointCritic,
    PointGenerator,
    PointNet,
    ae,
    noise_levels,
)
from pcl_lib.trainers import FieldRates, GradientField, LatentGAN, LatentVAE, Method, Reconstruction

PENALTIES = {"interpolates": interpolate_penalty, "real": zero_centred_penalty}
BETAS = (0.5, 0.9)


def method(settings: Settings, run: Run, device: torch.device) -> Method:
    """A model with the weights of the run's seed and what trains it; the caller's random numbers stay as they were."""
    (model,) = run.configuration
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(run.seed)
        if model in KNOWN:
            return Still({"known": KnownShapes(settings, model, run.seed).to(device)})
        builders = {OURS: _field, VAE: _vae, LGAN: _lgan, RGAN: _rgan}
        return builders[model](settings, device)


def _field(settings: Settings, device: torch.device) -> Method:
    s = settings
    encoder = _encoder(s, s.code_dim).to(device)
    first = GradientField(
        _decoder(s).to(device),
        encoder,
        loss=_denoising(s),
        steps=s.first_steps,
        rates=FieldRates(s.decoder_rate, s.encoder_rate),
        optimizer=adam,
    )
    return _with_gan(s, device, OnDraws(first, s.drawn), encoder)


def _vae(settings: Settings, device: torch.device) -> Method:
    s = settings
    encoder = GaussianEncoder(_encoder(s, 2 * s.code_dim)).to(device)
    decoder = _decoder(s).to(device)
    optimizer = torch.optim.Adam(
        [
            {"params": list(encoder.parameters()), "lr": s.encoder_rate},
            {"params": list(decoder.parameters()), "lr": s.decoder_rate},
        ],
        fused=True,
    )
    rates = FieldRates(s.decoder_rate, s.encoder_rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: rates.factor(step / s.first_steps))
    denoising = _denoising(s)

    def loss(field: nn.Module, points: Tensor, code: Tensor) -> Tensor:
        return denoising(field, points, code=code)

    first = LatentVAE(encoder, decoder, loss, gaussian_kl, optimizer, schedule, weight=s.kl_weight)
    codes = Codes(s.train_shapes, s.code_dim).to(device)
    return TwoStages(
        OnDraws(first, s.drawn), None, after=s.first_steps, encoder=encoder, codes=codes, clouds=sets(s).pool
    )


def _lgan(settings: Settings, device: torch.device) -> Method:
    s = settings
    model = ae(s.code_dim, s.n_points, points=s.ae_points, widths=s.ae_widths, dim=s.dim).to(device)
    first = Reconstruction(model, chamfer, adam(model.parameters(), lr=s.ae_rate))
    return _with_gan(s, device, OnDraws(first, s.drawn), model.encoder)


def _rgan(settings: Settings, device: torch.device) -> Method:
    s = settings
    generator = PointGenerator(s.n_points, noise_dim=s.code_dim, widths=s.rgan_widths, dim=s.dim)
    critic = PointCritic(points=s.rgan_points, head=(s.rgan_points[-1],), dim=s.dim)
    return OnDraws(_gan(s, device, generator, critic), s.n_points)


def _with_gan(settings: Settings, device: torch.device, first: Method, encoder: nn.Module) -> Method:
    s = settings
    generator = LatentGenerator(s.code_dim, noise_dim=s.code_dim)
    then = _gan(s, device, generator, LatentCritic(s.code_dim))
    codes = Codes(s.train_shapes, s.code_dim).to(device)
    clouds = sets(s).pool[:, : s.drawn].to(device)
    return TwoStages(
        first, then, after=s.first_steps, encoder=encoder, codes=codes, clouds=clouds, batch=s.gan_batch
    )


def _gan(settings: Settings, device: torch.device, generator: nn.Module, critic: nn.Module) -> LatentGAN:
    generator, critic = generator.to(device), critic.to(device)
    optimizers = (
        adam(network.parameters(), lr=settings.gan_rate, betas=BETAS) for network in (generator, critic)
    )
    return LatentGAN(
        generator,
        critic,
        *optimizers,
        penalty=PENALTIES[settings.penalty],
        critic_steps=settings.critic_steps,
    )


def _encoder(settings: Settings, width: int) -> PointNet:
    return PointNet(settings.encoder, (*settings.head, width), dim=settings.dim, end="linear")


def _decoder(settings: Settings) -> GradientDecoder:
    return GradientDecoder(settings.code_dim, settings.dim, hidden=settings.hidden, blocks=settings.blocks)


def _denoising(settings: Settings) -> Any:
    """One noise level for each cloud and step, as released: all ten cost ten times as much."""
    return partial(denoising_loss, sigmas=noise_levels(), weighting=settings.weighting, levels="one")


def adam(parameters: Any, **options: Any) -> torch.optim.Adam:
    """Adam in one kernel: networks as small as these wait for the start of operations, of which it has hundreds."""
    return torch.optim.Adam(parameters, fused=True, **options)
