"""Mesh accuracy: within which distance most of a prediction lies."""

from __future__ import annotations

import math
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from pcl_lib._checks import as_pair
from pcl_lib.neighbors import nearest
from pcl_lib.neighbors.building_blocks import Lengths, cut, each_alone, given

SHARE = 0.9


@torch.no_grad()
def mesh_accuracy(
    x: Float[Tensor, "*b n d"],
    y: Float[Tensor, "*b m d"],
    *,
    share: float = SHARE,
    lengths_x: Lengths | None = None,
    lengths_y: Lengths | None = None,
    backend: str = "auto",
) -> Float[Tensor, "*b"]:
    r"""Mesh accuracy of DeepSDF: the distance within which 90 % of the prediction lie of the truth.

    .. math:: \min \{ d : |\{ i : \min_j \lVert x_i - y_j \rVert \le d \}| \ge 0.9 N \}

    ShapeGF reports it in its Table 7, following DeepSDF. There x are points sampled from the predicted mesh and
    the distance goes to the true mesh; here y are points sampled from it, densely enough that their spacing is small
    beside the value. An order statistic, not an interpolated quantile.

    - `share`: in (0, 1], in place of 0.9;
    - `lengths_x`, `lengths_y`, `backend`: as in `pcl_lib.distances.chamfer`.

    Shapes: x (N, D) or (B, N, D) the prediction, y (M, D) or (B, M, D) the truth; result () or (B,). Unit: length,
    in [0, inf), lower is better. Not symmetric: it does not see what the prediction misses. Proportional to scale.
    No gradient. Cost: `nearest` one way, O(N) selection. Errors: `ValueError` for clouds that do not pair, or a
    share not in (0, 1]. References: park2019deepsdf, cai2020shapegf.

    >>> import torch
    >>> x = torch.arange(1.0, 11.0)[:, None]
    >>> mesh_accuracy(x, torch.tensor([[0.0]])).item(), mesh_accuracy(x, torch.tensor([[0.0]]), share=0.5).item()
    (9.0, 5.0)
    """
    if not 0 < share <= 1:
        raise ValueError(f"share must be in (0, 1], received {share!r}; the usual one is 0.9")
    if given(lengths_x, lengths_y):
        clouds = cut(x, lengths_x, "x"), cut(y, lengths_y, "y")
        return torch.stack(each_alone(partial(mesh_accuracy, share=share, backend=backend), *clouds))
    x, y = as_pair(x, y)
    # 0.07 * 100 is a hair above 7 in floating point, and 7 points are enough.
    k = max(1, math.ceil(share * x.shape[-2] * (1 - 1e-12)))
    return nearest(x, y, backend=backend).sq_dist.kthvalue(k, dim=-1).values.sqrt()
