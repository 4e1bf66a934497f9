"""The octree codec: a byte for each occupied cube tells which of its eight children are occupied.

Level by level from the root, the bytes of a level in Morton order. The counts of the coder begin anew at each level,
and the context of a byte is its parent's byte: both are known to the decoder before it reads the level.
"""

from __future__ import annotations

import numpy as np

from pcl_lib.codec._adaptive import AdaptiveReader, AdaptiveWriter, Counts
from pcl_lib.codec._cells import Lattice, interleave, longest_side, separate
from pcl_lib.codec._errors import CodecError

_BYTES = 256


def to_octree(points: np.ndarray, depth: int) -> tuple[Lattice, np.ndarray]:
    """The lattice of the centres of 2^depth cells along the longest side, and the cell (n, 3) of each point.

    The error is at most half a cell along each axis.
    """
    side = longest_side(points)
    if side == 0:
        return Lattice(points.min(0), 0.0), np.zeros(points.shape, np.int64)
    step = side / (1 << depth)
    cells = np.floor((points - points.min(0)) / step).astype(np.int64)
    return Lattice(points.min(0) + step / 2, step), np.clip(cells, 0, (1 << depth) - 1)


def encode_octree(cells: np.ndarray, depth: int) -> bytes:
    """The stream of cells (n, 3) with coordinates below 2^depth; a cell that occurs twice comes back once."""
    codes = np.unique(interleave(cells))
    writer = AdaptiveWriter()
    parents = np.zeros(1, np.int64)  # the byte of the parent of each node of the level
    for level in range(depth):
        children = np.unique(codes >> (3 * (depth - level - 1)))
        first = np.flatnonzero(np.diff(children >> 3, prepend=-1))
        occupancy = np.bitwise_or.reduceat(1 << (children & 7), first)
        writer.symbols(occupancy, parents, Counts(_BYTES, _BYTES))
        parents = np.repeat(occupancy, np.diff(first, append=len(children)))
    return writer.data()


def decode_octree(stream: bytes, depth: int, n: int) -> np.ndarray:
    """The n cells (n, 3) of a stream, in Morton order. No level is larger than n, whatever the stream says."""
    reader = AdaptiveReader(stream)
    codes, parents = np.zeros(1, np.int64), np.zeros(1, np.int64)
    for _ in range(depth):
        occupancy = reader.symbols(parents, Counts(_BYTES, _BYTES))
        if (occupancy == 0).any():
            raise CodecError("the stream of the octree has an empty cube: the file is damaged")
        bits = np.unpackbits(occupancy.astype(np.uint8)[:, None], axis=1, bitorder="little")
        if int(bits.sum()) > n:
            raise CodecError(f"the stream of the octree has more than its {n:,} points: the file is damaged")
        node, child = np.nonzero(bits)
        codes, parents = (codes[node] << 3) | child, occupancy[node]
    reader.finish()
    if len(codes) != n:
        raise CodecError(
            f"the stream of the octree has {len(codes):,} points and not {n:,}: the file is damaged"
        )
    return separate(codes)
