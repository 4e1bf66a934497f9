"""Training shapes in the place of samples: what real shapes score, and two ways to fool a score."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from sklearn.cluster import KMeans
from torch import Tensor, nn

from pcl_lib.experiments.generation.data import boxed, sets
from pcl_lib.experiments.generation.settings import BLURRED, TWINS, Settings

_CELLS = {2: 12, 3: 6}  # of a grid along each axis, by dimension


class KnownShapes(nn.Module):
    """Training shapes, no two alike: drawn by a seed, with twins, or spread out and blurred.

    `references` are what they are held against: with twins, test shapes of which as many are two draws of one.
    """

    def __init__(self, settings: Settings, kind: str, seed: int) -> None:
        super().__init__()
        self.settings, self.kind, self.seed = settings, kind, seed
        if kind == BLURRED:
            rows = spread_out(sets(settings).pool, settings.test_shapes, seed)
        else:
            generator = torch.Generator().manual_seed(seed)
            rows = torch.randperm(settings.train_shapes, generator=generator)[: settings.test_shapes]
        self.register_buffer("rows", rows)

    rows: Tensor

    def draw(self, count: int) -> Float[Tensor, "b n d"]:
        """The first so many of them, each in its box."""
        pairs = sets(self.settings).train[self.rows.cpu()]
        clouds = with_twins(pairs, self.settings.twins) if self.kind == TWINS else pairs[:, 0]
        if self.kind == BLURRED:
            noise = torch.randn(clouds.shape, generator=torch.Generator().manual_seed(self.seed))
            clouds = boxed(clouds + self.settings.blur * noise)
        return clouds[:count].to(self.rows.device)


def with_twins(pairs: Float[Tensor, "s 2 n d"], share: float) -> Float[Tensor, "s n d"]:
    """As many clouds as there are pairs, a share of them both clouds of a pair, the others the first of one."""
    twins = round(share * len(pairs) / 2)
    return torch.cat([pairs[: len(pairs) - twins, 0], pairs[:twins, 1]])


def spread_out(clouds: Float[Tensor, "s p d"], count: int, seed: int) -> Tensor:
    """Rows of so many clouds (count,), one of each cluster: the one nearest to its middle, by how full cells of a grid
    are."""
    dim = clouds.shape[-1]
    cells = _CELLS[dim]
    edges = [np.linspace(-1, 1, cells + 1)] * dim
    full = np.stack([np.histogramdd(cloud.numpy(), bins=edges)[0].ravel() for cloud in clouds.clamp(-1, 1)])
    found = KMeans(count, n_init=1, random_state=seed).fit(full)
    apart = np.linalg.norm(full - found.cluster_centers_[found.labels_], axis=1)
    order = np.lexsort((apart, found.labels_))
    _, first = np.unique(found.labels_[order], return_index=True)
    return torch.from_numpy(order[first])
