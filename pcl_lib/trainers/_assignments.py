"""A table of assignments: which point of each cloud every point of the input cloud is to become."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from pcl_lib._checks import check_cloud, check_integer
from pcl_lib.distances import Reassigned, reassign
from pcl_lib.neighbors import nearest

_LARGEST = torch.iinfo(torch.int32).max
# Bytes of a point of a cloud: its target, and whose target it is.
_BYTES = 8


class Assignments(nn.Module):
    """One-to-one assignments of the N points of an input cloud to the N points of each of S clouds.

    At first point i of the input cloud has row i of each cloud. They are kept as buffers, and so with the weights in
    each checkpoint: a run that was killed goes on with the assignments that belong to its weights.

    - `shapes`, `points`: S and N.
    - `of_point` (S, N) int32: the row of cloud s that is the target of input point i. `of_target` (S, N): its inverse.
    - `begun`: the step at which training on them began, -1 before. `checksum`: of the clouds that they are of, or 0.

    Memory: 8 bytes a point; while a checkpoint is written about four times that. Errors: `ValueError` where memory
    lacks, or more points than int32 counts. Reference: neuralqaad2022.

    >>> import torch
    >>> table = Assignments(2, 4)
    >>> table.set(1, torch.tensor([2, 0, 3, 1]))
    >>> table.of_point.tolist(), table.of_target[1].tolist()
    ([[0, 1, 2, 3], [2, 0, 3, 1]], [1, 3, 0, 2])
    """

    of_point: Tensor
    of_target: Tensor
    begun: Tensor
    checksum: Tensor

    def __init__(self, shapes: int, points: int) -> None:
        super().__init__()
        check_integer("shapes", shapes, 1)
        check_integer("points", points, 1, _LARGEST)
        _check_memory(shapes, points)
        self.shapes, self.points = shapes, points
        for name in ("of_point", "of_target"):
            self.register_buffer(name, torch.arange(points, dtype=torch.int32).repeat(shapes, 1))
        self.register_buffer("begun", torch.tensor(-1))
        self.register_buffer("checksum", torch.tensor(0))

    @classmethod
    def of(cls, clouds: Float[Tensor, "s n d"], assignment: Int64[Tensor, "s n"]) -> Assignments:
        """Those that are given: row `assignment[s, i]` of cloud s is the target of input point i.

        Errors: `ValueError` unless each is one-to-one.
        """
        made = cls(*clouds.shape[:2])
        if assignment.shape != made.of_point.shape:
            raise ValueError(
                f"assignment must have a row for each cloud and a target for each point, "
                f"{tuple(made.of_point.shape)}, received {tuple(assignment.shape)}"
            )
        for shape, row in enumerate(assignment):
            made.set(shape, row)
        made.tie_to(checksum_of(clouds))
        return made

    def set(self, shape: int, assignment: Int64[Tensor, " n"]) -> None:
        """Assign the points anew to those of one cloud. Errors: `ValueError` unless it is one-to-one."""
        row = assignment.to(self.of_point.device)
        inverse = row.argsort()
        if row.shape != (self.points,) or not torch.equal(
            row[inverse], torch.arange(self.points, device=row.device)
        ):
            raise ValueError(
                f"assignment must hold each row from 0 to {self.points - 1} once, received another for shape "
                f"{shape}; repair_assignment makes it one-to-one"
            )
        self.of_point[shape] = row.int()
        self.of_target[shape] = inverse.int()

    def targets(self, index: Int64[Tensor, " b"], rows: Int64[Tensor, "b n"]) -> Int64[Tensor, "b n"]:
        """Rows of clouds `index` that are the targets of these input points."""
        return self.of_point[index[:, None], rows].long()

    def holders(self, index: Int64[Tensor, " b"], targets: Int64[Tensor, "b n"]) -> Int64[Tensor, "b n"]:
        """The input points whose targets are these rows of clouds `index`."""
        return self.of_target[index[:, None], targets].long()

    @torch.no_grad()
    def improve(
        self,
        index: Int64[Tensor, " b"],
        clouds: Float[Tensor, "b N 3"],
        rows: Int64[Tensor, "b n"],
        made: Float[Tensor, "b n 3"],
        offered: Int64[Tensor, "b m"],
        predict: Callable[[Tensor], Tensor],
        *,
        squared: bool = True,
        ties: bool = False,
    ) -> Reassigned:
        """QAAD_REASSIGNMENT, in place: input points `rows`, that now lie at `made`, get better targets by swaps.

        Each wants the nearest of the rows `offered` of its cloud, and gets it by a swap with the input point that has
        it, where that lowers the loss; see `pcl_lib.distances.reassign`.

        - `index`: which clouds `clouds` are.
        - `predict`: of rows (B, n) of the input cloud, where they lie now.
        - `squared`, `ties`: as in `reassign`.
        """
        made = made.detach()
        near = nearest(made, points_at(clouds, offered)).index
        # Several want one target as a rule: each of their counterparts is predicted once.
        asked, place = _distinct(near, offered.shape[1])
        wanted, holders = offered.gather(1, near), self.holders(index, offered.gather(1, asked))
        counterparts = holders.gather(1, place)
        found = reassign(
            made,
            points_at(clouds, self.targets(index, rows)),
            points_at(predict(holders), place),
            points_at(clouds, wanted),
            rows,
            counterparts,
            squared=squared,
            ties=ties,
        )
        self.swap(index, rows, counterparts, found.swaps)
        return found

    def swap(self, index: Tensor, rows: Tensor, counterparts: Tensor, swaps: Tensor) -> None:
        """Exchange, in place, the targets of these pairs of input points (B, n) where `swaps` (B, n) says so.

        No point may be in two of the swaps of its cloud.
        """
        cloud = index[:, None].expand_as(rows)[swaps]
        a, b = rows[swaps], counterparts[swaps]
        of_a, of_b = self.of_point[cloud, a], self.of_point[cloud, b]
        self.of_point[cloud, a], self.of_point[cloud, b] = of_b, of_a
        self.of_target[cloud, of_b.long()] = a.int()
        self.of_target[cloud, of_a.long()] = b.int()

    def tie_to(self, checksum: int) -> None:
        """Say of which clouds they are. Errors: `ValueError` if they are of others."""
        if int(self.checksum) not in (0, checksum):
            raise ValueError(
                "assignments must belong to the clouds that they are used with, received those of other clouds "
                f"(checksum {int(self.checksum)}, of these {checksum}); the order of clouds and points counts too: "
                "make them anew with Assignments.of(clouds, assignment)"
            )
        self.checksum.fill_(checksum)


def points_at(clouds: Float[Tensor, "b N d"], rows: Int64[Tensor, "b n"]) -> Float[Tensor, "b n d"]:
    """The points in these rows of each cloud."""
    return clouds.gather(1, rows[..., None].expand(-1, -1, clouds.shape[-1]))


def _distinct(values: Int64[Tensor, "b n"], below: int) -> tuple[Tensor, Tensor]:
    """The distinct values (B, u) of each row, u those of the row that has most, filled up by others; and where in them
    each value (B, n) stands."""
    found = torch.zeros(len(values), below, dtype=torch.int8, device=values.device).scatter_(1, values, 1)
    first = found.argsort(dim=1, descending=True, stable=True)
    most = int(found.sum(1).max())
    return first[:, :most], first.argsort(dim=1).gather(1, values)


def checksum_of(clouds: Float[Tensor, "s n d"]) -> int:
    """A checksum, never 0, of all coordinates in their order: other clouds, or the same in another order, differ in it.

    Cost: about a second for a billion bytes. Errors: `ValueError` for what is no batch of finite clouds.
    """
    check_clouds(clouds)
    digest = hashlib.blake2b(f"{tuple(clouds.shape)} {clouds.dtype}".encode(), digest_size=8)
    for cloud in clouds.detach():
        digest.update(cloud.cpu().contiguous().view(-1).view(torch.uint8).numpy())
    return int.from_bytes(digest.digest(), "big", signed=True) or 1


def check_clouds(clouds: object) -> None:
    """Raise `ValueError` unless these are the clouds of a data set in one tensor, finite."""
    if not isinstance(clouds, Tensor) or clouds.ndim != 3:
        received = tuple(clouds.shape) if isinstance(clouds, Tensor) else type(clouds).__name__
        raise ValueError(
            f"clouds must be one tensor (S, N, 3), received {received}; clouds of different sizes are resampled to "
            "one size first, see pcl_lib.data.stack"
        )
    check_cloud(clouds, "clouds", dims=3)


def _check_memory(shapes: int, points: int) -> None:
    needed, free = _BYTES * shapes * points, _free_bytes()
    if needed > free:
        raise ValueError(
            f"assignments of {shapes:,} clouds of {points:,} points must fit into memory: they take {needed:,} bytes, "
            f"received a machine with {free:,} bytes free; take fewer points or fewer clouds"
        )


def _free_bytes() -> int:
    """What may be taken without swapping: as the kernel says it, else all that there is."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        (kilobytes,) = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
        return 1024 * int(kilobytes)
    except (OSError, ValueError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
