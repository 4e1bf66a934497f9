"""Batches of clouds of different sizes: padded to one size, with the number of points of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from pcl_lib._checks import check_cloud, check_integer

# Number of points of each cloud of a padded batch.
Lengths = Tensor | np.ndarray | Sequence[int]

Found = TypeVar("Found")


def pad_clouds(clouds: Sequence[Float[Tensor, "_ d"]]) -> tuple[Float[Tensor, "b n d"], Int64[Tensor, "b"]]:
    """Clouds of different sizes as one batch, filled up with zeros, and the number of points of each.

    What the functions with `lengths_x` and `lengths_y` take. Gradients reach each cloud through the batch.

    Shapes: B clouds (N_b, D), of one D, dtype and device; batch (B, max N_b, D), lengths (B,). Cost: one copy.
    Errors: `ValueError` for no cloud, for anything that is not a cloud (N, D), or clouds of different kinds.

    >>> import torch
    >>> batch, lengths = pad_clouds([torch.ones(1, 2), torch.ones(3, 2)])
    >>> batch.shape, lengths.tolist()
    (torch.Size([2, 3, 2]), [1, 3])
    """
    clouds = list(clouds)
    if not clouds:
        raise ValueError("clouds must be a list of at least one cloud (N, D), received none")
    for b, cloud in enumerate(clouds):
        name, first = f"clouds[{b}]", clouds[0]
        check_cloud(cloud, name)
        if cloud.ndim != 2:
            raise ValueError(f"{name} must have shape (N, D), received {tuple(cloud.shape)}")
        if (cloud.shape[1], cloud.dtype, cloud.device) != (first.shape[1], first.dtype, first.device):
            raise ValueError(
                f"clouds must have one dimension D, dtype and device, received {tuple(first.shape)} {first.dtype} on "
                f"{first.device} and, as {name}, {tuple(cloud.shape)} {cloud.dtype} on {cloud.device}"
            )
    batch = torch.nn.utils.rnn.pad_sequence(clouds, batch_first=True)
    return batch, torch.tensor([len(cloud) for cloud in clouds], device=batch.device)


def given(*options: object) -> bool:
    """Whether any of the options is more than None: lengths, or weights."""
    return any(option is not None for option in options)


def cut(batch: Tensor, lengths: Lengths | None, name: str = "x") -> list[Tensor]:
    """The clouds of a padded batch (B, N, ..), each without its padding: (N_b, ..). Without lengths, as they are."""
    if not isinstance(batch, Tensor) or batch.is_nested or batch.ndim != 3:
        found = f"shape {tuple(batch.shape)}" if _has_shape(batch) else type(batch).__name__
        raise ValueError(
            f"{name} must be a batch (B, N, D) to have lengths, received {found}; pad_clouds makes one of a list"
        )
    # Cut once into clouds: each slice of the batch itself would bring a gradient as large as the batch.
    clouds = list(batch.unbind())
    if lengths is None:
        return clouds
    if isinstance(lengths, Tensor):
        lengths = lengths.tolist() if lengths.ndim == 1 else [lengths]  # type: ignore[list-item]
    if len(lengths) != len(clouds):
        raise ValueError(
            f"lengths of {name} must be one number for each of its {len(clouds)} clouds, received {len(lengths)}"
        )
    n = batch.shape[1]
    sizes = [check_integer(f"each length of {name}", length, 1, n) for length in lengths]
    return [cloud[:size] for cloud, size in zip(clouds, sizes, strict=True)]


def each_alone(function: Callable[..., Found], *columns: Sequence[Tensor | None]) -> list[Found]:
    """`function` of each pair of clouds by itself, `columns` being what `cut` gave of each argument.

    So padding may hold anything: it has no part in a value, and its gradient is 0.
    """
    sizes = [len(column) for column in columns]
    if len(set(sizes)) > 1:
        raise ValueError(
            f"x and y must have the same batch size in the first axis, received {sizes[0]} and {sizes[1]}"
        )
    found = []
    for b, pair in enumerate(zip(*columns, strict=True)):
        try:
            found.append(function(*pair))
        except ValueError as error:
            error.add_note(f"In pair {b} of the batch, of which only the points within its lengths count.")
            raise
    return found


def padded(rows: Sequence[Tensor], shape: Sequence[int], value: float | int) -> Tensor:
    """The tensors (n_b, ..) as one (B, *shape), filled up with a value."""
    out = []
    for part in rows:
        missing = [0] * (2 * part.ndim)
        for axis, (have, want) in enumerate(zip(part.shape, shape, strict=True)):
            missing[2 * (part.ndim - 1 - axis) + 1] = want - have
        out.append(torch.nn.functional.pad(part, missing, value=value))
    return torch.stack(out)


def _has_shape(batch: object) -> bool:
    return isinstance(batch, Tensor) and not batch.is_nested
