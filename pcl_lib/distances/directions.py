"""What the distances share: squared nearest distances each way, their square root, and how two ways combine."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from pcl_lib.neighbors import nearest


def length(sq_dist: Tensor) -> Tensor:
    """Square root whose gradient is 0, not NaN, at 0: the subgradient of a norm at the origin of least length."""
    apart = sq_dist > 0
    return sq_dist.where(apart, sq_dist.new_ones(())).sqrt().where(apart, sq_dist.new_zeros(()))


def combine_directions(
    x: Tensor, y: Tensor, one_way: Callable[[Tensor], Tensor], combine: str, backend: str
) -> Tensor:
    """`one_way` of the squared nearest distances x -> y and y -> x, then `combine` of the two values."""
    if combine == "forward":
        return one_way(nearest(x, y, backend=backend).sq_dist)
    if combine == "backward":
        return one_way(nearest(y, x, backend=backend).sq_dist)
    there = one_way(nearest(x, y, backend=backend).sq_dist)
    back = one_way(nearest(y, x, backend=backend).sq_dist)
    if combine == "max":
        return torch.maximum(there, back)
    return there + back if combine == "sum" else (there + back) / 2


def check_option(name: str, value: str, allowed: tuple[str, ...]) -> None:
    """Raise `ValueError` unless an option has one of its values."""
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, allowed))}, received {value!r}")
