"""The grid codec: points rounded to a lattice, sorted along a Morton curve, and the differences coded."""

from __future__ import annotations

import numpy as np

from pcl_lib._checks import check_positive
from pcl_lib.codec._adaptive import AdaptiveReader, AdaptiveWriter
from pcl_lib.codec._cells import DEEPEST, Lattice, interleave, longest_side, separate
from pcl_lib.codec._errors import CodecError


def to_grid(points: np.ndarray, step: float) -> tuple[Lattice, np.ndarray]:
    """The lattice of a step, and the nearest cell (n, 3) of each point: an error of half a step along each axis.

    A step of 0 is that of a cloud of one place.
    """
    side = longest_side(points)
    lattice = Lattice(points.min(0), float(step) if side > 0 else 0.0)
    if side == 0:
        return lattice, np.zeros(points.shape, np.int64)
    check_positive("step", step, "length")
    if side / step >= 1 << DEEPEST:
        raise ValueError(
            f"step must be at least {side / 2**DEEPEST:.3g}, a 2^{DEEPEST}th of the longest side, "
            f"received {step!r}; cut the cloud into parts"
        )
    cells = np.rint((points - lattice.origin) / step).astype(np.int64)
    return lattice, np.minimum(cells, (1 << DEEPEST) - 1)


def encode_grid(cells: np.ndarray) -> bytes:
    """The stream of cells (n, 3), which come back in Morton order; a cell that occurs twice comes back twice."""
    codes = np.sort(interleave(cells))
    writer = AdaptiveWriter()
    writer.integers(np.diff(codes, prepend=0), np.zeros(len(codes), np.int64), 1)
    return writer.data()


def decode_grid(stream: bytes, n: int) -> np.ndarray:
    """The n cells (n, 3) of a stream, in Morton order."""
    reader = AdaptiveReader(stream)
    differences = reader.integers(np.zeros(n, np.int64), 1)
    reader.finish()
    # Summed as floats first: a sum of hostile differences may leave the range of int64.
    if float(differences.astype(np.float64).sum()) >= 2.0 ** (3 * DEEPEST):
        raise CodecError("the stream of the grid leaves its lattice: the file is damaged")
    return separate(np.cumsum(differences))
