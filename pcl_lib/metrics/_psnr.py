"""D1 and D2 PSNR, the two geometry columns of point cloud compression.

Lengths of padded clouds as in `pcl_lib.distances.chamfer`.
"""

from __future__ import annotations

from functools import partial

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from pcl_lib._checks import as_cloud, as_pair, check_option, check_positive
from pcl_lib.neighbors import knn, nearest_each_way
from pcl_lib.neighbors.building_blocks import Lengths, cut, each_alone, given

CARRIES = ("nearest", "mean")


@torch.no_grad()
def d1_psnr(
    x: Float[Tensor, "*b n d"],
    y: Float[Tensor, "*b m d"],
    *,
    peak: float,
    lengths_x: Lengths | None = None,
    lengths_y: Lengths | None = None,
    backend: str = "auto",
) -> Float[Tensor, "*b"]:
    r"""D1 (point-to-point) PSNR of a decoded cloud, in dB.

    .. math:: 10 \log_{10} \frac{3 p^2}{\max(e_{xy}, e_{yx})}, \qquad
              e_{xy} = \frac1N \sum_i \min_j \lVert x_i - y_j \rVert^2

    The larger of both mean squared errors, the factor 3 of MPEG's tool for geometry, and p the `peak`, a length in
    the units of the clouds, which decides the number: MPEG's is 2^bits - 1 of the voxel grid (1023 for 10 bits),
    D-PCC's is `largest_spacing` over the test set. Values under different peaks cannot be compared.

    - `peak`: positive, a length;
    - `lengths_x`, `lengths_y`, `backend`: as in `pcl_lib.distances.chamfer`.

    Shapes: x (N, D) or (B, N, D), y (M, D) or (B, M, D); result () or (B,). Unit: dB, higher is better; infinite for
    identical clouds. Symmetric. Unchanged when clouds and peak are scaled together. No gradient.
    Cost: `nearest` each way. Errors: `ValueError` for clouds that do not pair, or a peak that is not positive.
    Reference: tian2017d2.

    >>> import torch
    >>> x = torch.tensor([[0.0, 0.0, 0.0], [10.0, 0.0, 0.0]], dtype=torch.float64)
    >>> d1_psnr(x, x + torch.tensor([0.0, 1.0, 0.0]), peak=1023.0).item()
    64.969
    """
    _check_peak(peak)
    if given(lengths_x, lengths_y):
        clouds = cut(x, lengths_x, "x"), cut(y, lengths_y, "y")
        return torch.stack(each_alone(partial(d1_psnr, peak=peak, backend=backend), *clouds))
    errors = (way.sq_dist.mean(-1) for way in nearest_each_way(x, y, backend=backend))
    return _psnr(torch.maximum(*errors), peak)


@torch.no_grad()
def d2_psnr(
    truth: Float[Tensor, "*b n d"],
    decoded: Float[Tensor, "*b m d"],
    normals: Float[Tensor, "*b n d"],
    *,
    peak: float,
    carry: str = "nearest",
    lengths_truth: Lengths | None = None,
    lengths_decoded: Lengths | None = None,
    backend: str = "auto",
) -> Float[Tensor, "*b"]:
    r"""D2 (point-to-plane) PSNR of a decoded cloud, in dB: only the error along the normals counts.

    .. math:: 10 \log_{10} \frac{3 p^2}{\max(e_{xy}, e_{yx})}, \qquad
              e_{xy} = \frac1N \sum_i \langle x_i - y_{j(i)}, n_{j(i)} \rangle^2

    j(i) is the nearest neighbour, n the normal at the point it names. The "PSNR" of D-PCC's figures is this one, with
    its own peak (`largest_spacing` over the test set). Normals are used as given: unit length is the caller's part.

    - `peak`: positive, a length, as in `d1_psnr`;
    - `carry`: how the decoded cloud, which has no normals, gets those of the truth. "nearest" (D-PCC): each decoded
      point takes the normal of its nearest true point. "mean" (MPEG's tool): the mean of the normals of the true
      points that have it as nearest neighbour, as "nearest" if there are none. MPEG's tool spreads ties over all
      equally near points, here one is taken;
    - `lengths_truth`, `lengths_decoded`, `backend`: as `lengths_x`, `lengths_y`, `backend` in
      `pcl_lib.distances.chamfer`.

    Shapes: truth (N, D) or (B, N, D), decoded (M, D) or (B, M, D), normals as truth; result () or (B,). Unit: dB,
    higher is better; infinite if all errors are tangential (D-PCC's evaluation drops such values). Not symmetric:
    one cloud owns the normals. No gradient. Cost: `nearest` each way.
    Errors: `ValueError` for clouds that do not pair, normals that do not fit, an unknown `carry`, or a peak that is
    not positive. References: tian2017d2, he2022dpcc.

    >>> import torch
    >>> x = torch.tensor([[0.0, 0.0, 0.0], [10.0, 0.0, 0.0]], dtype=torch.float64)
    >>> up = torch.tensor([[0.0, 0.0, 1.0]], dtype=torch.float64).expand(2, 3)
    >>> d2_psnr(x, x + torch.tensor([0.0, 1.0, 0.1]), up, peak=1023.0).item()
    84.969
    """
    _check_peak(peak)
    check_option("carry", carry, CARRIES)
    if given(lengths_truth, lengths_decoded):
        columns = (
            cut(truth, lengths_truth, "truth"),
            cut(decoded, lengths_decoded, "decoded"),
            cut(normals, lengths_truth, "normals"),
        )
        return torch.stack(each_alone(partial(d2_psnr, peak=peak, carry=carry, backend=backend), *columns))
    _, decoded = as_pair(truth, decoded, names=("truth", "decoded"))
    truth, normals = as_pair(truth, normals, names=("truth", "normals"), same_size=True)
    forward, backward = nearest_each_way(truth, decoded, backend=backend)
    carried = _rows(normals, backward.index)
    if carry == "mean":
        carried = _mean_normals(normals, forward.index, carried)
    gap_forward = ((truth - _rows(decoded, forward.index)) * _rows(carried, forward.index)).sum(-1)
    gap_backward = ((decoded - _rows(truth, backward.index)) * _rows(normals, backward.index)).sum(-1)
    return _psnr(torch.maximum(gap_forward.square().mean(-1), gap_backward.square().mean(-1)), peak)


@torch.no_grad()
def largest_spacing(
    x: Float[Tensor, "*b n d"], *, lengths: Lengths | None = None, backend: str = "auto"
) -> Float[Tensor, "*b"]:
    r"""Largest distance of a point to the nearest other point of its cloud: D-PCC's peak.

    .. math:: \max_i \min_{j \neq i} \lVert x_i - x_j \rVert

    D-PCC takes the largest over all clouds of its test set as the peak of `d2_psnr`.

    - `lengths`, `backend`: as `lengths_x`, `backend` in `pcl_lib.distances.chamfer`.

    Shapes: x (N, D) or (B, N, D), N >= 2; result () or (B,). Unit: length, in [0, inf). Proportional to scale. No
    gradient. Cost: `knn` with k = 2. Errors: `ValueError` for anything but clouds of two points or more.
    Reference: he2022dpcc.

    >>> import torch
    >>> largest_spacing(torch.tensor([[0.0], [1.0], [4.0]])).item()
    3.0
    """
    if given(lengths):
        return torch.stack([largest_spacing(cloud, backend=backend) for cloud in cut(x, lengths)])
    x = as_cloud(x)
    if x.shape[-2] < 2:
        raise ValueError(f"x must have at least two points, received shape {tuple(x.shape)}")
    return knn(x, x, 2, backend=backend).sq_dist[..., 1].amax(-1).sqrt()


def _psnr(error: Tensor, peak: float) -> Tensor:
    return 10 * torch.log10(3 * peak**2 / error)


def _rows(values: Tensor, index: Int64[Tensor, "*b n"]) -> Tensor:
    return values.gather(-2, index[..., None].expand(*index.shape, values.shape[-1]))


def _mean_normals(normals: Tensor, nearest_decoded: Tensor, otherwise: Tensor) -> Tensor:
    """Mean of the normals sent to each decoded point, or `otherwise` where none is sent."""
    rows = nearest_decoded[..., None].expand(normals.shape)
    total = torch.zeros_like(otherwise).scatter_add(-2, rows, normals)
    count = torch.zeros_like(otherwise).scatter_add(-2, rows, torch.ones_like(normals))
    return torch.where(count > 0, total / count.clamp(min=1), otherwise)


def _check_peak(peak: float) -> None:
    hint = "; MPEG takes 2**bits - 1 of the voxel grid, D-PCC the largest_spacing over its test set"
    check_positive("peak", peak, "length in the units of the clouds", hint)
