"""HDF5 tables (``.h5``), read without trusting the sizes they claim."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Unpack

import h5py
import numpy as np

from pcl_lib.data._cloud import Cloud
from pcl_lib.data.readers._columns import Parts
from pcl_lib.data.readers._errors import parsing, read_bytes, read_error
from pcl_lib.data.readers._make_clouds import Options, make_cloud
from pcl_lib.data.readers._numpy_files import DEFLATE_LIMIT

EXPECTED = "an HDF5 file with one cloud, 'points' or 'data' of shape (N, 2) or (N, 3)"
# Under these names the benchmarks keep what belongs to each point.
BESIDE = {
    "normals": ("normals", "normal"),
    "colors": ("colors", "color", "rgb"),
    "labels": ("labels", "label"),
}


def read_hdf5(path: str | Path, **options: Unpack[Options]) -> Cloud:
    """``.h5`` with one cloud: the table ``points`` or ``data``, or the only table, of shape (N, D) or (1, N, D).

    ``normals``, ``colors`` and ``labels`` (or ``normal``, ``color``, ``label``) are taken where they have a row
    for each point. A file with several clouds is an error that says how many it has: the readers of the
    benchmarks, as ``modelnet40_hdf5``, know what is what in theirs. Cost: O(bytes). Errors: ReadError.
    """
    read_bytes(path, EXPECTED)
    with parsing(path, EXPECTED), h5py.File(path, "r") as file:
        names = [str(name) for name in file]
        shapes = {name: getattr(file.get(name), "shape", None) for name in names}
    chosen = [name for name in ("points", "data") if name in names] or (names if len(names) == 1 else [])
    if len(chosen) != 1:
        raise read_error(
            path,
            f"it has the tables {shapes}",
            expected=EXPECTED,
            fix="read it with h5py, or copy one cloud out",
        )
    points = _first(load_hdf5(path, chosen)[chosen[0]])
    if points.ndim != 2:
        raise read_error(
            path,
            f"{chosen[0]} has shape {points.shape}, {len(points)} clouds",
            expected=EXPECTED,
            fix="read all of them with the reader of their benchmark, as modelnet40_hdf5, or copy one out",
        )
    found = {}
    for field, choices in BESIDE.items():
        name = next((choice for choice in choices if choice in names), None)
        if name is not None:
            values = _first(load_hdf5(path, [name])[name])
            values = values.reshape(-1) if field == "labels" else values
            if len(values) == len(points):
                found[field] = values
    return make_cloud(path, **Parts(points, **found)._asdict(), **options)


def _first(table: np.ndarray) -> np.ndarray:
    return table[0] if table.ndim > 1 and table.shape[0] == 1 else table


def load_hdf5(
    path: str | Path, required: Sequence[str], optional: Sequence[str] = ()
) -> dict[str, np.ndarray]:
    """The named data sets at the top of an HDF5 file; those of ``optional`` only where they exist.

    Data that lies in another file (external or virtual data sets, links) is refused, and so is a size
    beyond what the stored bytes can hold. Cost: O(bytes). Errors: ReadError.
    """
    expected = f"an HDF5 file with {', '.join(required)}"
    size = len(read_bytes(path, expected))
    arrays = {}
    with parsing(path, expected), h5py.File(path, "r") as file:
        for name in [*required, *optional]:
            if name not in file:
                if name in optional:
                    continue
                raise read_error(path, f"{name} missing, it has {sorted(file)[:20]}", expected=expected)
            if not isinstance(file.get(name, getlink=True), h5py.HardLink):
                raise read_error(path, f"{name} is a link", expected=expected)
            table = file[name]
            if (
                not isinstance(table, h5py.Dataset)
                or table.dtype.kind not in "fiu"
                or table.is_virtual
                or table.external
            ):
                raise read_error(path, f"{name} is not a plain table of numbers", expected=expected)
            stored = table.id.get_storage_size()
            if stored > size or table.nbytes > stored * DEFLATE_LIMIT:
                raise read_error(
                    path, f"{name} claims {table.nbytes} bytes in a file of {size}", expected=expected
                )
            arrays[name] = table[...]
    return arrays
