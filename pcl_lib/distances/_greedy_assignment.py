"""QAAD_GREEDY: a first assignment of a decoder's points to a cloud, cell by cell of a k-d tree."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from pcl_lib._checks import as_pair, check_integer, check_option
from pcl_lib._seeded import Seed, seeded
from pcl_lib.distances._auction import AUCTION_SETTINGS, auction
from pcl_lib.distances._em_kd import em_kd
from pcl_lib.distances._kd_split import kd_split
from pcl_lib.distances._one_to_one import unit_arrays
from pcl_lib.distances._quadratic_cost import check_assignment

LEAVES = ("exact", "released")


def greedy_assignment(
    made: Float[Tensor, "*b n d"],
    target: Float[Tensor, "*b n d"],
    *,
    leaf_size: int = 256,
    leaves: str = "exact",
    seed: Seed = 0,
) -> Int64[Tensor, "*b n"]:
    r"""First assignment of the points that a decoder makes to those of a cloud: the matching of `em_kd`, of squares.

    .. math:: A = \arg\min_{\phi = (\phi_c)} \sum_c \sum_{x \in X_c} \lVert x - \phi_c(x) \rVert^2

    Both clouds are split by rank into cells, and paired cells matched one-to-one, so the assignment is one-to-one.

    - `leaf_size`: most points of a cell, from 1 up. The paper has 1,024, because its kernel wants that;
    - `leaves`: matched "exact", or "released": by the kernel that the paper takes from MSN, with
      `AUCTION_SETTINGS["neuralqaad"]`. That need not be one-to-one, and `repair_assignment` makes it so;
    - `seed`: of the repair.

    Shapes: made, target (N, D) or (B, N, D) to (N,) or (B, N): the row of target for each row of made. No gradient.
    Cost: O(N leaf_size^2) time at worst, O(N) memory, on the CPU, cells spread over the cores; 65,536 points take
    one to four seconds of one core, the more the less the clouds are alike.
    Errors: `ValueError` for a leaf size below 1, an unknown option, sizes that differ, or clouds that do not pair.
    Reference: neuralqaad2022 (Algorithm 1).

    >>> import torch
    >>> made = torch.tensor([[0.0], [1.0], [4.0], [5.0]])
    >>> greedy_assignment(made, torch.tensor([[7.0], [2.0], [4.5], [0.5]]), leaf_size=2).tolist()
    [3, 1, 2, 0]
    """
    check_option("leaves", leaves, LEAVES)
    leaf_size = check_integer("leaf_size", leaf_size, 1)
    made, target = as_pair(made.detach(), target.detach(), ("made", "target"), same_size=True, any_scale=True)
    if leaves == "exact":
        return em_kd(made, target, leaf_size=leaf_size, squared=True).matching
    pairs = zip(*unit_arrays(made, target), *_batches(made, target), strict=True)
    matching = torch.stack([_by_released_auction(*pair, leaf_size) for pair in pairs])
    return repair_assignment(matching if made.ndim == 3 else matching[0], made, target, seed=seed)


def repair_assignment(
    assignment: Int64[Tensor, "*b n"],
    made: Float[Tensor, "*b n d"],
    target: Float[Tensor, "*b n d"],
    *,
    seed: Seed = 0,
) -> Int64[Tensor, "*b n"]:
    """A one-to-one assignment, of one in which several points may have one target.

    Of the points that chose a target the closest keeps it; all others get the targets that are left, at random. A
    one-to-one assignment comes back as it was.

    - `seed`: of the random order.

    Shapes: assignment (N,) or (B, N), rows of target; made, target (N, D) or (B, N, D). Cost: O(N log N) time.
    Errors: `ValueError` for clouds that do not pair, or an assignment that does not fit them.
    Reference: neuralqaad2022 (Sec. 3.4).

    >>> import torch
    >>> made, target = torch.tensor([[0.0], [0.4], [3.0]]), torch.tensor([[0.5], [1.0], [2.0]])
    >>> repair_assignment(torch.tensor([0, 0, 2]), made, target).tolist()
    [1, 0, 2]
    """
    made, target = as_pair(made.detach(), target.detach(), ("made", "target"), same_size=True, any_scale=True)
    check_assignment(assignment, made, "made")
    generator = seeded(seed)
    chosen = assignment if assignment.ndim == 2 else assignment[None]
    repaired = []
    for row, points, goals in zip(chosen, *_batches(made, target), strict=True):
        found = row.cpu().numpy().copy()
        far_first = (points - goals[row]).square().sum(-1).argsort(descending=True, stable=True).cpu().numpy()
        keeper = np.full(len(found), -1)
        keeper[found[far_first]] = far_first  # of several values for one place numpy keeps the last
        loses = np.ones(len(found), dtype=bool)
        loses[keeper[keeper >= 0]] = False
        left = np.flatnonzero(keeper < 0)
        found[loses] = left[torch.randperm(len(left), generator=generator, device="cpu").numpy()]
        repaired.append(torch.from_numpy(found).to(row.device))
    return torch.stack(repaired).view(assignment.shape)


def _batches(made: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    return (made, target) if made.ndim == 3 else (made[None], target[None])


def _by_released_auction(
    x: np.ndarray, y: np.ndarray, made: Tensor, target: Tensor, leaf_size: int
) -> Int64[Tensor, " n"]:
    """The choice of each point of made (N, D), cell by cell; x and y are the clouds as `kd_split` takes them."""
    cells: dict[int, list[tuple[np.ndarray, np.ndarray]]] = {}
    for pair in zip(kd_split(x, leaf_size), kd_split(y, leaf_size), strict=True):
        cells.setdefault(len(pair[0]), []).append(pair)
    chosen = torch.empty(len(made), dtype=torch.int64, device=made.device)
    for some in cells.values():  # those of one size bid together
        of_made, of_target = (
            torch.from_numpy(np.stack(rows)).to(made.device) for rows in zip(*some, strict=True)
        )
        settings = AUCTION_SETTINGS["neuralqaad"]._asdict()
        found = auction(made[of_made], target[of_target], **settings, leftovers="released").matching
        chosen[of_made] = of_target.gather(1, found)
    return chosen
