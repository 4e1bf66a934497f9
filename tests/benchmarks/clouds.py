"""What the benchmarks run on: pairs of random clouds."""

from __future__ import annotations

import torch
from torch import Tensor


def ellipsoid(batch: int, n: int, generator: torch.Generator) -> Tensor:
    """Random points, in random order, of the surface of an ellipsoid: (batch, n, 3), or (n, 3) for one cloud."""
    normal = torch.randn(*((batch,) if batch > 1 else ()), n, 3, generator=generator)
    return normal / normal.norm(dim=-1, keepdim=True) * torch.tensor([1.0, 0.7, 0.4])


def blob(batch: int, n: int, generator: torch.Generator) -> Tensor:
    """What a decoder puts out before it has learned anything: a normal distribution, shaped as `ellipsoid`."""
    return 0.3 * torch.randn(*((batch,) if batch > 1 else ()), n, 3, generator=generator)


def pairs(
    batch: int, n: int, device: torch.device, *, unlike: bool = False, gradient: bool = False
) -> list[tuple[Tensor, Tensor]]:
    """Several pairs: repeated on one pair, the processor would learn that pair's branches by heart."""
    generator = torch.Generator().manual_seed(0)
    count = 8 if batch * n <= 70_000 else 3
    makers = (ellipsoid, blob if unlike else ellipsoid)
    return [
        tuple(make(batch, n, generator).to(device).requires_grad_(gradient) for make in makers)
        for _ in range(count)
    ]
