"""Entropy bottlenecks with the weights of the golden file, and a latent to fit one to."""

import math

import torch

from pcl_lib.models import EntropyBottleneck

START = {width: torch.tensor(math.log(math.expm1(1 / 10**0.2 / width))).item() for width in (1, 3)}


def golden_bottleneck(channels=2, dtype=torch.float64, **options):
    """As `two_channels` in tests/golden/entropy_bottleneck.json says, where weights were set in float32."""
    bottleneck = EntropyBottleneck(channels, **options).eval()
    with torch.no_grad():
        for i, (matrix, bias) in enumerate(zip(bottleneck.matrices, bottleneck.biases, strict=True)):
            c, j, k = (torch.arange(n, dtype=torch.float64) for n in matrix.shape)
            c, j = c[:, None, None], j[:, None]
            matrix.copy_(START[matrix.shape[1]] + 0.2 * torch.sin(2 * c + j + k + i))
            bias.copy_(0.3 * torch.sin(1 + c + 2 * j + 3 * i))
        for i, factor in enumerate(bottleneck.factors):
            c, j, _ = (torch.arange(n, dtype=torch.float64) for n in factor.shape)
            factor.copy_(0.2 * torch.cos(c[:, None, None] + j[:, None] + i))
    return bottleneck.to(dtype)


def logistic_bottleneck(scale=1.0, shift=0.0, dtype=torch.float64, **options):
    """F is the logistic function of (z - shift) / scale, in one channel: every answer has a closed form."""
    bottleneck = EntropyBottleneck(1, filters=(1,), init_scale=scale, **options).to(dtype).eval()
    with torch.no_grad():
        for bias in bottleneck.biases:
            bias.zero_()
        slope = math.exp(sum(math.log(math.log1p(math.exp(float(m)))) for m in bottleneck.matrices))
        bottleneck.biases[-1].fill_(-shift * slope)
    return bottleneck
