"""MNIST digits (lecun1998mnist) as 2-D contour clouds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from scipy import ndimage
from skimage import measure

from pcl_lib._checks import check_integer
from pcl_lib.data._cloud import Cloud
from pcl_lib.data.digits import _SHORTEST, _along, _length
from pcl_lib.data.readers._errors import parsing, read_error
from pcl_lib.data.readers._idx import read_idx
from pcl_lib.data.readers._make_clouds import make_cloud, rng_for
from pcl_lib.data.readers._read_files import choose, collect, flatten, locate

PREFIXES = {"train": "train", "test": "t10k"}
LAYOUT = "MNIST/raw/{train,t10k}-images-idx3-ubyte and -labels-idx1-ubyte, plain or .gz"


def mnist(
    root: str | Path | None = None,
    *,
    split: str = "all",
    categories: str | Sequence[str] | None = None,
    n_points: int = 256,
    limit: int | None = None,
    seed: int = 0,
    cache_dir: str | Path | None = None,
    progress: bool = True,
    on_error: str = "raise",
) -> list[Cloud]:
    """MNIST digits as ``n_points`` points on their contours, in the frame of ``pcl_lib.data.digits``.

    Shapes: points (n_points, 2), x right, y up, in the box [-1, 1]^2; ``category`` is the digit "0" to "9".
    Test before train, each in the order of its file; ``limit`` keeps the first images of each split.
    Cost: about a millisecond per image, so use a cache for all 70,000. Errors: ReadError, also for an image
    without a contour. Reference: lecun1998mnist.
    """
    check_integer("n_points", n_points, 1)
    base = locate(root, ["MNIST/raw", "MNIST", "mnist"], "*-images*idx3-ubyte*", LAYOUT)
    wanted = set(choose("categories", categories, map(str, range(10))))
    items, files = [], []
    for part in choose("split", split, PREFIXES):
        image_file, label_file = (_find(base, PREFIXES[part], kind) for kind in ("images", "labels"))
        images, labels = read_idx(image_file, 3), read_idx(label_file, 1)
        if len(images) != len(labels) or labels.max(initial=0) > 9:
            raise read_error(
                label_file,
                f"{len(labels)} labels up to {labels.max(initial=0)} for {len(images)} images",
                expected=f"a label 0 to 9 for each image of {image_file}",
            )
        files += [image_file, label_file]
        items += [
            (part, image_file, row, images[row], str(labels[row]))
            for row in range(len(images))[:limit]
            if str(labels[row]) in wanted
        ]

    def read_one(item: tuple) -> list[Cloud]:
        part, path, row, image, category = item
        name, where = f"{part}/{row:05d}", f"{path} image {row}"
        with parsing(where, "a digit with a contour"):
            points = contour_cloud(image, n_points, start=rng_for(seed, name).random())
        return [make_cloud(where, points, name=name, category=category, split=part, dtype=torch.float32)]

    settings = {
        "split": split,
        "categories": sorted(wanted),
        "n_points": n_points,
        "limit": limit,
        "seed": seed,
    }
    return flatten(
        collect(
            "mnist", items, read_one, root=base, files=files, settings=settings,
            cache_dir=cache_dir, progress=progress, on_error=on_error,
        )
    )  # fmt: skip


def contour_cloud(
    image: np.ndarray, n_points: int, *, start: float, level: float = 127.5, factor: int = 2
) -> np.ndarray:
    """Points (n_points, 2) at equal steps of arc length on the contours of a grey image at ``level``.

    The image is sampled ``factor`` times finer by its cubic spline; outlines and holes are run through one
    after the other from the fraction ``start`` in [0, 1) of a step. The box of the contours is centred at the
    origin with its longer side from -1 to 1. Cost: O(pixels factor^2). Errors: ValueError without a contour.

    >>> disk = 255.0 * (np.hypot(*(np.mgrid[:28, :28] - 13.5)) < 8)
    >>> cloud = contour_cloud(disk, 100, start=0.0)
    >>> bool((abs(np.linalg.norm(cloud, axis=1) - 1) < 0.1).all())
    True
    """
    fine = ndimage.zoom(
        np.pad(image.astype(np.float64), 2), factor, order=3, grid_mode=True, mode="grid-constant"
    )
    found = [c[:, ::-1] * [1.0, -1.0] / factor for c in measure.find_contours(fine, level)]
    curves = [c for c in found if _length(c) >= _SHORTEST]
    if not curves:
        raise ValueError(f"no contour at grey level {level}, the image has {image.min()} to {image.max()}")
    corners = np.concatenate(curves)
    low, high = corners.min(0), corners.max(0)
    curves = [(c - (low + high) / 2) * (2 / (high - low).max()) for c in curves]
    return _along(curves, (np.arange(n_points) + start) / n_points)


def _find(base: Path, prefix: str, kind: str) -> Path:
    """The file of a split in any of its usual spellings; a plain one before a compressed one."""
    ending = "idx3-ubyte" if kind == "images" else "idx1-ubyte"
    for name in (f"{prefix}-{kind}-{ending}", f"{prefix}-{kind}.{ending}"):
        for path in (base / name, base / f"{name}.gz"):
            if path.exists():
                return path
    raise read_error(
        base,
        f"there is no {prefix}-{kind}-{ending}",
        expected=LAYOUT,
        fix="unpack the file, or choose split=",
    )
