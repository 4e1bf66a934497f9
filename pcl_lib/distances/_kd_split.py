"""Split a cloud into cells of equal counts, as a k-d tree does."""

from __future__ import annotations

import numpy as np


def kd_split(points: np.ndarray, leaf_size: int) -> list[np.ndarray]:
    """Positions in `points` (N, D) of each cell, in the order of the tree; cells have at most `leaf_size` points.

    Each node sorts its points along one axis, the axes taking turns, and hands the lower half of the ranks
    (rounded down) to its first child. Cells therefore depend on N alone in number and size: cell i of one cloud
    and cell i of another of the same size pair up. The order of the points does not matter, also where
    coordinates tie. O(N log(N) log(N / leaf_size)) time, O(N) memory.

    >>> [cell.tolist() for cell in kd_split(np.array([[3.0], [1.0], [0.0], [2.0], [9.0]]), 2)]
    [[2, 1], [3], [0, 4]]
    """
    # Sorted by all axes once, and stably from then on: ties are broken by the coordinates, not by the order given.
    start = np.lexsort(points.T[::-1])
    cells, nodes = [], [(start, 0)]
    while nodes:
        node, level = nodes.pop()
        if len(node) <= leaf_size:
            cells.append(node)
            continue
        along = points[node, level % points.shape[1]]
        node = node[np.argsort(along, kind="stable")]
        half = len(node) // 2
        nodes += [(node[half:], level + 1), (node[:half], level + 1)]
    return cells
