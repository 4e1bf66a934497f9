"""What counts of each cloud, and how much: the number of its points in a padded batch, and a weight for each point."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from pcl_lib.neighbors.building_blocks import Lengths, cut, each_alone, given

# One number for each point, (N,) or (B, N).
PerPoint = Tensor | np.ndarray | Sequence[float | int] | Sequence[Sequence[float | int]]


class Weighing(NamedTuple):
    """The weights of the points of x and of y as a user gave them; None counts every point the same."""

    x: PerPoint | None = None
    y: PerPoint | None = None


def one_by_one(
    loss: Callable[[Tensor, Tensor, Weighing], Tensor],
    x: Tensor,
    y: Tensor,
    lengths: tuple[Lengths | None, Lengths | None],
    weighing: Weighing = Weighing(),  # noqa: B008
) -> Tensor:
    """Values (B,) of a loss of each pair of a padded batch, without its padding."""
    clouds = cut(x, lengths[0], "x"), cut(y, lengths[1], "y")
    weights = (
        _cut_weights(values, whole, own, f"weights_{name}")
        for values, whole, own, name in zip(weighing, (x, y), clouds, "xy", strict=True)
    )

    def alone(a: Tensor, b: Tensor, of_a: Tensor | None, of_b: Tensor | None) -> Tensor:
        return loss(a, b, Weighing(of_a, of_b))

    return torch.stack(each_alone(alone, *clouds, *weights))


def shares(
    x: Tensor, y: Tensor, reduction: str, weighing: Weighing | None
) -> tuple[float | Tensor, float | Tensor]:
    """What a term of each direction is multiplied by before all are added: (*b, N) and (*b, M), or a number each.

    With a "mean", the weights of a cloud are divided by their sum: w_i / sum w, or 1/N without weights.
    """
    if weighing is None or not given(*weighing):
        return (1 / x.shape[-2], 1 / y.shape[-2]) if reduction == "mean" else (1.0, 1.0)
    of_x, of_y = (
        _weights(values, cloud, f"weights_{name}")
        for values, cloud, name in zip(weighing, (x, y), "xy", strict=True)
    )
    if reduction == "mean":
        return of_x / of_x.sum(-1, keepdim=True), of_y / of_y.sum(-1, keepdim=True)
    return of_x, of_y


def wants_gradient(weights: tuple[float | Tensor, float | Tensor]) -> bool:
    """Whether a weight is to be learnt, which the closed forms of the gradient do not know of."""
    return any(isinstance(weight, Tensor) and weight.requires_grad for weight in weights)


def _weights(values: PerPoint | None, cloud: Tensor, name: str) -> Tensor:
    shape = cloud.shape[:-1]
    if values is None:
        return cloud.new_ones(shape)
    weights = _as_tensor(values, cloud, name).to(cloud.dtype)
    if weights.shape not in (shape, shape[-1:]):
        wanted = " or ".join(str(tuple(s)) for s in dict.fromkeys((shape, shape[-1:])))
        raise ValueError(
            f"{name} must have one weight for each point, shape {wanted}, received shape {tuple(weights.shape)}"
        )
    seen = weights.detach()
    if not bool((torch.isfinite(seen) & (seen >= 0)).all()) or not bool((seen.sum(-1) > 0).all()):
        raise ValueError(
            f"{name} must be finite, at least 0 and not all 0, received values from {float(seen.min()):.3g} to "
            f"{float(seen.max()):.3g}"
        )
    if not bool(torch.isfinite(seen.sum(-1)).all()):
        raise ValueError(
            f"{name} must have a finite sum, received one that overflows; divide them by their maximum"
        )
    return weights.expand(shape)


def _cut_weights(
    values: PerPoint | None, batch: Tensor, clouds: Sequence[Tensor], name: str
) -> list[Tensor] | list[None]:
    if values is None:
        return [None] * len(clouds)
    weights = _as_tensor(values, batch, name)
    if weights.shape not in (batch.shape[:2], batch.shape[1:2]):
        raise ValueError(
            f"{name} must have one weight for each point, padding included, shape {tuple(batch.shape[:2])} or "
            f"{tuple(batch.shape[1:2])}, received shape {tuple(weights.shape)}"
        )
    rows = weights.expand(batch.shape[:2]).unbind()
    return [row[: len(cloud)] for row, cloud in zip(rows, clouds, strict=True)]


def _as_tensor(values: PerPoint, cloud: Tensor, name: str) -> Tensor:
    try:
        # Python's numbers in full, whatever torch would make of them by default.
        kind = None if isinstance(values, Tensor | np.ndarray) else torch.float64
        return torch.as_tensor(values, dtype=kind, device=cloud.device)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(
            f"{name} must be a tensor of one weight for each point, received {type(values).__name__}: {error}"
        ) from error
