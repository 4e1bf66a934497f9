"""Assignments of the points of one cloud to those of another, as jobs on a device."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from pcl_lib.distances import greedy_assignment, quadratic_cost, reassign, repair_assignment


def pair(device: torch.device) -> tuple[Tensor, Tensor]:
    x, y = torch.rand(2, 3, 40, 3, generator=torch.Generator().manual_seed(0)).to(device)
    return x, y


def greedy(device: torch.device) -> Any:
    x, y = pair(device)
    return greedy_assignment(x, y, leaf_size=16), greedy_assignment(x, y, leaf_size=16, leaves="released")


def cost(device: torch.device) -> Any:
    x, y = (cloud.requires_grad_() for cloud in pair(device))
    value = quadratic_cost(x, y, torch.arange(40, device=device).flip(0).expand(3, 40))
    return (value, *torch.autograd.grad(value.sum(), (x, y)))


def reassigned(device: torch.device) -> Any:
    """Every point wants what its neighbour in the list has: one ring of conflicts."""
    made, targets = pair(device)
    rows = torch.arange(40, device=device).expand(3, 40)
    return reassign(made, targets, made.roll(1, 1), targets.roll(1, 1), rows, rows.roll(1, 1))


def repaired(device: torch.device) -> Tensor:
    x, y = pair(device)
    return repair_assignment((torch.arange(40, device=device) // 2).expand(3, 40), x, y)


ASSIGNMENTS = {
    "greedy_assignment": greedy,
    "quadratic_cost": cost,
    "reassign": reassigned,
    "repair_assignment": repaired,
}
