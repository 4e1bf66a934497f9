"""Soft nearest points by KeOps: every pair, none stored, gradients included."""

from __future__ import annotations

import torch
from torch import Tensor

from pcl_lib._quiet import import_quietly


def soft(x: Tensor, y: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
    """Softmax mean (B, N, D) of centres y (B, M, D) for queries x (B, N, D), and the log-sum-exp (B, N); `sigma`
    (B, 1, 1)."""
    LazyTensor = import_quietly("pykeops.torch").LazyTensor
    place = "GPU" if x.is_cuda else "CPU"
    middle = y.detach().mean(1, keepdim=True)
    # The width goes into the coordinates, so that one compiled formula serves all.
    scale = sigma * 2**0.5
    u, v = (x - middle) / scale, (y - middle) / scale
    if len(x) == 1:  # for a batch, even of one, KeOps takes a slower kernel
        u, v = u[0], v[0]
    u_i, v_j = LazyTensor(u[..., :, None, :].contiguous()), LazyTensor(v[..., None, :, :].contiguous())
    exponent = -((u_i - v_j) ** 2).sum(-1)
    axis = u.ndim - 1
    mean = exponent.sumsoftmaxweight(v_j, axis=axis, backend=place)
    log = exponent.logsumexp(axis, backend=place)
    return middle + scale * mean.reshape(x.shape), torch.as_tensor(log).reshape(x.shape[:2])
