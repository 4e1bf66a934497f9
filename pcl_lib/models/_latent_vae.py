"""A code that is a Gaussian: what makes a variational auto-encoder of an auto-encoder."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn


class GaussianCode(NamedTuple):
    """`code` (B, K), a draw from the Gaussian or its mean; its `mean` and the `log_variance` of each entry, (B, K)."""

    code: Float[Tensor, "b k"]
    mean: Float[Tensor, "b k"]
    log_variance: Float[Tensor, "b k"]


class GaussianEncoder(nn.Module):
    r"""Any encoder with its output doubled: half of it is the mean of a Gaussian, half the log of its variance.

    .. math:: z = \mu(x) + e^{v(x) / 2} \, \epsilon, \quad \epsilon \sim N(0, I)

    In evaluation the code is the mean. ShapeGF's appendix E makes its VAE so: `GaussianEncoder(shapegf_encoder(512))`
    for a code of 256, trained with `pcl_lib.losses.gaussian_kl` of weight 1e-3.

    - `encoder`: maps a batch to (B, 2 K).

    Shapes: whatever the encoder takes, to a `GaussianCode` of three tensors (B, K). Errors: `ValueError` for an encoder
    of odd width, and its own. Reference: cai2020shapegf, kingma2014vae.

    >>> from pcl_lib.models import shapegf_encoder
    >>> encoder = GaussianEncoder(shapegf_encoder(2 * 16)).eval()
    >>> code, mean, log_variance = encoder(torch.rand(4, 50, 3))
    >>> code.shape, torch.equal(code, mean)
    (torch.Size([4, 16]), True)
    """

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, x: Tensor) -> GaussianCode:
        both: Tensor = self.encoder(x)
        if both.ndim != 2 or both.shape[-1] % 2:
            raise ValueError(
                f"encoder must give (B, 2 K), a mean and a log variance for each entry of the code, received "
                f"{tuple(both.shape)}; build it with twice the width of the code"
            )
        mean, log_variance = both.chunk(2, -1)
        code = mean + (log_variance / 2).exp() * torch.randn_like(mean) if self.training else mean
        return GaussianCode(code, mean, log_variance)
