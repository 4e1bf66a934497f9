"""From arrays of a file to a ``Cloud``: the checks that every loader shares, and seeded subsets."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import TypedDict

import numpy as np
import torch
from torch import Tensor

from pcl_lib._checks import check_integer
from pcl_lib.data._cloud import Cloud
from pcl_lib.data.readers._errors import ReadError, read_error

# A shift of a point by this share of the cloud's longest side is the most that single precision may cost.
ROUNDING = 1e-6


class Options(TypedDict, total=False):
    """What every reader of one file hands on to ``make_cloud``."""

    dtype: torch.dtype | None
    drop_bad: bool


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
    dtype: torch.dtype | None = None,
    drop_bad: bool = False,
    dropped: int = 0,
) -> Cloud:
    """A ``Cloud`` of finite points in 2-D or 3-D, or a ``ReadError`` that names ``path``.

    Normals need the shape of the points, colours (N, 3), labels (N,) whole numbers. Colours keep the
    type that the source stores (8-bit stays 8-bit, everything else becomes float32), normals are float32.

    ``dtype=None``: points are float32, unless that would move one of them by more than 1e-6 of the
    longest side of their box; then float64, so that surveyed coordinates far from the origin keep
    their digits. torch.float32 and torch.float64 decide for all files.
    ``drop_bad`` leaves out rows with a NaN or infinite point, normal or colour; the count is added to
    ``dropped``, of the cloud.

    Cost: O(N). Errors: ReadError.

    >>> make_cloud("square.npy", np.array([[0, 0], [0, 1], [1, 0], [1, 1]])).points.shape
    torch.Size([4, 2])
    >>> make_cloud("street.las", np.array([[0, 4_500_000.1], [0, 4_500_000.2]])).points.dtype
    torch.float64
    """
    if dtype not in (None, torch.float32, torch.float64):
        raise ValueError(f"dtype must be torch.float32, torch.float64 or None, received {dtype}")
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
    if labels is not None and np.shape(labels) != (len(points),):
        raise read_error(
            path, f"the labels have shape {np.shape(labels)}", expected=f"{len(points)} whole numbers"
        )
    rows = {"points": points, "normals": normals, "colours": colors}
    single = {what: _single(path, values, what) for what, values in rows.items() if values is not None}
    good = np.logical_and.reduce([np.isfinite(values).all(axis=1) for values in single.values()])
    if not good.all():
        if not drop_bad:
            raise _not_finite(path, rows, single)
        if not good.any():
            raise read_error(path, f"all {len(points)} points are NaN or infinite", expected="a finite one")
        dropped += int((~good).sum())
        points, single = points[good], {what: values[good] for what, values in single.items()}
        labels = None if labels is None else np.asarray(labels)[good]
    return Cloud(
        torch.from_numpy(_rounded(points, single["points"], dtype)),
        None if normals is None else torch.from_numpy(single["normals"]),
        None if colors is None else torch.from_numpy(single["colours"]),
        None if labels is None else _labels(path, np.asarray(labels)),
        Path(path).stem if name is None else name,
        category,
        split,
        dropped,
    )


def _single(path: str | Path, values: np.ndarray, what: str) -> np.ndarray:
    """A copy in float32, where what is beyond its range becomes infinite; 8-bit colours stay as they are."""
    values = np.asarray(values)
    if values.dtype.kind not in "fiu":
        raise read_error(path, f"the {what} have type {values.dtype}", expected="numbers")
    with np.errstate(all="ignore"):
        keep = what == "colours" and values.dtype == np.uint8
        return np.array(values, dtype=np.uint8 if keep else np.float32)


def _rounded(points: np.ndarray, single: np.ndarray, dtype: torch.dtype | None) -> np.ndarray:
    """The points in the type that was asked for, or in float64 where rounding would move them too far."""
    if dtype == torch.float64:
        return points.astype(np.float64)
    if dtype == torch.float32 or points.dtype in (np.float32, np.float16):
        return single
    double = points.astype(np.float64)
    extent = (double.max(axis=0) - double.min(axis=0)).max()
    return double if np.abs(double - single).max() > ROUNDING * extent else single


def _not_finite(
    path: str | Path, rows: dict[str, np.ndarray | None], single: dict[str, np.ndarray]
) -> ReadError:
    bad_rows = {what: np.flatnonzero(~np.isfinite(values).all(axis=1)) for what, values in single.items()}
    what, bad = next((what, bad) for what, bad in bad_rows.items() if len(bad))
    example = np.asarray(rows[what])[bad[0]].tolist()
    return read_error(
        path,
        f"{len(bad)} of {len(single[what])} {what} are NaN or infinite, as row {bad[0]}: {example}",
        expected="finite float32 coordinates",
        fix="read_cloud(path, drop_bad=True) leaves these rows out; or fetch the file again",
    )


def _labels(path: str | Path, labels: np.ndarray) -> Tensor:
    if labels.dtype.kind not in "fiu":
        raise read_error(path, f"the labels have type {labels.dtype}", expected="whole numbers")
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
    check_integer("n_points", n_points, 1, hint="; None keeps all")
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
