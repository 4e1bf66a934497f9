"""Any folder of clouds or meshes, and many clouds packed in one ``.npz``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from pcl_lib.data._cloud import Cloud
from pcl_lib.data.readers._any_file import CLOUD_SUFFIXES, MESH_SUFFIXES, read_cloud
from pcl_lib.data.readers._errors import read_error
from pcl_lib.data.readers._make_clouds import make_cloud, rng_for, subset
from pcl_lib.data.readers._numpy_files import load_npz
from pcl_lib.data.readers._read_files import choose, collect, flatten, locate

ANYTHING = (".txt", ".csv", ".bin", ".h5", ".hdf5")


def plain(
    root: str | Path | None = None,
    *,
    pattern: str = "**/*",
    n_points: int | None = None,
    seed: int = 0,
    dtype: torch.dtype | None = None,
    drop_bad: bool = False,
    cache_dir: str | Path | None = None,
    progress: bool = True,
    on_error: str = "raise",
) -> list[Cloud]:
    """Every cloud and mesh below a folder that matches ``pattern``, sorted by path; see ``read_cloud``.

    ``.txt .csv .bin .h5 .hdf5``, which hold other things as often, are read only if the pattern ends in
    their suffix, as ``pattern="**/*.txt"``. The path below the folder is the name, its first folder the
    category. Cost: O(bytes). Errors: ReadError.
    """
    known = {
        suffix
        for suffix in (*CLOUD_SUFFIXES, *MESH_SUFFIXES)
        if suffix not in ANYTHING or pattern.lower().endswith(suffix)
    }
    layout = f"a folder with files {' '.join(sorted(known))}"
    base = locate(root, [], pattern, layout)
    files = sorted(f for f in base.glob(pattern) if f.suffix.lower() in known)
    if not files:
        raise read_error(
            base, f"no file that matches {pattern} has a known format", expected=layout, fix="check pattern="
        )

    def read_one(path: Path) -> list[Cloud]:
        inside = path.relative_to(base)
        cloud = read_cloud(path, n_points=n_points, seed=seed, dtype=dtype, drop_bad=drop_bad)
        category = inside.parts[0] if len(inside.parts) > 1 else None
        return [replace(cloud, name=inside.with_suffix("").as_posix(), category=category)]

    return flatten(
        collect(
            "plain", files, read_one, root=base, files=files,
            settings={"n_points": n_points, "seed": seed, "dtype": str(dtype), "drop_bad": drop_bad},
            cache_dir=cache_dir, progress=progress, on_error=on_error,
        )
    )  # fmt: skip


def packed(
    path: str | Path, *, category: str | None = None, n_points: int | None = None, seed: int = 0
) -> list[Cloud]:
    """Clouds of one size in one ``.npz``: ``points`` (S, N, D), ``name`` (S,) and, if there, ``split`` (S,).

    In the order of the file. Cost: O(S N). Errors: ReadError.
    """
    got = load_npz(path, ["points", "name"], ["split"])
    points, names, splits = got["points"], got["name"], got.get("split")
    if (
        points.ndim != 3
        or names.shape != points.shape[:1]
        or (splits is not None and splits.shape != names.shape)
    ):
        shapes = {key: array.shape for key, array in got.items()}
        raise read_error(
            path, f"arrays of shapes {shapes}", expected="points (S, N, D), name (S,), split (S,)"
        )
    clouds = []
    for row, name in enumerate(names.tolist()):
        split = None if splits is None else str(splits[row])
        cloud = make_cloud(f"{path} row {row}", points[row], name=str(name), category=category, split=split)
        clouds.append(subset(cloud, n_points, rng_for(seed, str(name)), path=path))
    return clouds


def airplanes(
    root: str | Path | None = None,
    *,
    split: str | Sequence[str] = "all",
    n_points: int | None = None,
    seed: int = 0,
) -> list[Cloud]:
    """All 726 airplanes of ModelNet40 (626 train, 100 test), from ``airplanes/airplanes_726x2048.npz``.

    2,048 points each, in the unit ball, a random subset of 4,096 in farthest-point order, stored as
    float16 (so coordinates are exact to about 5e-4). Some differ in yaw, as in the benchmark. One file of
    8 MB, read in a fraction of a second: no cache, no progress bar.

    Cost: O(bytes). Errors: ReadError. Reference: wu2015modelnet.
    """
    name = "airplanes_726x2048.npz"
    base = locate(root, ["airplanes"], name, f"airplanes/{name} with points (S, N, 3), name and split")
    wanted = set(choose("split", split, ("train", "test")))
    clouds = packed(base / name, category="airplane", n_points=n_points, seed=seed)
    return [cloud for cloud in clouds if cloud.split in wanted]
