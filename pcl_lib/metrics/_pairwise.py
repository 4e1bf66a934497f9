"""The matrix of distances between the clouds of two sets."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from itertools import islice
from typing import NamedTuple, SupportsIndex

import joblib
import numpy as np
import torch
from jaxtyping import Float
from joblib.parallel import get_active_backend
from torch import Tensor
from tqdm import tqdm

from pcl_lib._checks import as_cloud, check_integer
from pcl_lib.distances import chamfer
from pcl_lib.distances.building_blocks import Valued, value_of
from pcl_lib.metrics._kept_rows import KeptRows, checksum, name_of
from pcl_lib.neighbors.building_blocks import Lengths, cut, given, kdtree, one_thread

# Points of one call of the distance: enough to keep the device busy, few enough to stay within its memory.
POINTS_PER_CALL = {"cpu": 1 << 16, "cuda": 1 << 20}
# Rows that share the trees of their columns: planting those takes a fiftieth of the time then.
ROWS = 8
# Columns of a block whose clouds have sizes of their own.
COLUMNS_ALONE = 16

Distance = Callable[[Tensor, Tensor], Tensor | Valued]
Clouds = Sequence[Tensor] | Tensor


@torch.no_grad()
def pairwise(
    x: Float[Tensor, "s n d"],
    y: Float[Tensor, "r m d"] | None = None,
    *,
    distance: Distance = chamfer,
    symmetric: bool = False,
    lengths_x: Lengths | None = None,
    lengths_y: Lengths | None = None,
    workers: SupportsIndex | None = None,
    processes: bool = False,
    folder: str | os.PathLike | None = None,
    progress: bool = False,
) -> Float[Tensor, "s r"]:
    r"""Distance of each cloud of `x` to each cloud of `y`.

    .. math:: M_{sr} = d(x_s, y_r)

    Without `y`, the clouds of `x` are compared with each other. The pairs are computed in blocks, so memory stays at
    the matrix and one block for each worker. In a block, a search by kd-tree plants one tree for each cloud. Half
    precision is computed in float32.

    - `distance`: takes two batches of clouds (P, N, D), (P, M, D) and returns P values: any function of
      `pcl_lib.distances` or `pcl_lib.metrics`, options bound by `functools.partial`. Of a result with more than a
      value, as of `emd`, `.value` is taken (of `f_score`, the F-score);
    - `symmetric`: without `y`, compute only one half and mirror it, which is right for the Chamfer distance and wrong
      for `approximate_emd`;
    - `lengths_x` (S,), `lengths_y` (R,): the sizes of padded clouds (`pad_clouds`); the distance is then called on one
      pair at a time, without padding;
    - `workers`: how many share the blocks; None is as many as torch has threads on a CPU, and one on a GPU, which a
      block fills. Of several, each works in one thread;
    - `processes`: True for processes as workers, which do not wait for each other's Python; they take seconds to
      start. False for threads. Inside of `joblib.parallel_config(backend=...)` its engine takes the blocks instead:
      "loky" (processes), "dask" or "ray" (several machines), with as many workers as it names. The numbers are the
      same whoever computes them;
    - `folder`: where finished rows are kept, and found by a later call that was stopped: it computes the rest. It
      knows the clouds by a checksum, the distance by its name and options, and refuses others;
    - `progress`: show a bar in pairs.

    Shapes: x (S, N, D), y (R, M, D); result (S, R), or (S, S). Unit and properties: those of the distance. No
    gradient. Cost: S R distances, S (S + 1) / 2 if symmetric.
    Errors: `ValueError` for anything but stacks of clouds, `symmetric` with `y`, `workers` < 1, a distance that does
    not return one value for each pair, a folder of other clouds, or processes for clouds on a GPU.
    Reference: yang2019pointflow.

    >>> import torch
    >>> clouds = torch.tensor([[[0.0], [1.0]], [[0.0], [3.0]]])
    >>> pairwise(clouds).tolist()
    [[0.0, 2.5], [2.5, 0.0]]
    """
    if y is None:
        if lengths_y is not None:
            raise ValueError("lengths_y are the lengths of y, received them without y; x has lengths_x")
        y, lengths_y = x, lengths_x
    elif symmetric:
        raise ValueError("symmetric compares one set with itself, received two sets; leave y out")
    if given(lengths_x, lengths_y):
        rows: Clouds = _cut(x, lengths_x, "x")
        columns: Clouds = _cut(y, lengths_y, "y")
        step = COLUMNS_ALONE
    else:
        rows, columns = (stack.contiguous() for stack in check_sets(x, y, ("x", "y")))
        limit = POINTS_PER_CALL.get(x.device.type, POINTS_PER_CALL["cpu"])
        step = max(1, limit // (x.shape[1] + y.shape[1]))
    engine = _engine(rows[0].device, workers, processes)
    kept = KeptRows(folder, _identity(rows, columns, distance, symmetric)) if folder is not None else None
    job = _Job(rows, columns, distance, symmetric, step, engine.n_jobs > 1)
    matrix = rows[0].new_empty(len(rows), len(columns))
    with tqdm(total=job.pairs(0, len(rows), 0), disable=not progress, desc="pairs") as bar:
        for row, block in _blocks(job, engine, kept, bar):
            for line, values in enumerate(block, row):
                matrix[line, job.start(line) :] = values[job.start(line) - job.start(row) :]
    if symmetric:
        below = torch.ones_like(matrix, dtype=torch.bool).tril(-1)
        matrix = torch.where(below, matrix.mT, matrix)
    return matrix


class _Job(NamedTuple):
    """What is compared: `step` columns at a time, and by workers of one thread each where they are `several`.

    Clouds of one size are a stack; of clouds of many sizes, a list, one pair goes into a call of the distance.
    """

    rows: Clouds
    columns: Clouds
    distance: Distance
    symmetric: bool
    step: int
    several: bool

    def start(self, row: int) -> int:
        """The first column that is computed of a row, or of the block of rows that begins with it."""
        return row if self.symmetric else 0

    def pairs(self, row: int, end: int, column: int) -> int:
        """How many pairs are computed in the rows from `row` to `end`, from this column on."""
        return sum(max(0, len(self.columns) - max(column, self.start(line))) for line in range(row, end))

    def task(self, row: int, end: int, left: int, right: int) -> tuple:
        """The arguments of `_distances` for a rectangle of the matrix, such as another process can be sent."""
        lines = [_sendable(cloud) for cloud in self.rows[row:end]]
        columns = self.columns[left:right]
        across = [columns] if isinstance(columns, Tensor) else [cloud[None] for cloud in columns]
        diagonal = row - left if self.symmetric else None
        return lines, [_sendable(group) for group in across], self.distance, diagonal, self.several


def _engine(device: torch.device, workers: SupportsIndex | None, processes: bool) -> joblib.Parallel:
    prefer = "processes" if processes else "threads"
    backend, configured = get_active_backend(prefer=prefer)
    if workers is not None:
        workers = check_integer("workers", workers, 1)
    elif configured is None or device.type != "cpu":
        workers = torch.get_num_threads() if device.type == "cpu" else 1
    if device.type != "cpu" and not getattr(backend, "supports_sharedmem", False):
        raise ValueError(
            f"processes compare clouds on the CPU, received clouds on {device}; use threads, or .cpu() first"
        )
    # No file for what is sent: a rectangle is small.
    return joblib.Parallel(workers, prefer=prefer, return_as="generator", max_nbytes=None)


def _blocks(
    job: _Job, engine: joblib.Parallel, kept: KeptRows | None, bar: tqdm
) -> Iterator[tuple[int, Tensor]]:
    """The blocks of rows in order: the first row of each, and its values from `job.start` of that row on."""
    height, width = len(job.rows), len(job.columns)
    size = min(ROWS, max(1, height // ROWS))
    device = job.rows[0].device
    done: dict[int, list[Tensor]] = {}
    tiles = []
    for row in range(0, height, size):
        end, column = min(row + size, height), job.start(row)
        found = kept.read(row) if kept else None
        done[row] = [] if found is None else [torch.from_numpy(found).to(device)]
        column += sum(part.shape[1] for part in done[row])
        bar.update(job.pairs(row, end, job.start(row)) - job.pairs(row, end, column))
        tiles += [(row, end, left, min(left + job.step, width)) for left in range(column, width, job.step)]
    with closing(engine(joblib.delayed(_distances)(*job.task(*tile)) for tile in tiles)) as results:
        for row, many in [(row, sum(tile[0] == row for tile in tiles)) for row in done]:
            parts = done.pop(row)
            try:
                for values in islice(results, many):
                    left = job.start(row) + sum(part.shape[1] for part in parts)
                    parts.append(_tensor(values))
                    end, right = row + len(values), left + values.shape[1]
                    bar.update(job.pairs(row, end, left) - job.pairs(row, end, right))
                    if kept and kept.due():
                        kept.write(row, torch.cat(parts, 1))
            finally:  # after an interrupt too
                if kept and parts and many:
                    kept.write(row, torch.cat(parts, 1))
            yield row, torch.cat(parts, 1)


@torch.no_grad()  # once more: each thread has its own switch
def _distances(
    rows: list[np.ndarray | Tensor],
    groups: list[np.ndarray | Tensor],
    distance: Distance,
    diagonal: int | None,
    several: bool,
) -> np.ndarray | Tensor:
    """Distances of some rows to groups of columns, a call for each row and group.

    `diagonal`: which column is the first row itself, where those to the left of it, one more in each row, are not
    wanted.
    """
    lines = [_tensor(row) for row in rows]
    clouds = [_tensor(group) for group in groups]
    found = lines[0].new_zeros(len(lines), sum(map(len, clouds)))
    with ExitStack() as around:
        if several:
            around.enter_context(one_thread())
        if found.device.type == "cpu":
            around.enter_context(kdtree.planted_once(*(line[None] for line in lines), *clouds))
        for line, (row, one) in enumerate(zip(found, lines, strict=True)):
            left = 0
            for group in clouds:
                skip = 0 if diagonal is None else min(max(0, diagonal + line - left), len(group))
                if skip < len(group):
                    row[left + skip : left + len(group)] = _values(distance, one, group[skip:])
                left += len(group)
    return _sendable(found)


def _values(distance: Distance, one: Tensor, others: Tensor) -> Tensor:
    values = value_of(distance(one.expand(len(others), -1, -1), others), "distance")
    if values.shape != (len(others),):
        raise ValueError(
            f"distance must return one value for each pair, shape ({len(others)},), received shape "
            f"{tuple(values.shape)}"
        )
    return values


def _sendable(values: Tensor) -> np.ndarray | Tensor:
    """The same memory as an array, which any engine can send to a process of its own; on a GPU as it is."""
    return values.detach().numpy() if values.device.type == "cpu" else values


def _tensor(values: np.ndarray | Tensor) -> Tensor:
    """What `_sendable` sent. `torch.as_tensor` would move it to the default device."""
    return values if isinstance(values, Tensor) else torch.from_numpy(values)


def _identity(rows: Clouds, columns: Clouds, distance: Distance, symmetric: bool) -> dict:
    sums = {"x": checksum(rows), "y": checksum(rows if columns is rows else columns)}
    return {
        "clouds": [len(rows), len(columns)],
        **sums,
        "distance": name_of(distance),
        "symmetric": symmetric,
    }


def _cut(x: Tensor, lengths: Lengths | None, name: str) -> list[Tensor]:
    return [as_cloud(cloud, name).detach() for cloud in cut(x, lengths, name)]


def check_stack(x: Tensor, name: str) -> Tensor:
    """The stack of clouds (S, N, D) in float32 or float64; `ValueError` unless it is one."""
    x = as_cloud(x, name)
    if x.ndim != 3:
        raise ValueError(
            f"{name} must be a stack of clouds of shape (S, N, D), received shape {tuple(x.shape)}; "
            f"add the missing axis with {name}[None]"
        )
    return x


def check_sets(x: Tensor, y: Tensor, names: tuple[str, str]) -> tuple[Tensor, Tensor]:
    """Both stacks as `check_stack` gives them, if their clouds can be compared; the stacks may differ in length."""
    a, b = names
    first = check_stack(x, a)
    # Before the values of y are looked at: those of another device may not be readable.
    if (
        isinstance(y, Tensor)
        and y.ndim == 3
        and (x.device, x.dtype, x.shape[2]) != (y.device, y.dtype, y.shape[2])
    ):
        raise ValueError(
            f"{a} and {b} must have one device, dtype and dimension D, received {a} {tuple(x.shape)} {x.dtype} on "
            f"{x.device} and {b} {tuple(y.shape)} {y.dtype} on {y.device}; convert one with {b}.to({a})"
        )
    return first, first if y is x else check_stack(y, b)
