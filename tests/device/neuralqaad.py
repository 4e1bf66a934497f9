"""NeuralQAAD's network and the linear code beside it as jobs on a device."""

from __future__ import annotations

import torch
from torch import Tensor

from pcl_lib import models


def linear_code(device: torch.device) -> tuple[Tensor, ...]:
    clouds = torch.rand(6, 10, 3, generator=torch.Generator().manual_seed(0)).to(device)
    linear = models.LinearCode.fit(clouds, 2)
    code = linear.encode(clouds)
    return code.abs(), linear(code)


def neuralqaad(device: torch.device) -> tuple[Tensor, ...]:
    """All rows by chunks, drawn rows, and rows in any order."""
    torch.manual_seed(0)
    network = models.NeuralQAAD(3, 32, 8, 4, trunk=(16,), heads=(8, 3)).to(device)
    code = network.codes(torch.tensor([2, 0], device=device))
    drawn = network.draw_rows(2, 8, torch.Generator().manual_seed(0))
    mixed = network(code, torch.tensor([31, 2, 3, 31, 7], device=device))
    made = network(code, drawn)
    (made.square().sum() + mixed.square().sum()).backward()
    table = network.codes.weight.grad.to_dense()
    return made, mixed, network.reconstruct(code, chunk=8), network.input_cloud.grad, table
