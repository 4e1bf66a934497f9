"""Unit normals as two bytes each: the octahedron unfolded to a square, and differences from point to point."""

from __future__ import annotations

import numpy as np

from pcl_lib.codec._adaptive import AdaptiveReader, AdaptiveWriter, Counts

_MOST = 254  # even, so that 0 is a value and normals along an axis come back exactly
_VALUES = _MOST + 1


def encode_normals(normals: np.ndarray) -> bytes:
    """The stream of normals (n, 3), none of them zero, in the order in which the points are decoded."""
    folded = normals / np.abs(normals).sum(1, keepdims=True)
    square = np.where(folded[:, 2:] < 0, _over_the_edge(folded[:, :2]), folded[:, :2])
    numbers = np.rint((square + 1) * (_MOST / 2)).astype(np.int64)
    writer = AdaptiveWriter()
    for axis in range(2):
        steps = np.diff(numbers[:, axis], prepend=0) % _VALUES
        writer.symbols(steps, np.zeros(len(steps), np.int64), Counts(1, _VALUES))
    return writer.data()


def decode_normals(stream: bytes, n: int) -> np.ndarray:
    """The n unit normals (n, 3) of a stream."""
    reader = AdaptiveReader(stream)
    steps = [reader.symbols(np.zeros(n, np.int64), Counts(1, _VALUES)) for _ in range(2)]
    reader.finish()
    square = np.stack([np.cumsum(s) % _VALUES for s in steps], axis=1) * (2 / _MOST) - 1
    height = 1 - np.abs(square).sum(1, keepdims=True)
    normals = np.concatenate([np.where(height < 0, _over_the_edge(square), square), height], axis=1)
    return normals / np.sqrt((normals * normals).sum(1, keepdims=True))


def _over_the_edge(square: np.ndarray) -> np.ndarray:
    """Where the lower half of the octahedron lies in the square, and the way back."""
    return (1 - np.abs(square[:, ::-1])) * np.where(square < 0, -1.0, 1.0)
