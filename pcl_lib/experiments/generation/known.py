"""Training shapes in the place of samples: what real shapes score, and two sets that a score misjudges."""

from __future__ import annotations

import torch
from jaxtyping import Float
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn

from pcl_lib.experiments.generation.data import sets
from pcl_lib.experiments.generation.settings import MATCHED, TWINS, Settings
from pcl_lib.metrics import pairwise


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
            rows = rows[matched(sets(settings).train[rows, 0], sets(settings).test[:, 0])]
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
    """Rows of the clouds (R,), another one for each reference, the sum of whose Chamfer distances is the least."""
    rows, columns = linear_sum_assignment(pairwise(clouds, references).numpy())
    return torch.from_numpy(rows[columns.argsort()])
