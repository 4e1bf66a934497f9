"""How far the Gaussians of a variational encoder are from the one that codes are drawn from."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor


def gaussian_kl(mean: Float[Tensor, "*b k"], log_variance: Float[Tensor, "*b k"]) -> Float[Tensor, "*b"]:
    r"""Kullback-Leibler divergence of Gaussians with independent entries from N(0, I), summed over the entries.

    .. math:: \tfrac12 \sum_k \bigl( \mu_k^2 + e^{v_k} - 1 - v_k \bigr)

    v is the logarithm of the variance. ShapeGF's appendix E adds it with weight 1e-3 to the loss of its VAE.

    Shapes: (*b, K) each; result (*b,). Unit: nats, in [0, inf); 0 iff mean and log variance are 0. Cost: one pass.
    Errors: `ValueError` for shapes that differ. Reference: kingma2014vae, cai2020shapegf.

    >>> import torch
    >>> gaussian_kl(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])).item()
    0.859
    """
    if mean.shape != log_variance.shape:
        raise ValueError(
            f"mean and log_variance must have one shape, received {tuple(mean.shape)} and {tuple(log_variance.shape)}"
        )
    return (mean.square() + log_variance.exp() - 1 - log_variance).sum(-1) / 2
