"""HDF5 tables (``.h5``), read without trusting the sizes they claim."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np

from pcl_lib.data.readers.arrays import DEFLATE_LIMIT
from pcl_lib.data.readers.errors import parsing, read_bytes, read_error


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
