"""ModelNet10 / 40 (wu2015modelnet) in its three common forms: meshes, HDF5 tables, text with normals."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from pcl_lib.data._cloud import Cloud
from pcl_lib.data.readers._any_file import sample_mesh
from pcl_lib.data.readers._errors import read_error
from pcl_lib.data.readers._hdf5 import load_hdf5
from pcl_lib.data.readers._make_clouds import make_cloud, rng_for, subset
from pcl_lib.data.readers._off import read_off
from pcl_lib.data.readers._read_files import choose, collect, flatten, locate
from pcl_lib.data.readers._text import data_lines, read_table

SPLITS = ("train", "test")


def modelnet10(
    root: str | Path | None = None,
    *,
    split: str = "all",
    categories: str | Sequence[str] | None = None,
    n_points: int | None = 2048,
    seed: int = 0,
    cache_dir: str | Path | None = None,
    progress: bool = True,
    on_error: str = "raise",
) -> list[Cloud]:
    """ModelNet10 meshes as clouds: as ``modelnet40``, from ``ModelNet10/<class>/{train,test}/*.off``."""
    return _meshes("ModelNet10", root, split, categories, n_points, seed, cache_dir, progress, on_error)


def modelnet40(
    root: str | Path | None = None,
    *,
    split: str = "all",
    categories: str | Sequence[str] | None = None,
    n_points: int | None = 2048,
    seed: int = 0,
    cache_dir: str | Path | None = None,
    progress: bool = True,
    on_error: str = "raise",
) -> list[Cloud]:
    """ModelNet40 meshes as clouds, from ``ModelNet40/<class>/{train,test}/*.off``.

    Each mesh is sampled to ``n_points`` uniform by area, with face normals (``None``: its vertices as they
    are, without normals). Coordinates keep the units of the file, which differ from shape to shape:
    normalise with ``pcl_lib.data.transforms``. Sorted by class, split and name.

    Cost: O(bytes). Errors: ReadError. Reference: wu2015modelnet.
    """
    return _meshes("ModelNet40", root, split, categories, n_points, seed, cache_dir, progress, on_error)


def _meshes(
    folder: str,
    root: str | Path | None,
    split: str,
    categories: str | Sequence[str] | None,
    n_points: int | None,
    seed: int,
    cache_dir: str | Path | None,
    progress: bool,
    on_error: str,
) -> list[Cloud]:
    base = locate(root, [folder], "*/*/*.off", f"{folder}/<class>/{{train,test}}/*.off")
    splits = choose("split", split, SPLITS)
    classes = choose("categories", categories, (path.parent.parent.name for path in base.glob("*/*/*.off")))
    files = sorted(f for c in classes for s in splits for f in (base / c / s).glob("*.off"))

    def read_one(path: Path) -> list[Cloud]:
        part, category = path.parent.name, path.parent.parent.name
        return [
            sample_mesh(
                read_off(path),
                n_points,
                seed=seed,
                path=path,
                category=category,
                split=part,
                dtype=torch.float32,
            )
        ]

    settings = {"n_points": n_points, "seed": seed}
    return flatten(
        collect(
            folder, files, read_one, root=base, files=files, settings=settings,
            cache_dir=cache_dir, progress=progress, on_error=on_error,
        )
    )  # fmt: skip


def modelnet40_hdf5(
    root: str | Path | None = None,
    *,
    split: str = "all",
    categories: str | Sequence[str] | None = None,
    n_points: int | None = None,
    seed: int = 0,
    cache_dir: str | Path | None = None,
    progress: bool = True,
    on_error: str = "raise",
) -> list[Cloud]:
    """PointNet's ModelNet40, 2,048 points each, from ``modelnet40_ply_hdf5_2048/ply_data_{train,test}*.h5``.

    Normals where the file has them; class names from ``shape_names.txt``; a shape is named by its file and
    row. ``n_points`` draws a seeded random subset (the rows are random draws already, so PointNet's habit
    of taking the first n is the same in law).

    Cost: O(bytes). Errors: ReadError. Reference: wu2015modelnet.
    """
    folder = "modelnet40_ply_hdf5_2048"
    base = locate(
        root, [folder], "ply_data_*.h5", f"{folder}/ply_data_{{train,test}}*.h5 and shape_names.txt"
    )
    names_file = base / "shape_names.txt"
    names = data_lines(names_file, "one class name per line, in the order of the labels")
    wanted = set(choose("categories", categories, names))
    files = sorted(f for s in choose("split", split, SPLITS) for f in base.glob(f"ply_data_{s}*.h5"))

    def read_one(path: Path) -> list[Cloud]:
        part = "train" if path.name.startswith("ply_data_train") else "test"
        table = load_hdf5(path, ["data", "label"], ["normal"])
        points, labels, normals = table["data"], table["label"].reshape(-1), table.get("normal")
        if (
            points.ndim != 3
            or len(labels) != len(points)
            or (normals is not None and normals.shape != points.shape)
        ):
            shapes = {name: array.shape for name, array in table.items()}
            raise read_error(
                path, f"tables of shapes {shapes}", expected="data (S, N, 3), label (S, 1), normal (S, N, 3)"
            )
        if labels.min(initial=0) < 0 or labels.max(initial=0) >= len(names):
            raise read_error(
                path, f"labels up to {labels.max()}", expected=f"0 to {len(names) - 1}, see {names_file}"
            )
        clouds = []
        for row, label in enumerate(labels.tolist()):
            if names[label] not in wanted:
                continue
            name = f"{path.stem}/{row:04d}"
            cloud = make_cloud(
                f"{path} row {row}", points[row], normals=None if normals is None else normals[row],
                name=name, category=names[label], split=part, dtype=torch.float32,
            )  # fmt: skip
            clouds.append(subset(cloud, n_points, rng_for(seed, name), path=path))
        return clouds

    settings = {"n_points": n_points, "seed": seed, "categories": sorted(wanted)}
    return flatten(
        collect(
            folder, files, read_one, root=base, files=[names_file, *files], settings=settings,
            cache_dir=cache_dir, progress=progress, on_error=on_error,
        )
    )  # fmt: skip


def modelnet40_normals(
    root: str | Path | None = None,
    *,
    split: str = "all",
    categories: str | Sequence[str] | None = None,
    n_points: int | None = 2048,
    seed: int = 0,
    first: bool = False,
    cache_dir: str | Path | None = None,
    progress: bool = True,
    on_error: str = "raise",
) -> list[Cloud]:
    """PointNet++'s ModelNet40, 10,000 points with normals: ``modelnet40_normal_resampled/<class>/*.txt``.

    The splits come from ``modelnet40_{train,test}.txt`` there. The rows are in farthest-point order:
    ``first=True`` takes the first ``n_points`` (evenly spread, PointNet++'s input), the default a seeded
    random subset (uniform by area, as a sensor or a sampler gives).

    Cost: O(bytes). Errors: ReadError. Reference: wu2015modelnet, qi2017pointnet2.
    """
    folder = "modelnet40_normal_resampled"
    layout = f"{folder}/<class>/<class>_0001.txt and modelnet40_{{train,test}}.txt"
    base = locate(root, [folder], "modelnet40_*.txt", layout)
    lists = [base / f"modelnet40_{s}.txt" for s in choose("split", split, SPLITS)]
    entries = []
    for listing in lists:
        part = listing.stem.removeprefix("modelnet40_")
        for name in sorted(set(data_lines(listing, "one shape name per line"))):
            category, _, number = name.rpartition("_")
            if not category or not number.isdigit() or "/" in name:
                raise read_error(listing, f"the entry {name!r}", expected="names like airplane_0001")
            entries.append((base / category / f"{name}.txt", category, part))
    wanted = set(choose("categories", categories, (category for _, category, _ in entries)))
    entries = [entry for entry in entries if entry[1] in wanted]

    def read_one(entry: tuple[Path, str, str]) -> list[Cloud]:
        path, category, part = entry
        table = read_table(path, (6,))
        cloud = make_cloud(
            path, table[:, :3], normals=table[:, 3:], category=category, split=part, dtype=torch.float32
        )
        return [subset(cloud, n_points, rng_for(seed, path.name), path=path, first=first)]

    settings = {"n_points": n_points, "seed": seed, "first": first, "categories": sorted(wanted)}
    files = [*lists, *(path for path, _, _ in entries)]
    return flatten(
        collect(
            folder, entries, read_one, root=base, files=files, settings=settings,
            cache_dir=cache_dir, progress=progress, on_error=on_error,
        )
    )  # fmt: skip
