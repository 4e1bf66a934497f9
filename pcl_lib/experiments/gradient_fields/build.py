"""The networks that settings name, with the weights of a seed, and what trains them."""

from __future__ import annotations

from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pcl_lib.distances import chamfer, emd
from pcl_lib.experiments.gradient_fields.rounds import Progress, Rounds, Untrained, by_share
from pcl_lib.experiments.gradient_fields.settings import OURS, UNTRAINED, FieldSettings
from pcl_lib.experiments.runner.experiment import Run
from pcl_lib.losses import denoising_loss
from pcl_lib.models import (
    GRADIENT_DECODERS,
    AtlasDecoder,
    AutoEncoder,
    FullyConnectedDecoder,
    GradientDecoder,
    PointNet,
    noise_levels,
)
from pcl_lib.trainers import FieldRates, GradientField, Method, Reconstruction

# Layers of the decoders that are compared with, sized as the gradient decoder's are.
LAYERS, ATLAS_LAYERS = (256, 256), (256, 128, 64)


class Flat(AtlasDecoder):
    """AtlasNet in the plane: the third coordinate of its points is left out, as if its last layer had two outputs."""

    def forward(
        self, code: Tensor, n_points: int | None = None, *, generator: torch.Generator | None = None
    ) -> Float[Tensor, "b n 2"]:
        return super().forward(code, n_points, generator=generator)[..., :2]


def encoder(settings: FieldSettings) -> PointNet:
    """ShapeGF's encoder, `shapegf_encoder` at the widths of the settings: the same for every model."""
    return PointNet(settings.encoder, (*settings.head, settings.code_dim), dim=settings.dims, end="linear")


def decoder(settings: FieldSettings, model: str) -> nn.Module:
    """The decoder of a model that makes clouds at once."""
    if model.startswith("l-GAN"):
        return FullyConnectedDecoder(settings.code_dim, settings.n_points, widths=LAYERS, dim=settings.dims)
    make = Flat if settings.dims == 2 else AtlasDecoder
    surface = "sphere" if model == "AtlasNet sphere" else "squares"
    return make(settings.code_dim, settings.n_points, surface=surface, widths=ATLAS_LAYERS)


def matching(made: Float[Tensor, "b n d"], truth: Float[Tensor, "b n d"]) -> Float[Tensor, "b"]:
    """The exact EMD, one pair of clouds after the other: all at once they would take every core, and a run has one."""
    return torch.stack([emd(one, other).value for one, other in zip(made, truth, strict=True)])


def decoder_of(settings: FieldSettings, variant: str) -> GradientDecoder:
    """The gradient decoder of a variant, at the sizes of the settings."""
    return GradientDecoder(
        settings.code_dim,
        settings.dims,
        hidden=settings.hidden,
        blocks=settings.blocks,
        **GRADIENT_DECODERS[variant],
    )


def field(
    settings: FieldSettings, run: Run, decode: nn.Module, encode: nn.Module, progress: Progress
) -> Method:
    """Denoising score matching of decoder and encoder, whose rates fall by the share of the run that is over."""
    loss = partial(
        denoising_loss,
        sigmas=noise_levels(1.0, 0.01, settings.ladder),
        weighting=settings.weighting,
        levels=settings.levels,
    )
    rate = settings.rate(settings.row(run.configuration).model)
    task = GradientField(
        decode, encode, loss=loss, steps=settings.rounds, rates=FieldRates(rate, rate), optimizer=adam
    )
    task.schedulers = {name: by_share(optimizer, progress) for name, optimizer in task.optimizers.items()}
    return task


def rounds(settings: FieldSettings, run: Run, task: Method, progress: Progress) -> Rounds:
    row = settings.row(run.configuration)
    return Rounds(
        task,
        progress,
        rounds=settings.rounds,
        seconds=settings.seconds / settings.rounds,
        updates=settings.updates,
        shapes=settings.shapes_per_update,
        points=row.given,
        pool=row.pool,
        moved=min(settings.loss_points, row.given) if row.model == OURS else 0,
    )


# Adam in one kernel: networks as small as these wait for the start of operations, of which it has hundreds.
adam = partial(torch.optim.Adam, fused=True)


def method(settings: FieldSettings, run: Run, device: torch.device) -> Method:
    """What trains a run; the encoder comes first, so that a seed gives all models the same."""
    progress = Progress(run)
    row = settings.row(run.configuration)
    if row.model in UNTRAINED:
        return Untrained(progress)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(run.seed)
        encode = encoder(settings).to(device)
        decode = decoder_of(settings, row.variant) if row.model == OURS else decoder(settings, row.model)
        decode.to(device)
    if row.model == OURS:
        return rounds(settings, run, field(settings, run, decode, encode, progress), progress)
    model = AutoEncoder(encode, decode)
    optimizer = adam(model.parameters(), lr=settings.rate(row.model))
    loss = matching if row.model == "l-GAN EMD" else chamfer
    task = Reconstruction(model, loss, optimizer, by_share(optimizer, progress))
    return rounds(settings, run, task, progress)
