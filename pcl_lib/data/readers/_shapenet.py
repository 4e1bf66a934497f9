"""ShapeNet as clouds: PointFlow's 15k points per shape, and ShapeNet-Part with a label per point."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import torch

from pcl_lib.data._cloud import Cloud
from pcl_lib.data.readers._errors import parsing, read_bytes, read_error
from pcl_lib.data.readers._make_clouds import make_cloud, rng_for, subset
from pcl_lib.data.readers._numpy_files import load_npy
from pcl_lib.data.readers._read_files import choose, collect, flatten, locate
from pcl_lib.data.readers._synsets import category_of, choose_synsets
from pcl_lib.data.readers._text import data_lines, read_table

SPLITS = ("train", "val", "test")
N_PARTS = 50


def shapenet_pc15k(
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
    """PointFlow's ShapeNetCore clouds, from ``ShapeNetCore.v2.PC15k/<synset>/{train,val,test}/*.npy``.

    ``categories`` by name ("airplane") or synset ("02691156"). ``n_points`` is a seeded random subset of the
    15,000; ``None`` keeps all (180 kB per shape). Coordinates are not normalised, as in the files.
    Sorted by synset, split and name.

    Cost: O(bytes). Errors: ReadError. Reference: chang2015shapenet, yang2019pointflow.
    """
    folder = "ShapeNetCore.v2.PC15k"
    base = locate(root, [folder], "*/*/*.npy", f"{folder}/<synset>/{{train,val,test}}/*.npy")
    synsets = choose_synsets(categories, (path.parent.parent.name for path in base.glob("*/*/*.npy")))
    splits = choose("split", split, SPLITS)
    files = sorted(f for synset in synsets for s in splits for f in (base / synset / s).glob("*.npy"))

    def read_one(path: Path) -> list[Cloud]:
        category = category_of(path.parent.parent.name)
        cloud = make_cloud(
            path, load_npy(path), category=category, split=path.parent.name, dtype=torch.float32
        )
        return [subset(cloud, n_points, rng_for(seed, path.name), path=path)]

    settings = {"n_points": n_points, "seed": seed}
    return flatten(
        collect(
            folder, files, read_one, root=base, files=files, settings=settings,
            cache_dir=cache_dir, progress=progress, on_error=on_error,
        )
    )  # fmt: skip


def shapenet_part(
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
    """ShapeNet-Part with normals and part labels (0 to 49, over all classes).

    From ``shapenetcore_partanno_segmentation_benchmark_v0_normal``: ``<synset>/<id>.txt`` (x y z nx ny nz
    label, some 2,500 lines), ``synsetoffset2category.txt``, ``train_test_split/shuffled_*_file_list.json``.
    Shapes come split by split (train, val, test), sorted inside; one that two lists name comes twice, and
    one that no list names does not come. ``categories`` by name ("Table") or synset.

    Cost: O(bytes). Errors: ReadError. Reference: yi2016shapenetpart.
    """
    folder = "shapenetcore_partanno_segmentation_benchmark_v0_normal"
    layout = f"{folder}/<synset>/<id>.txt, synsetoffset2category.txt and train_test_split/*.json"
    base = locate(root, [folder, "shapenet_part"], "train_test_split/*.json", layout)
    names_file = base / "synsetoffset2category.txt"
    names = _category_names(names_file)
    wanted = choose("categories", categories, [*names, *names.values()])
    chosen = {synset for synset, name in names.items() if synset in wanted or name in wanted}
    splits = sorted(choose("split", split, SPLITS), key=SPLITS.index)
    lists = {s: base / "train_test_split" / f"shuffled_{s}_file_list.json" for s in splits}
    entries = [
        (base / synset / f"{shape}.txt", names[synset], s)
        for s, listing in lists.items()
        for synset, shape in _split_list(listing, names)
        if synset in chosen
    ]

    def read_one(entry: tuple[Path, str, str]) -> list[Cloud]:
        path, category, part = entry
        table = read_table(path, (7,))
        labels = table[:, 6]
        if not ((labels >= 0) & (labels < N_PARTS)).all():
            raise read_error(
                path, f"part labels from {labels.min()} to {labels.max()}", expected=f"0 to {N_PARTS - 1}"
            )
        cloud = make_cloud(
            path,
            table[:, :3],
            normals=table[:, 3:6],
            labels=labels,
            category=category,
            split=part,
            dtype=torch.float32,
        )
        return [subset(cloud, n_points, rng_for(seed, path.name), path=path)]

    settings = {"n_points": n_points, "seed": seed, "entries": [(p.name, s) for p, _, s in entries]}
    files = [names_file, *lists.values(), *(path for path, _, _ in entries)]
    return flatten(
        collect(
            "shapenet_part", entries, read_one, root=base, files=files, settings=settings,
            cache_dir=cache_dir, progress=progress, on_error=on_error,
        )
    )  # fmt: skip


def _category_names(path: Path) -> dict[str, str]:
    expected = "lines such as 'Table 04379243'"
    with parsing(path, expected):
        rows = [line.split() for line in data_lines(path, expected)]
        return {synset: name for name, synset in rows}


def _split_list(path: Path, names: dict[str, str]) -> list[tuple[str, str]]:
    """Pairs (synset, shape) of a split file, sorted, each once (the official lists hold some twice)."""
    expected = 'a JSON list of names such as "shape_data/04379243/1a00aa6b"'
    with parsing(path, expected):
        entries = json.loads(read_bytes(path, expected))
        pairs = set()
        for entry in entries:
            match = re.fullmatch(r"shape_data/(\d+)/([\w.-]+)", entry)
            if match is None or match[1] not in names:
                raise read_error(path, f"the entry {entry!r}", expected=expected)
            pairs.add((match[1], match[2]))
    return sorted(pairs)
