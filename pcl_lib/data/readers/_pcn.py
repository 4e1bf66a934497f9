"""PCN's pairs of a partial scan and the complete shape (yuan2018pcn), for completion."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch

from pcl_lib.data._cloud import Cloud
from pcl_lib.data.readers._errors import read_error
from pcl_lib.data.readers._make_clouds import rng_for, subset
from pcl_lib.data.readers._pcd import read_pcd
from pcl_lib.data.readers._read_files import choose, collect, locate
from pcl_lib.data.readers._synsets import category_of, choose_synsets

SPLITS = ("train", "val", "test")


class CompletionPair(NamedTuple):
    """What a scanner saw of a shape, and all of it."""

    partial: Cloud
    complete: Cloud


def pcn(
    root: str | Path | None = None,
    *,
    split: str = "all",
    categories: str | Sequence[str] | None = None,
    views: Sequence[int] | None = None,
    n_partial: int | None = 2048,
    n_complete: int | None = None,
    seed: int = 0,
    cache_dir: str | Path | None = None,
    progress: bool = True,
    on_error: str = "raise",
) -> list[CompletionPair]:
    """Pairs (partial, complete) of PCN, sorted by split, class, shape and view.

    Layout: ``PCN/<split>/partial/<synset>/<id>/00.pcd``, ``01.pcd``, ... (or one ``<id>.pcd``) beside
    ``PCN/<split>/complete/<synset>/<id>.pcd``. ``views`` keeps only those numbers. A partial scan has any
    number of points; as the paper does, ``n_partial`` takes a random subset, or repeats points where there
    are fewer; ``None`` keeps what the file holds. ``n_complete`` is a subset of the 16,384. All pairs of a
    shape share one complete cloud.

    Cost: O(bytes); a complete cloud is 200 kB and 28,974 shapes have 8 views, so choose what fits in
    memory. Errors: ReadError, also for a partial scan without its complete shape. Reference: yuan2018pcn.
    """
    layout = "PCN/{train,val,test}/partial/<synset>/<id>/00.pcd and PCN/<split>/complete/<synset>/<id>.pcd"
    base = locate(root, ["PCN", "ShapeNetCompletion", "pcn", "shapenet"], "*/partial/*/*", layout)
    splits = choose("split", split, SPLITS)
    synsets = choose_synsets(
        categories, (path.name for s in splits for path in (base / s / "partial").glob("*"))
    )
    shapes = sorted(
        path
        for s in splits
        for synset in synsets
        for path in (base / s / "partial" / synset).glob("*")
        if path.is_dir() or path.suffix == ".pcd"
    )
    scans = {shape: _scans(shape, views) for shape in shapes}
    shapes = [shape for shape in shapes if scans[shape]]
    complete = {
        s: base / s.relative_to(base).parts[0] / "complete" / s.parent.name / f"{s.stem}.pcd" for s in shapes
    }

    def read_one(shape: Path) -> list[Cloud]:
        target = complete[shape]
        if not target.exists():
            raise read_error(
                shape,
                f"its complete shape {target} is missing",
                expected=layout,
                fix="unpack the archive again",
            )
        key = f"{shape.parent.name}/{shape.stem}"
        tags = {"category": category_of(shape.parent.name), "split": target.relative_to(base).parts[0]}
        clouds = [_read(target, n_complete, seed, key, repeat=False, **tags)]
        for scan in scans[shape]:
            name = f"{key}/{scan.stem}" if scan != shape else key
            clouds.append(_read(scan, n_partial, seed, name, repeat=True, **tags))
        return clouds

    settings = {
        "views": views and list(views),
        "n_partial": n_partial,
        "n_complete": n_complete,
        "seed": seed,
    }
    groups = collect(
        "pcn", shapes, read_one, root=base, settings=settings,
        files=[f for shape in shapes for f in (complete[shape], *scans[shape])],
        cache_dir=cache_dir, progress=progress, on_error=on_error,
    )  # fmt: skip
    return [CompletionPair(partial, whole) for whole, *partials in groups for partial in partials]


def _scans(shape: Path, views: Sequence[int] | None) -> list[Path]:
    """The partial scans of a shape: the files of its folder, or itself where there is one view."""
    if shape.is_file():
        return [shape]
    files = sorted(shape.glob("*.pcd"))
    return files if views is None else [f for f in files if f.stem.isdigit() and int(f.stem) in views]


def _read(
    path: Path, n: int | None, seed: int, name: str, *, repeat: bool, category: str, split: str
) -> Cloud:
    cloud = subset(read_pcd(path, dtype=torch.float32), n, rng_for(seed, name), path=path, repeat=repeat)
    return Cloud(cloud.points, cloud.normals, name=name, category=category, split=split)
