"""Training shapes in the place of samples: what real shapes score, and two sets that a score misjudges."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn

from pcl_lib.experiments.generation.data import sets
from pcl_lib.experiments.generation.settings import MATCHED, TWINS, Settings

_CELLS = {2: 12, 3: 6}  # of a grid along each axis, by dimension


class KnownShapes(nn.Module):
    """Training shapes, no two alike: drawn by a seed, with twins, or matched to the references.

    `references` are what they are held against: with twins, test shapes of which as many are two draws of one.
    """

    def __init__(self, settings: Settings, kind: str, seed: int) -> None:
        super().__init__()
        self.settings, self.kind = settings, kind
        generator = torch.Generator().manual_seed(seed)
        rows = torch.randperm(settings.train_shapes, generator=generator)
        if kind == MATCHED:
            rows = rows[: settings.candidates]
            rows = rows[matched(sets(settings).pool[rows], sets(settings).test[:, 0])]
        self.register_buffer("rows", rows[: settings.test_shapes])

    rows: Tensor

    def draw(self, count: int) -> Float[Tensor, "b n d"]:
        """The first so many of them, each in its box."""
        pairs = sets(self.settings).train[self.rows.cpu()]
        clouds = with_twins(pairs, self.settings.twins) if self.kind == TWINS else pairs[:, 0]
        return clouds[:count].to(self.rows.device)


def with_twins(pairs: Float[Tensor, "s 2 n d"], share: float) -> Float[Tensor, "s n d"]:
    """As many clouds as there are pairs, a share of them both clouds of a pair, the others the first of one."""
    twins = round(share * len(pairs) / 2)
    return torch.cat([pairs[: len(pairs) - twins, 0], pairs[:twins, 1]])


def matched(clouds: Float[Tensor, "s p d"], references: Float[Tensor, "r n d"]) -> Tensor:
    """Rows of the clouds (R,), another for each reference, as near as can be by how full cells of a grid are."""
    apart = torch.cdist(_fullness(clouds), _fullness(references)).numpy()
    rows, columns = linear_sum_assignment(apart)
    return torch.from_numpy(rows[columns.argsort()])


def _fullness(clouds: Float[Tensor, "s n d"]) -> Float[Tensor, "s c"]:
    """The share of the points of each cloud that lie in each cell of [-1, 1]^D."""
    _, points, dim = clouds.shape
    edges = [np.linspace(-1, 1, _CELLS[dim] + 1)] * dim
    full = [np.histogramdd(cloud.numpy(), bins=edges)[0].ravel() for cloud in clouds.clamp(-1, 1)]
    return torch.from_numpy(np.stack(full)) / points
