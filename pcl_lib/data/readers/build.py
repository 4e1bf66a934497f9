"""From arrays of a file to a ``Cloud``: the checks that every loader shares, and seeded subsets."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from pcl_lib.data.cloud import Cloud
from pcl_lib.data.readers.errors import read_error


def make_cloud(
    path: str | Path,
    points: np.ndarray,
    *,
    normals: np.ndarray | None = None,
    colors: np.ndarray | None = None,
    labels: np.ndarray | None = None,
    name: str | None = None,
    category: str | None = None,
    split: str | None = None,
) -> Cloud:
    """A ``Cloud`` of finite float32 points in 2-D or 3-D, or a ``ReadError`` that names ``path``.

    Normals need the shape of the points, colours (N, 3), labels (N,) whole numbers. Colours keep the
    type that the source stores (8-bit stays 8-bit, everything else becomes float32).

    Cost: O(N). Errors: ReadError.

    >>> make_cloud("square.npy", np.array([[0, 0], [0, 1], [1, 0], [1, 1]])).points.shape
    torch.Size([4, 2])
    """
    points = np.asarray(points)
    if points.ndim != 2 or points.shape[1] not in (2, 3):
        raise read_error(
            path,
            f"the points have shape {points.shape} and type {points.dtype}",
            expected="numbers of shape (N, 2) or (N, 3)",
        )
    if len(points) == 0:
        raise read_error(path, "there are no points in it", expected="at least one point")
    if normals is not None and np.shape(normals) != points.shape:
        raise read_error(
            path, f"the normals have shape {np.shape(normals)}", expected=f"{points.shape} as the points"
        )
    if colors is not None and np.shape(colors) != (len(points), 3):
        raise read_error(path, f"the colours have shape {np.shape(colors)}", expected=f"{(len(points), 3)}")
    return Cloud(
        _finite(path, points, "points"),
        None if normals is None else _finite(path, normals, "normals"),
        None if colors is None else _colors(path, np.asarray(colors)),
        None if labels is None else _labels(path, np.asarray(labels), len(points)),
        Path(path).stem if name is None else name,
        category,
        split,
    )


def _finite(path: str | Path, values: np.ndarray, what: str) -> Tensor:
    values = np.asarray(values)
    if values.dtype.kind not in "fiu":
        raise read_error(path, f"the {what} have type {values.dtype}", expected="numbers")
    with np.errstate(
        all="ignore"
    ):  # a float64 beyond float32's range becomes inf, which the next line reports
        single = np.array(values, dtype=np.float32)
    bad = np.flatnonzero(~np.isfinite(single).all(axis=1))
    if len(bad):
        row = int(bad[0])
        raise read_error(
            path,
            f"{len(bad)} of {len(single)} {what} are NaN or infinite, as row {row}: {values[row].tolist()}",
            expected="finite float32 coordinates",
            fix="remove these rows or fetch the file again",
        )
    return torch.from_numpy(single)


def _colors(path: str | Path, colors: np.ndarray) -> Tensor:
    return torch.from_numpy(colors.copy()) if colors.dtype == np.uint8 else _finite(path, colors, "colours")


def _labels(path: str | Path, labels: np.ndarray, n: int) -> Tensor:
    if labels.shape != (n,) or labels.dtype.kind not in "fiu":
        raise read_error(
            path,
            f"the labels have shape {labels.shape} and type {labels.dtype}",
            expected=f"{n} whole numbers",
        )
    with np.errstate(all="ignore"):
        whole = labels.astype(np.int64)
    bad = np.flatnonzero(whole != labels)
    if len(bad):
        raise read_error(path, f"label {labels[bad[0]]} in row {bad[0]}", expected="whole numbers as labels")
    return torch.from_numpy(whole)


def rng_for(seed: int, key: str) -> np.random.Generator:
    """A generator for one shape: its draws do not depend on which others are read, or in what order."""
    return np.random.default_rng((seed, zlib.crc32(key.encode())))


def subset(
    cloud: Cloud,
    n_points: int | None,
    rng: np.random.Generator,
    *,
    path: str | Path,
    first: bool = False,
    repeat: bool = False,
) -> Cloud:
    """``n_points`` of a cloud, drawn uniformly without replacement; ``None`` keeps all, in file order.

    ``first`` takes the first rows instead of random ones. A cloud with fewer points is an error, or,
    with ``repeat``, all its points and then random repeats.
    """
    if n_points is None:
        return cloud
    if n_points < 1:
        raise ValueError(f"n_points: expected at least 1 or None, got {n_points}")
    order = (np.arange(len(cloud)) if first else rng.permutation(len(cloud)))[:n_points]
    if len(order) < n_points:
        if not repeat:
            raise read_error(
                path,
                f"it has {len(cloud)} points",
                expected=f"at least n_points={n_points}",
                fix="ask for fewer points, or pass n_points=None and resample with pcl_lib.data.stack",
            )
        order = np.concatenate([order, rng.integers(len(cloud), size=n_points - len(order))])
    return cloud.select(torch.from_numpy(order))
