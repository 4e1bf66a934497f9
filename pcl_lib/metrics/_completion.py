"""What tables of shape completion report: CD-L1, CD-L2, F1@1%, and Fidelity and MMD on KITTI.

Lengths of padded clouds as in `pcl_lib.distances.chamfer`.
"""

from __future__ import annotations

import functools

import torch
from jaxtyping import Float
from torch import Tensor

from pcl_lib._checks import as_pair
from pcl_lib.distances import chamfer, f_score
from pcl_lib.metrics._pairwise import check_sets, pairwise
from pcl_lib.neighbors import nearest
from pcl_lib.neighbors.building_blocks import Lengths, cut, each_alone, given

TABLE_SCALE = 1000.0
F1_THRESHOLD = 0.01


@torch.no_grad()
def cd_l1(
    x: Float[Tensor, "*b n d"],
    y: Float[Tensor, "*b m d"],
    *,
    lengths_x: Lengths | None = None,
    lengths_y: Lengths | None = None,
    backend: str = "auto",
) -> Float[Tensor, "*b"]:
    r"""CD-L1 × 1,000 of the completion tables (PCN, and Table II of Landau CD): mean of lengths, halved.

    .. math:: 1000 \cdot \tfrac12 \left( \frac1N \sum_i \min_j \lVert x_i - y_j \rVert
              + \frac1M \sum_j \min_i \lVert x_i - y_j \rVert \right)

    "L1" names the power of the Euclidean length, not the norm of the difference. The released code takes the root
    of at least 1e-9, so it never shows less than 0.032; here identical clouds give 0, and where every distance is
    above 3.2e-5 the values are the same.

    - `lengths_x`, `lengths_y`, `backend`: as in `pcl_lib.distances.chamfer`.

    Shapes: x (N, D) or (B, N, D), y (M, D) or (B, M, D); result () or (B,). Unit: thousandths of a length, in
    [0, inf). Symmetric; zero iff both clouds are the same set; not a metric. Proportional to scale. No gradient.
    Cost: `nearest` each way. Errors: `ValueError` for clouds that do not pair. Reference: yuan2018pcn.

    >>> import torch
    >>> cd_l1(torch.tensor([[0.0, 0.0]]), torch.tensor([[0.25, 0.0]])).item()
    250.0
    """
    return TABLE_SCALE * chamfer(
        x, y, squared=False, combine="mean", lengths_x=lengths_x, lengths_y=lengths_y, backend=backend
    )


@torch.no_grad()
def cd_l2(
    x: Float[Tensor, "*b n d"],
    y: Float[Tensor, "*b m d"],
    *,
    lengths_x: Lengths | None = None,
    lengths_y: Lengths | None = None,
    backend: str = "auto",
) -> Float[Tensor, "*b"]:
    r"""CD-L2 × 1,000 of the completion tables (ShapeNet-55 in PoinTr and Landau CD): squared, both ways added.

    .. math:: 1000 \left( \frac1N \sum_i \min_j \lVert x_i - y_j \rVert^2
              + \frac1M \sum_j \min_i \lVert x_i - y_j \rVert^2 \right)

    Its directions are added, while `cd_l1` halves them.

    - `lengths_x`, `lengths_y`, `backend`: as in `pcl_lib.distances.chamfer`.

    Shapes: x (N, D) or (B, N, D), y (M, D) or (B, M, D); result () or (B,). Unit: thousandths of a length squared,
    in [0, inf). Symmetric; zero iff both clouds are the same set; not a metric. No gradient.
    Cost: `nearest` each way. Errors: `ValueError` for clouds that do not pair. Reference: yu2021pointr.

    >>> import torch
    >>> cd_l2(torch.tensor([[0.0, 0.0]]), torch.tensor([[0.25, 0.0]])).item()
    125.0
    """
    return TABLE_SCALE * chamfer(x, y, lengths_x=lengths_x, lengths_y=lengths_y, backend=backend)


@torch.no_grad()
def f1_at_1_percent(
    x: Float[Tensor, "*b n d"],
    y: Float[Tensor, "*b m d"],
    *,
    lengths_x: Lengths | None = None,
    lengths_y: Lengths | None = None,
    backend: str = "auto",
) -> Float[Tensor, "*b"]:
    """F1@1% of the completion tables: `pcl_lib.distances.f_score` at a distance of 0.01, strictly below.

    The "1 %" is of a unit length, not of the size of the object: normalise the clouds as the paper does. AtlasNet's
    and DCD's code takes a squared distance, and calls this threshold 0.0001.

    - `lengths_x`, `lengths_y`, `backend`: as in `pcl_lib.distances.chamfer`.

    Shapes: x (N, D) or (B, N, D), y (M, D) or (B, M, D); result () or (B,). No unit, in [0, 1], 1 is best; tables
    may show it in per cent. Symmetric. No gradient. Cost: `nearest` each way. Errors: `ValueError` for clouds that
    do not pair. Reference: tatarchenko2019f1.

    >>> import torch
    >>> f1_at_1_percent(torch.tensor([[0.0], [1.0]]), torch.tensor([[0.005], [2.0]])).item()
    0.5
    """
    return f_score(x, y, F1_THRESHOLD, lengths_x=lengths_x, lengths_y=lengths_y, backend=backend).f


@torch.no_grad()
def fidelity(
    partial: Float[Tensor, "*b n d"],
    completed: Float[Tensor, "*b m d"],
    *,
    squared: bool = False,
    scale: float = 1.0,
    lengths_partial: Lengths | None = None,
    lengths_completed: Lengths | None = None,
    backend: str = "auto",
) -> Float[Tensor, "*b"]:
    r"""Fidelity of a completion on KITTI: how well the points that were seen are kept.

    .. math:: \frac1N \sum_i \min_j \lVert x_i - y_j \rVert

    from the partial input x to the completion y only. PCN, who defined it, averages lengths. PoinTr's released code
    averages squared lengths: `squared=True`, and × 1,000 is what its tables and Landau CD's Table IV seem to show:
    `scale=1000.0` (their code prints the value without a factor, and leaves out points at the origin, its padding). A
    method that copies its input into its output has fidelity 0.

    - `squared`, `scale`: squared lengths, and what the value is multiplied by;
    - `lengths_partial`, `lengths_completed`, `backend`: as the lengths and backend of `pcl_lib.distances.chamfer`.

    Shapes: partial (N, D) or (B, N, D), completed (M, D) or (B, M, D); result () or (B,). Unit: length (length
    squared with `squared`), in [0, inf). Not symmetric; zero iff the input lies inside the output. No gradient.
    Cost: `nearest` one way. Errors: `ValueError` for clouds that do not pair. Reference: yuan2018pcn.

    >>> import torch
    >>> seen, whole = torch.tensor([[0.0], [1.0]]), torch.tensor([[0.0], [1.5], [9.0]])
    >>> fidelity(seen, whole).item(), fidelity(seen, whole, squared=True).item()
    (0.25, 0.125)
    """
    if given(lengths_partial, lengths_completed):
        clouds = cut(partial, lengths_partial, "partial"), cut(completed, lengths_completed, "completed")
        options = functools.partial(fidelity, squared=squared, scale=scale, backend=backend)
        return torch.stack(each_alone(options, *clouds))
    partial, completed = as_pair(partial, completed, names=("partial", "completed"))
    sq_dist = nearest(partial, completed, backend=backend).sq_dist
    return scale * (sq_dist if squared else sq_dist.sqrt()).mean(-1)


@torch.no_grad()
def kitti_mmd(
    completed: Float[Tensor, "s n d"],
    references: Float[Tensor, "r m d"],
    *,
    squared: bool = False,
    scale: float = 1.0,
    lengths_completed: Lengths | None = None,
    lengths_references: Lengths | None = None,
    backend: str = "auto",
    progress: bool = False,
) -> Float[Tensor, "s"]:
    r"""Minimal matching distance of KITTI: how near a completion is to the most similar complete car.

    .. math:: m_s = \min_r \mathrm{CD}(y_s, z_r)

    for each completion y_s over all reference shapes z_r (the cars of ShapeNet); tables show its mean. PCN defined
    it with lengths: CD is the half sum of the mean lengths. PoinTr's released code, which later tables follow, uses
    squared lengths with both directions added: `squared=True`; for × 1,000 see `fidelity`. It runs the other way than
    `pcl_lib.metrics.minimum_matching_distance` of the generation tables, which averages over references.

    - `squared`, `scale`: squared lengths with both directions added, and what the value is multiplied by;
    - `lengths_completed`, `lengths_references`, `backend`: as the lengths and backend of `pcl_lib.distances.chamfer`;
    - `progress`: True shows a bar.

    Shapes: completed (S, N, D), references (R, M, D); result (S,). Unit: length (length squared with `squared`), in
    [0, inf). Not symmetric. No gradient. Cost: S R Chamfer distances, spread as in `pairwise`.
    Errors: `ValueError` for anything but two stacks of clouds. Reference: yuan2018pcn.

    >>> import torch
    >>> cars = torch.tensor([[[0.0], [1.0]], [[5.0], [6.0]]])
    >>> kitti_mmd(torch.tensor([[[5.0], [6.5]]]), cars).item()
    0.25
    """
    combine = "sum" if squared else "mean"

    def distance(x: Tensor, y: Tensor) -> Tensor:
        return chamfer(x, y, squared=squared, combine=combine, backend=backend)

    if not given(lengths_completed, lengths_references):
        check_sets(completed, references, ("completed", "references"))
    matrix = pairwise(
        completed,
        references,
        distance=distance,
        lengths_x=lengths_completed,
        lengths_y=lengths_references,
        progress=progress,
    )
    return scale * matrix.amin(1)
