"""Values of a displacement field at many points: in pieces, checked."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

# Points (N, D) to displacements y = sigma^2 score (N, D); sigma and code are bound by the caller.
Field = Callable[[Tensor], Tensor]
PIECE = 65_536  # points at once: a hidden layer of 256 of so many is 64 MiB


@torch.no_grad()
def field_at(field: Field, points: Tensor, *, piece: int = PIECE) -> Tensor:
    """The displacements (N, D) at points (N, D), `piece` of them at a time.

    Errors: `ValueError` for a field that returns another shape, or a displacement that is not finite.
    """
    parts = [field(part) for part in points.split(piece)]
    for part, given in zip(parts, points.split(piece), strict=True):
        if not isinstance(part, Tensor) or part.shape != given.shape:
            received = tuple(part.shape) if isinstance(part, Tensor) else type(part).__name__
            raise ValueError(
                f"field must return one displacement for each point, shape {tuple(given.shape)}, received {received}; "
                "bind sigma and code first: lambda x: field(x[None], sigma)[0]"
            )
    y = torch.cat(parts) if parts else torch.empty_like(points)
    bad = ~torch.isfinite(y).all(-1)
    if bool(bad.any()):
        first = points[bad][0].tolist()
        raise ValueError(
            f"field must be finite, received NaN or inf at {int(bad.sum())} of {len(points)} points, the first at "
            f"{[round(c, 4) for c in first]}; is the network trained, and are its points inside of what it saw?"
        )
    return y
