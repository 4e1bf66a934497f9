"""The codecs that need no training, each as the part of a file that it writes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pcl_lib._checks import check_option, check_positive
from pcl_lib.codec._cells import Lattice, interleave
from pcl_lib.codec._cloud_header import array_of
from pcl_lib.codec._draco import draco_count, encode_draco
from pcl_lib.codec._grid import encode_grid, to_grid
from pcl_lib.codec._normals import encode_normals
from pcl_lib.codec._octree import encode_octree, to_octree
from pcl_lib.data import Cloud

DUPLICATES = ("keep", "merge")
KEPT = {"grid": "keep", "octree": "merge", "draco": "keep", "dpcc": "keep"}


class Coded(NamedTuple):
    """The part of a file that a codec writes."""

    n: int  # points that come back
    header: dict[str, object]
    arrays: dict[str, np.ndarray | bytes]
    points: np.ndarray | None = None  # those that come back, (n, 3) float64, where the codec knows them


def duplicates_of(codec: str, duplicates: str | None) -> str:
    if duplicates is None:
        return KEPT[codec]
    check_option("duplicates", duplicates, DUPLICATES)
    if codec != "grid" and duplicates != KEPT[codec]:
        raise ValueError(
            f"duplicates must be None or {KEPT[codec]!r} for codec {codec!r}, received {duplicates!r}; "
            "codec 'grid' can do both"
        )
    return duplicates


def normals_of(cloud: object, codec: str) -> np.ndarray:
    """The normals of a cloud, at unit length."""
    if codec not in ("grid", "octree"):
        raise ValueError(f"normals must be False for codec {codec!r}, received True; use 'grid' or 'octree'")
    if not isinstance(cloud, Cloud) or cloud.normals is None:
        raise ValueError(
            "normals must be False for points without normals, received True; pass a Cloud that has them"
        )
    normals = cloud.normals.detach().cpu().double().numpy()
    length = np.linalg.norm(normals, axis=1)
    if normals.shape != cloud.points.shape or not (np.isfinite(length) & (length > 0)).all():
        raise ValueError(
            f"normals must be (N, 3), finite and not zero, received shape {normals.shape} with "
            f"{int((~(length > 0)).sum()):,} zero or NaN; estimate them anew"
        )
    return normals / length[:, None]


def code_grid(points: np.ndarray, normals: np.ndarray | None, step: float, duplicates: str) -> Coded:
    check_positive("step", step or 1.0, "length")  # 0: the points are in one place
    lattice, cells = to_grid(points, step)
    rows, owner = _in_order(cells, duplicates)
    return Coded(len(rows), {}, _arrays(lattice, encode_grid(cells[rows]), normals, rows, owner))


def code_octree(points: np.ndarray, normals: np.ndarray | None, bits: int) -> Coded:
    lattice, cells = to_octree(points, bits)
    rows, owner = _in_order(cells, "merge")
    depth = bits if lattice.step > 0 else 0
    stream = encode_octree(cells[rows], depth)
    return Coded(len(rows), {"depth": depth}, _arrays(lattice, stream, normals, rows, owner))


def _in_order(cells: np.ndarray, duplicates: str) -> tuple[np.ndarray, np.ndarray]:
    """The rows of the points that are kept, in Morton order, and which of them each point has become."""
    codes = interleave(cells)
    if duplicates == "merge":
        _, rows, owner = np.unique(codes, return_index=True, return_inverse=True)
        return rows, owner
    rows = np.argsort(codes, kind="stable")
    return rows, np.argsort(rows)


def _arrays(
    lattice: Lattice, stream: bytes, normals: np.ndarray | None, rows: np.ndarray, owner: np.ndarray
) -> dict[str, np.ndarray | bytes]:
    """Frame and stream, and that of the normals where there are any: of merged points their mean."""
    arrays: dict[str, np.ndarray | bytes] = {"frame": array_of(lattice), "stream": stream}
    if normals is None:
        return arrays
    total = np.stack([np.bincount(owner, normals[:, a], minlength=len(rows)) for a in range(3)], axis=1)
    opposite = np.abs(total).sum(1) < 1e-9  # two sides of a sheet: the first stands for both
    arrays["normals"] = encode_normals(np.where(opposite[:, None], normals[rows], total))
    return arrays


def code_draco(points: np.ndarray, bits: int) -> Coded:
    lattice, code = encode_draco(points, bits)
    return Coded(draco_count(code), {}, {"frame": array_of(lattice), "stream": code})
