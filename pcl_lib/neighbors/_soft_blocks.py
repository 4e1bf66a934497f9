"""Which centres a block of queries is compared with, and in which precision."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

# Entries of one matrix of weights: on a CPU it should stay in the cache, on a GPU fill the machine.
_BLOCK = {"cpu": 1 << 18, "cuda": 1 << 25}
# Squared width of a block, in units of sigma, up to which float32 keeps the weights to about 1e-5.
_NARROW = 200.0


class Block(NamedTuple):
    """Queries `rows` and centres `columns` of the clouds `clouds`; `wide`: to be computed in float64."""

    clouds: slice
    rows: slice | Tensor
    columns: slice | Tensor
    wide: bool

    def take(self, x: Tensor, y: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        near, far = x[self.clouds, self.rows], y[self.clouds, self.columns]
        if self.wide:
            near, far = near.double(), far.double()
        return near, far, sigma[self.clouds].to(near.dtype)

    def add(self, total: Tensor, part: Tensor) -> None:
        if isinstance(self.columns, slice):
            total[self.clouds, self.columns] += part
        else:
            total[self.clouds].index_add_(1, self.columns, part)


def dense(x: Tensor, y: Tensor, widths: list[float]) -> list[Block]:
    """All centres for every query."""
    (clouds, n, _), m = x.shape, y.shape[1]
    entries = max(1, _BLOCK.get(x.device.type, 1 << 22) // m)
    step = min(n, max(8, entries))
    several = max(1, entries // n) if x.device.type != "cpu" else 1
    if x.device.type == "cpu":
        low, high = (
            torch.stack([getattr(cloud, by)(1) for cloud in (x, y)]).unbind(0) for by in ("amin", "amax")
        )
        extent = torch.maximum(*high) - torch.minimum(*low)
        reach = extent.square().sum(-1).tolist()
        each = widths * (clouds if len(widths) == 1 else 1)
        wide = [r > _NARROW * width**2 for r, width in zip(reach, each, strict=True)]
    else:
        # In float64 always: no setting of torch shortens its products, as it may those of float32.
        wide = [True] * clouds
    return [
        Block(slice(b, min(b + several, clouds)), slice(start, min(start + step, n)), slice(None), wide[b])
        for b in range(0, clouds, several)
        for start in range(0, n, step)
    ]
