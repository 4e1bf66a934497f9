"""EM-kD: the earth mover's distance, cell by cell of a k-d tree."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from pcl_lib._checks import check_integer, check_option
from pcl_lib.distances._auction import auction_matching
from pcl_lib.distances._emd import as_equal_pair
from pcl_lib.distances._one_to_one import (
    REDUCTIONS,
    Matched,
    best_matching,
    matched_value,
    on_each_core,
    unit_arrays,
)
from pcl_lib.distances.building_blocks import kd_split

LEAVES = ("exact", "auction")
# Points matched by one task of a thread: enough to hide the cost of handing it over.
_TASK = 4096


def em_kd(
    x: Float[Tensor, "*b n d"],
    y: Float[Tensor, "*b m d"],
    *,
    leaf_size: int = 256,
    leaves: str = "exact",
    squared: bool = False,
    reduction: str = "mean",
) -> Matched:
    r"""EM-kD: both clouds split by rank into the cells of a k-d tree, and paired cells matched.

    .. math:: \frac1N \sum_{c} \min_{\phi_c : X_c \to Y_c} \sum_{x \in X_c} \lVert x - \phi_c(x) \rVert

    The axes take turns, each node splits its points at the middle rank, cell c of `x` pairs with cell c of `y`.
    The matchings of the cells form one matching of the clouds, so the value is never below `emd`, equals it
    when one leaf holds all, and comes down towards it as `leaf_size` grows (not with every step).

    - `leaf_size`: most points of a cell that is matched, from 1 up;
    - `leaves`: matched "exact", or by "auction" for leaves of thousands of points;
    - `squared`, `reduction`: as in `emd`.

    The paper leaves the choice of axis, the unit and the reduction open, and the auction kernel that it takes from MSN
    need not match one-to-one, so its value is not always an upper bound; its formula prints the "sum" of lengths, and
    its leaves have 1,024 points.

    Convention card. Shapes: x, y (N, D) or (B, N, D), any N; value () or (B,), matching (N,) or (B, N). Unit: length
    (length squared with squared=True), in [0, inf). Symmetric, and a metric on clouds of one size, with exact
    leaves and lengths: which cell a point lies in depends on its own cloud alone.
    Zero iff both clouds are the same multiset (exact leaves). Translation invariant, not rotation invariant: the
    axes matter. Scales with the scale.
    Gradient: through the matching, as `emd`.
    Cost: O(N leaf_size^2) time at worst for the leaves, O(N log^2 N) for the cells; O(N) memory; on the CPU, leaves
    spread over the cores.
    Errors: `ValueError` for a leaf size below 1, an unknown option, sizes that differ, or clouds that do not pair.
    Reference: neuralqaad2022 (Eq. 14).

    >>> import torch
    >>> x = torch.tensor([[0.0], [1.0], [4.0], [5.0]])
    >>> y = torch.tensor([[7.0], [2.0], [4.5], [0.5]])
    >>> found = em_kd(x, y, leaf_size=2)
    >>> found.value.item(), found.matching.tolist()
    (1.0, [3, 1, 2, 0])
    """
    check_option("reduction", reduction, REDUCTIONS)
    check_option("leaves", leaves, LEAVES)
    check_integer("leaf_size", leaf_size, 1)
    x, y = as_equal_pair(x, y)
    match = best_matching if leaves == "exact" else auction_matching
    matching = np.stack(
        [_match(a, b, leaf_size, match, squared) for a, b in zip(*unit_arrays(x, y), strict=True)]
    )
    index = torch.from_numpy(matching if x.ndim == 3 else matching[0]).to(x.device)
    return Matched(matched_value(x, y, index, squared, reduction), index)


def _match(
    x: np.ndarray,
    y: np.ndarray,
    leaf_size: int,
    match: Callable[[np.ndarray, np.ndarray, bool], np.ndarray],
    squared: bool,
) -> np.ndarray:
    """The matching (N,) of x (N, D) and y (N, D), cell by cell."""
    cells = list(zip(*(kd_split(points, leaf_size) for points in (x, y)), strict=True))
    matching = np.empty(len(x), dtype=np.int64)

    def work(some: list[tuple[np.ndarray, np.ndarray]]) -> None:
        for of_x, of_y in some:
            matching[of_x] = of_y[match(x[of_x], y[of_y], squared)]

    step = max(1, _TASK // len(cells[0][0]))
    on_each_core(work, [cells[i : i + step] for i in range(0, len(cells), step)])
    return matching
