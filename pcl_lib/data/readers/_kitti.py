"""KITTI's velodyne scans (geiger2012kitti); SemanticKITTI stores the same files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Unpack

import numpy as np

from pcl_lib.data._cloud import Cloud
from pcl_lib.data.readers._errors import read_bytes, read_error
from pcl_lib.data.readers._make_clouds import Options, make_cloud, rng_for, subset
from pcl_lib.data.readers._read_files import collect, flatten, locate

EXPECTED = "a velodyne scan: x y z reflectance as little-endian float32, 16 bytes for each point"


def read_velodyne(path: str | Path, **options: Unpack[Options]) -> Cloud:
    """One ``.bin`` scan, in metres in the sensor's frame; the reflectance in [0, 1] becomes a grey (N, 3).

    The format has no header: a size that is no multiple of 16 or a reflectance outside [0, 1] (which a
    shift by a few bytes causes) is an error. Cost: O(N). Errors: ReadError.
    """
    raw = read_bytes(path, EXPECTED)
    if len(raw) % 16:
        raise read_error(path, f"it has {len(raw)} bytes", expected=EXPECTED)
    table = np.frombuffer(raw, "<f4").reshape(-1, 4)
    outside = np.flatnonzero(~((table[:, 3] >= 0) & (table[:, 3] <= 1)))
    if len(outside):
        raise read_error(
            path,
            f"reflectance {table[outside[0], 3]} at point {outside[0]}",
            expected=f"{EXPECTED}, in [0, 1]",
        )
    return make_cloud(path, table[:, :3], colors=np.repeat(table[:, 3:], 3, axis=1), **options)


def kitti(
    root: str | Path | None = None,
    *,
    sequences: Sequence[str] | None = None,
    n_points: int | None = None,
    seed: int = 0,
    cache_dir: str | Path | None = None,
    progress: bool = True,
    on_error: str = "raise",
) -> list[Cloud]:
    """Every ``.bin`` below a folder ``velodyne`` or ``velodyne_points``, sorted by path, which is its name.

    Reads the layouts of KITTI object (``training/velodyne/000000.bin``), odometry and SemanticKITTI
    (``sequences/00/velodyne/000000.bin``) and raw (``<date>/<drive>/velodyne_points/data/...``).
    ``sequences`` keeps the scans with one of these names among their folders. ``n_points`` is a seeded
    random subset. A scan is about 120,000 points, 3 MB with colours.

    Cost: O(bytes). Errors: ReadError. Reference: geiger2012kitti.
    """
    layout = "KITTI/**/velodyne/*.bin or KITTI/**/velodyne_points/data/*.bin"
    base = locate(root, ["KITTI", "kitti", "SemanticKITTI"], "**/velodyne*/**/*.bin", layout)
    files = sorted(base.glob("**/velodyne*/**/*.bin"))
    if sequences is not None:
        present = {part for f in files for part in f.relative_to(base).parts[:-1]}
        unknown = sorted(set(sequences) - present)
        if unknown:
            raise ValueError(
                f"sequences must be some of {', '.join(sorted(present))}, received {', '.join(unknown)}"
            )
        files = [f for f in files if set(sequences) & set(f.relative_to(base).parts[:-1])]

    def read_one(path: Path) -> list[Cloud]:
        name = path.relative_to(base).with_suffix("").as_posix()
        cloud = subset(read_velodyne(path), n_points, rng_for(seed, name), path=path)
        return [Cloud(cloud.points, colors=cloud.colors, name=name)]

    return flatten(
        collect(
            "kitti", files, read_one, root=base, files=files, settings={"n_points": n_points, "seed": seed},
            cache_dir=cache_dir, progress=progress, on_error=on_error,
        )
    )  # fmt: skip
