"""Tables of numbers in text: ``.xyz``, and the ``.txt`` of ModelNet40-normals and ShapeNet-Part."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pcl_lib.data.cloud import Cloud
from pcl_lib.data.readers.build import make_cloud
from pcl_lib.data.readers.errors import parsing, read_bytes, read_error


def data_lines(path: str | Path, expected: str) -> list[str]:
    """The lines of a text file without comments (``#`` to the end of the line) and without blank ones."""
    with parsing(path, expected):
        text = read_bytes(path, expected).decode("ascii")
    lines = [line.partition("#")[0].strip() for line in text.splitlines()]
    lines = [line for line in lines if line]
    if not lines:
        raise read_error(path, "there is no data in it", expected=expected)
    return lines


def read_table(path: str | Path, columns: Sequence[int]) -> np.ndarray:
    """A text table (N, C), separated by blanks or by commas, whose C is one of ``columns``.

    A file cut in the middle of its last number cannot be told from a whole one; a row cut between
    numbers can, and is an error. Cost: O(bytes). Errors: ReadError.
    """
    expected = f"lines of {' or '.join(map(str, columns))} numbers"
    lines = data_lines(path, expected)
    with parsing(path, expected):
        table = np.loadtxt(lines, delimiter="," if "," in lines[0] else None, ndmin=2, comments=None)
    if table.shape[1] not in columns:
        raise read_error(path, f"it has {table.shape[1]} columns", expected=expected)
    return table


def read_xyz(path: str | Path) -> Cloud:
    """``.xyz``: x y, x y z, or x y z nx ny nz on each line.

    Cost: O(bytes). Errors: ReadError.
    """
    table = read_table(path, (2, 3, 6))
    return make_cloud(path, table[:, :3], normals=table[:, 3:] if table.shape[1] == 6 else None)
