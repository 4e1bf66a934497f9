"""Which columns of a table are coordinates, normals, colours and labels: by their names, or by their values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pcl_lib.data.readers._errors import read_error

NORMALS = ("nx ny nz", "normal_x normal_y normal_z", "normalx normaly normalz", "n_x n_y n_z")
COLORS = ("red green blue", "r g b", "diffuse_red diffuse_green diffuse_blue")
LABELS = ("label", "labels", "class", "classification")
GREYS = ("intensity", "reflectance")
# Normals written with two digits are still this near to length 1.
UNIT = 0.01


class Parts(NamedTuple):
    """What a table holds for each point; the arguments of ``make_cloud``."""

    points: np.ndarray
    normals: np.ndarray | None = None
    colors: np.ndarray | None = None
    labels: np.ndarray | None = None


def by_name(path: str | Path, table: Mapping[str, np.ndarray]) -> Parts:
    """x, y and, where it is there, z; normals, colours, one label: under any of their usual names.

    Upper and lower case are the same. Without colours the intensity becomes a grey, as stored, if all
    points have one. Other columns are left out. Errors: ReadError if x or y is missing.
    """
    data = {name.lower(): values for name, values in table.items()}
    if not {"x", "y"} <= set(data):
        raise read_error(path, f"it has the columns {list(table)[:20]}", expected="x, y and z among them")

    def triple(choices: tuple[str, ...]) -> np.ndarray | None:
        found = next((names.split() for names in choices if set(names.split()) <= set(data)), None)
        return None if found is None else np.stack([data[name] for name in found], axis=1)

    points = np.stack([data[axis] for axis in "xyz" if axis in data], axis=1)
    colors = triple(COLORS)
    grey = next((data[name] for name in GREYS if name in data), None)
    # Scans mark a missing intensity by NaN; that is no reason to refuse the point.
    if colors is None and grey is not None and np.isfinite(grey[np.isfinite(points).all(axis=1)]).all():
        colors = np.stack([grey] * 3, axis=1)
    labels = next((data[name] for name in LABELS if name in data), None)
    return Parts(points, triple(NORMALS), colors, labels)


def by_value(path: str | Path, table: np.ndarray, columns: str | Sequence[str] | None = None) -> Parts:
    """The columns of a plain table: ``columns`` names them, or their number and their values decide.

    x y; x y z; x y z and three of either normals or colours; the same with a label as the last column;
    x y z and three of each, in any order. Three numbers are a normal where every length is 1 (within
    1 %; zero where there is none), and a colour where all are whole numbers from 0 to 255 or all lie in
    [0, 1]. Colours of whole numbers become 8-bit. Errors: ReadError for anything else, which says how to
    name the columns.
    """
    width = table.shape[1]
    if columns is not None:
        parts = by_name(path, _named(path, table, columns))
    elif width in (2, 3):
        parts = Parts(table)
    elif width in (6, 7, 9):
        parts = Parts(table[:, :3], labels=table[:, 6] if width == 7 else None, **_triples(path, table))
    else:
        raise read_error(
            path,
            f"it has {width} columns",
            expected="lines of 2, 3, 6, 7 or 9 numbers",
            fix="name the columns, as in read_cloud(path, columns='x y z intensity r g b')",
        )
    return parts._replace(colors=None if parts.colors is None else eight_bit(parts.colors))


def _named(path: str | Path, table: np.ndarray, columns: str | Sequence[str]) -> dict[str, np.ndarray]:
    names = columns.replace(",", " ").split() if isinstance(columns, str) else list(columns)
    if len(names) != table.shape[1]:
        raise read_error(
            path,
            f"it has {table.shape[1]} columns and names for {len(names)}: {names[:20]}",
            expected="one name for each column",
            fix="pass columns= with one name for each, and _ for those to be left out",
        )
    return dict(zip(names, table.T, strict=True))


def _triples(path: str | Path, table: np.ndarray) -> dict[str, np.ndarray]:
    """Columns 4 to 6 and, of nine, 7 to 9, by what their values mean."""
    found: dict[str, np.ndarray] = {}
    for start in (3, 6) if table.shape[1] == 9 else (3,):
        values = table[:, start : start + 3]
        kind = meaning(values)
        if kind is None or kind in found:
            raise read_error(
                path,
                f"columns {start + 1} to {start + 3} ({values[0].tolist()} in the first row) are not clear",
                expected="normals of length 1, or colours that are whole from 0 to 255 or all in [0, 1]",
                fix="name the columns, as in read_cloud(path, columns='x y z nx ny nz')",
            )
        found[kind] = values
    return found


def meaning(values: np.ndarray) -> str | None:
    """What three columns are: "normals", "colors" or None (neither); rows that are not finite do not count."""
    values = values[np.isfinite(values).all(axis=1)]
    with np.errstate(over="ignore"):
        lengths = np.linalg.norm(values, axis=1)
    lengths = lengths[lengths > 0]
    if len(lengths) and np.abs(lengths - 1).max() <= UNIT:
        return "normals"
    bounded = len(values) and values.min() >= 0
    if bounded and (values.max() <= 1 or (values.max() <= 255 and (values == np.round(values)).all())):
        return "colors"
    return None


def eight_bit(colors: np.ndarray) -> np.ndarray:
    """Colours of a text file: whole numbers up to 255 as uint8, others (also those in [0, 1]) as they are."""
    whole = (colors == np.round(colors)).all() and colors.min() >= 0 and 1 < colors.max() <= 255
    return colors.astype(np.uint8) if whole else colors
