"""A cloud as a file that others read."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from plyfile import PlyData, PlyElement

from pcl_lib._checks import check_cloud
from pcl_lib._files import write_whole
from pcl_lib.data import Cloud

SUFFIXES = (".ply", ".xyz", ".npy")


def write_cloud(path: str | Path, cloud: Cloud) -> None:
    """Write the points of a cloud, whole or not at all, with its normals and colours in ``.ply``.

    - `path`: ``.ply`` (binary), ``.xyz`` (text) or ``.npy``; folders above it are made.
    - `cloud`: (N, 3).

    ``.ply`` and ``.npy`` keep float32 and float64; ``.xyz`` has as many digits as give the same numbers back. Cost:
    O(N). Errors: `ValueError` for another ending, points that are not finite or not (N, 3); `OSError`.

    >>> import tempfile, torch
    >>> from pcl_lib.data import read_cloud
    >>> path = Path(tempfile.mkdtemp()) / "a" / "three.ply"
    >>> write_cloud(path, Cloud(torch.tensor([[0.0, 0.1, 2e7], [1, 1, 1], [2, 2, 2]])))
    >>> read_cloud(path).points[0].tolist()
    [0.0, 0.1, 20000000.0]
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(f"path must end in {', '.join(SUFFIXES)}, received {path.name!r}")
    check_cloud(cloud.points, "cloud.points", dims=3)
    points = cloud.points.cpu().numpy()
    content = io.BytesIO()
    if suffix == ".npy":
        np.save(content, points)
    elif suffix == ".xyz":
        digits = "%.17g" if points.dtype == np.float64 else "%.9g"
        np.savetxt(content, points, fmt=digits)
    else:
        PlyData([PlyElement.describe(_table(cloud, points), "vertex")], byte_order="<").write(content)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, content.getvalue())


def _table(cloud: Cloud, points: np.ndarray) -> np.ndarray:
    columns = dict(zip("xyz", points.T, strict=True))
    if cloud.normals is not None:
        columns |= dict(zip(("nx", "ny", "nz"), cloud.normals.cpu().numpy().T, strict=True))
    if cloud.colors is not None:
        columns |= dict(zip(("red", "green", "blue"), cloud.colors.cpu().numpy().T, strict=True))
    table = np.empty(len(points), dtype=[(name, column.dtype.str) for name, column in columns.items()])
    for name, column in columns.items():
        table[name] = column
    return table
