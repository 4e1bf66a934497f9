"""Surfaces of a displacement field and the norm that its network is made of, as jobs on a device."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from pcl_lib import models


def ball(x: Tensor) -> Tensor:
    """The displacement to the unit sphere."""
    return nn.functional.normalize(x + 1e-7, dim=-1) - x


def shell(device: torch.device) -> models.LevelSet:
    return models.level_set(ball, resolution=16, coarsest=8, device=device)


def rays(device: torch.device) -> models.RayHits:
    eye, directions = models.camera_rays(6)
    return models.ray_cast(ball, eye.to(device), directions.to(device))


def second(device: torch.device) -> Any:
    x = (torch.rand(20, 3, generator=torch.Generator().manual_seed(0)) + 0.1).to(device)
    return models.field_jacobian(ball, x), models.largest_second_derivative(ball, x)


def conditional_norm(device: torch.device) -> Tensor:
    torch.manual_seed(0)
    norm = models.ConditionalBatchNorm(3, dims=3, code_size=3).to(device)
    x, y, c = (
        torch.rand(3, *size, 3, generator=torch.Generator().manual_seed(0)) for size in ((40,), (40,), ())
    )
    return norm(x.to(device), y.to(device), c.to(device))


FIELDS = {
    "ConditionalBatchNorm": conditional_norm,
    "level_set": shell,
    "middle_sheet": lambda device: models.middle_sheet(ball, shell(device)),
    "without_false_sheets": lambda device: models.without_false_sheets(ball, shell(device)),
    "ray_cast": rays,
    "shaded": lambda device: models.shaded(rays(device)),
    "field_jacobian": second,
    "largest_second_derivative": second,
}
