"""The one source whose rate and distortion are known: a Gaussian number, rounded to multiples of a step."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor


class RateDistortion(NamedTuple):
    """`bits` a number, and the mean squared `distortion`."""

    bits: Float[Tensor, "*s"]
    distortion: Float[Tensor, "*s"]


def gaussian_rate_distortion(step: Float[Tensor, "*s"], *, sigma: float = 1.0) -> RateDistortion:
    r"""Entropy and error of a Gaussian number that is rounded to the nearest multiple of a step.

    .. math:: R = -\sum_k p_k \log_2 p_k, \quad D = E[(x - \hat x)^2] \;\to\; \tfrac{\pi e}{6} \sigma^2 \, 2^{-2R}

    p_k is the mass of the interval of one step about k steps; the limit, with D = step^2 / 12, holds for small steps.
    On it D + lambda R is least where lambda = -dD/dR = 2 ln(2) D, at step = sqrt(6 lambda / ln 2).

    - `sigma`: the deviation of the Gaussian.

    Shapes: step (*s) to two tensors (*s); differentiable. Units: bits a number; squares of the number's unit. Cost:
    about 10 sigma over the smallest step for each step. Errors: `ValueError` for a step outside of sigma / 100 to 100
    sigma. Reference: gish1968.

    >>> step = torch.tensor([0.1], dtype=torch.float64)
    >>> bits, distortion = gaussian_rate_distortion(step)
    >>> bits.item(), distortion.item(), math.pi * math.e / 6 * 4 ** -bits.item()
    (5.370, 0.000833, 0.000833)
    """
    unit = step.double() / sigma
    finest = float(unit.detach().min())
    if not (finest >= 0.01 and float(unit.detach().max()) <= 100):
        raise ValueError(
            f"step must be from a hundredth of sigma to a hundred sigma, received {step.tolist()} with sigma {sigma!r}"
        )
    # Beyond ten deviations there is no mass in float64.
    reach = math.ceil(10 / finest) + 1
    k = torch.arange(1, reach + 1, dtype=torch.float64, device=step.device)
    edges = unit[..., None] * (torch.cat((k.new_zeros(1), k)) + 0.5)
    tail = torch.special.erfc(edges / math.sqrt(2)) / 2  # mass above each edge; the other half is its mirror
    density = torch.exp(-edges.square() / 2) / math.sqrt(2 * math.pi)
    mass = tail[..., :-1] - tail[..., 1:]
    centre = 1 - 2 * tail[..., 0]
    bits = -2 * torch.xlogy(mass, mass).sum(-1) - torch.xlogy(centre, centre)
    values = unit[..., None] * k
    moment = (values * (density[..., :-1] - density[..., 1:])).sum(-1)
    distortion = 1 - 4 * moment + 2 * (values.square() * mass).sum(-1)
    return RateDistortion((bits / math.log(2)).to(step.dtype), (sigma**2 * distortion).to(step.dtype))
