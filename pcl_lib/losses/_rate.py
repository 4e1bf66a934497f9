"""What a latent costs: the bits that an ideal entropy coder would spend on it."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from pcl_lib._checks import check_integer


def rate(*likelihoods: Float[Tensor, "*_"]) -> Float[Tensor, ""]:
    r"""Bits of all symbols whose probabilities are given.

    .. math:: R = -\sum_i \log_2 p_i

    A range coder spends these bits and a few more. Several tensors are added: features and coordinates both count.

    Shapes: any, each; result a scalar. Unit: bits, in [0, inf). Cost: one pass. Errors: `ValueError` without a tensor.
    Reference: balle2018hyperprior, he2022dpcc.

    >>> import torch
    >>> rate(torch.tensor([0.5, 0.25]), torch.tensor([0.125])).item()
    6.0
    """
    if not likelihoods:
        raise ValueError("likelihoods must be one tensor or more, received none")
    return -sum((p.log2().sum() for p in likelihoods[1:]), likelihoods[0].log2().sum())


def bits_per_point(*likelihoods: Float[Tensor, "*_"], points: int) -> Float[Tensor, ""]:
    r"""Bits of a latent for each point of the clouds that it stands for.

    .. math:: \mathrm{bpp} = R / (B N)

    - `points`: B N, the points of all clouds that went in, not those of the latent.

    Shapes: any, each; result a scalar. Unit: bits a point, in [0, inf). Cost: one pass. Errors: `ValueError` for fewer
    than one point. Reference: he2022dpcc.

    >>> import torch
    >>> bits_per_point(torch.full((16, 4), 0.25), points=32).item()
    4.0
    """
    return rate(*likelihoods) / check_integer("points", points, 1)
