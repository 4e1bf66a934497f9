"""The matrix of distances between the clouds of two sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import SupportsIndex

import torch
from jaxtyping import Float
from torch import Tensor
from tqdm import tqdm

from pcl_lib._checks import as_cloud, check_integer
from pcl_lib.distances import chamfer
from pcl_lib.distances.building_blocks import Valued, value_of
from pcl_lib.neighbors.building_blocks import Lengths, cut, given

# Points of one call of the distance: enough to keep the device busy, few enough to stay within its memory.
POINTS_PER_CALL = {"cpu": 1 << 16, "cuda": 1 << 20}

Distance = Callable[[Tensor, Tensor], Tensor | Valued]


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
    progress: bool = False,
) -> Float[Tensor, "s r"]:
    r"""Distance of each cloud of `x` to each cloud of `y`.

    .. math:: M_{sr} = d(x_s, y_r)

    Without `y`, the clouds of `x` are compared with each other. The pairs are computed in blocks, so memory stays at
    the matrix and one block for each worker. Half precision is computed in float32.

    - `distance`: takes two batches of clouds (P, N, D), (P, M, D) and returns P values: any function of
      `pcl_lib.distances` or `pcl_lib.metrics`, options bound by `functools.partial`. Of a result with more than a
      value, as of `emd`, `.value` is taken (of `f_score`, the F-score);
    - `symmetric`: without `y`, compute only one half and mirror it, which is right for the Chamfer distance and wrong
      for `approximate_emd`;
    - `lengths_x` (S,), `lengths_y` (R,): the sizes of padded clouds (`pad_clouds`); the distance is then called on one
      pair at a time, without padding;
    - `workers`: threads that share the blocks; None is as many as torch uses on a CPU, and one on a GPU, which a block
      fills. They gain where the distance releases Python's lock, as torch's operations do; a search by kd-tree
      spreads over the cores by itself;
    - `progress`: show a bar in pairs.

    Shapes: x (S, N, D), y (R, M, D); result (S, R), or (S, S). Unit and properties: those of the distance. No
    gradient. Cost: S R distances, S (S + 1) / 2 if symmetric.
    Errors: `ValueError` for anything but stacks of clouds, `symmetric` with `y`, `workers` < 1, or a distance that
    does not return one value for each pair. Reference: yang2019pointflow.

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
    ragged = given(lengths_x, lengths_y)
    if ragged:
        rows, columns = _cut(x, lengths_x, "x"), _cut(y, lengths_y, "y")
    x, y = (x, y) if ragged else check_sets(x, y, ("x", "y"))
    if workers is None:
        workers = torch.get_num_threads() if x.device.type == "cpu" else 1
    workers = check_integer("workers", workers, 1)

    matrix = (rows[0] if ragged else x).new_empty(len(x), len(y))

    @torch.no_grad()  # once more: each thread has its own switch
    def fill(block: tuple[int, slice]) -> int:
        row, across = block
        if ragged:
            one, others = rows[row], columns[across.start][None]
        else:
            one, others = x[row], y[across]
        values = value_of(distance(one.expand(len(others), -1, -1), others), "distance")
        if values.shape != (len(others),):
            raise ValueError(
                f"distance must return one value for each pair, shape ({len(others)},), received shape "
                f"{tuple(values.shape)}"
            )
        matrix[row, across] = values
        if symmetric:
            matrix[across, row] = values
        return len(others)

    blocks = _blocks(x, y, symmetric, 1 if ragged else None)
    pairs = sum(across.stop - across.start for _, across in blocks)
    with tqdm(total=pairs, disable=not progress, desc="pairs") as bar:
        for done in _run(fill, blocks, workers):
            bar.update(done)
    return matrix


def _blocks(x: Tensor, y: Tensor, symmetric: bool, size: int | None) -> list[tuple[int, slice]]:
    """Rows and ranges of columns that together cover the matrix, or its upper triangle."""
    limit = POINTS_PER_CALL.get(x.device.type, POINTS_PER_CALL["cpu"])
    step = size or max(1, limit // (x.shape[1] + y.shape[1]))
    return [
        (row, slice(start, min(start + step, len(y))))
        for row in range(len(x))
        for start in range(row if symmetric else 0, len(y), step)
    ]


def _run(
    fill: Callable[[tuple[int, slice]], int], blocks: list[tuple[int, slice]], workers: int
) -> Iterator[int]:
    if workers == 1:
        yield from map(fill, blocks)
        return
    with ThreadPoolExecutor(workers) as pool:
        try:
            yield from pool.map(fill, blocks)
        finally:
            pool.shutdown(cancel_futures=True)  # after an error or an interrupt, do not finish the rest


def _cut(x: Tensor, lengths: Lengths | None, name: str) -> list[Tensor]:
    return [as_cloud(cloud, name) for cloud in cut(x, lengths, name)]


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
