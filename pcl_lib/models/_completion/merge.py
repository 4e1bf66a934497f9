"""What lies before the first refinement: points of the coarse cloud and of the input together."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from pcl_lib.neighbors import farthest_points
from pcl_lib.neighbors.building_blocks import take


def merge(seeds: Float[Tensor, "b m 3"], partial: Float[Tensor, "b n 3"], n: int) -> Float[Tensor, "b k 3"]:
    """Of the seeds and the partial cloud together, the n points that farthest-point sampling takes, first seed first.

    Whatever the order of the partial cloud, the same points are chosen (ties apart).

    >>> merge(torch.zeros(1, 1, 3), torch.tensor([[[1.0, 0, 0], [5.0, 0, 0]]]), 2)[0].tolist()
    [[0.0, 0.0, 0.0], [5.0, 0.0, 0.0]]
    """
    both = torch.cat((seeds, partial), 1)
    if both.shape[1] < n:
        raise ValueError(
            f"the seeds and the partial cloud must have at least {n} points together, received {seeds.shape[1]} and "
            f"{partial.shape[1]}; give more points, or build the network with a smaller n_merged"
        )
    return take(both, farthest_points(both.detach(), n)[..., None])[:, :, 0]
