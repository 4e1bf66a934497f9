"""Read once, keep the result: a file per reading, whole or absent, never a stale one."""

from __future__ import annotations

import hashlib
import json
import os
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from pcl_lib._files import PARTIAL, write_whole
from pcl_lib.data._cloud import Cloud
from pcl_lib.data.readers._errors import ReadError, ReadWarning, parsing
from pcl_lib.data.readers._numpy_files import load_npz

Groups = list[list[Cloud]]
FIELDS = ("points", "normals", "colors", "labels")
LEFTOVER_SECONDS = 24 * 3600
# All of it, however deep: a file that was left out would let a reading of older code be served.
CODE = Path(__file__).parents[1]


def cache_path(
    reader: str,
    settings: Mapping[str, object],
    root: Path,
    files: Sequence[Path],
    cache_dir: str | Path | None,
) -> Path | None:
    """Where this reading is kept: ``cache_dir``, else the folder in ``PCL_CACHE``, else nowhere (``None``).

    The name holds a hash of the reader, its settings, the code of ``pcl_lib.data``, and the path, size and
    modification time of every file: change any of them and the reading is done anew.
    """
    folder = cache_dir or os.environ.get("PCL_CACHE")
    if not folder:
        return None
    digest = hashlib.sha256()
    for source in sorted(CODE.rglob("*.py")):
        digest.update(source.relative_to(CODE).as_posix().encode() + b"\0" + source.read_bytes())
    listing = [(os.path.relpath(file, root), *_stamp(file)) for file in files]
    digest.update(json.dumps([reader, settings, str(root.resolve()), listing, np.__version__]).encode())
    return Path(folder).expanduser() / f"{reader}-{digest.hexdigest()[:32]}.npz"


def _stamp(file: Path) -> tuple[int, int]:
    if not file.exists():  # a list names a file that is not there: reading it will say so
        return (-1, -1)
    status = file.stat()
    return status.st_size, status.st_mtime_ns


def load(path: Path) -> tuple[Groups, list[str]] | None:
    """Groups and messages of skipped files; ``None``, with a warning, if the cache file is damaged."""
    if not path.exists():
        return None
    try:
        meta = json.loads(load_npz(path, ["meta"])["meta"].tobytes())
        blocks = load_npz(path, meta["blocks"])
        with parsing(path, "a cache file of pcl_lib"):
            return _unpack(meta, blocks), meta["skipped"]
    except (ReadError, ValueError, KeyError, TypeError) as error:
        warnings.warn(f"the cache is damaged and will be rebuilt: {error}", ReadWarning, stacklevel=4)
        return None


def save(path: Path, groups: Groups, skipped: list[str]) -> None:
    """Write the file whole; one that cannot be written (disk full, no permission) costs a warning, not the data."""
    meta, blocks = _pack(groups, skipped)
    described = np.frombuffer(json.dumps(meta).encode(), np.uint8)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(path.parent)
        write_whole(path, lambda stream: np.savez(stream, allow_pickle=False, meta=described, **blocks))
    except OSError as error:
        warnings.warn(f"the cache {path} could not be written: {error}", ReadWarning, stacklevel=4)


def _remove_leftovers(folder: Path) -> None:
    """Temporary files of processes killed long ago; a young one may belong to one that still writes."""
    for old in folder.glob(f"*.npz.*{PARTIAL}"):
        if time.time() - old.stat().st_mtime > LEFTOVER_SECONDS:
            old.unlink(missing_ok=True)


def _pack(groups: Groups, skipped: list[str]) -> tuple[dict[str, object], dict[str, np.ndarray]]:
    """One flat array per field and type, and a description of how to cut them up again."""
    pieces: dict[str, list[np.ndarray]] = {}
    described: list[list[object]] = []
    for group in groups:
        described.append([])
        for cloud in group:
            parts = {}
            for field in FIELDS:
                value = getattr(cloud, field)
                if value is not None:
                    array = value.numpy()
                    block = f"{field}_{array.dtype}"
                    pieces.setdefault(block, []).append(array.reshape(-1))
                    parts[field] = [block, list(array.shape)]
            described[-1].append([cloud.name, cloud.category, cloud.split, cloud.dropped, parts])
    blocks = {name: np.concatenate(arrays) for name, arrays in pieces.items()}
    return {"groups": described, "blocks": list(blocks), "skipped": skipped}, blocks


def _unpack(meta: dict, blocks: dict[str, np.ndarray]) -> Groups:
    used = dict.fromkeys(blocks, 0)
    groups: Groups = []
    for described in meta["groups"]:
        groups.append([])
        for name, category, split, dropped, parts in described:
            values = {}
            for field, (block, shape) in parts.items():
                start, size = used[block], int(np.prod(shape))
                values[field] = torch.from_numpy(blocks[block][start : start + size].reshape(shape).copy())
                used[block] = start + size
            groups[-1].append(Cloud(**values, name=name, category=category, split=split, dropped=dropped))
    return groups
