"""Tables of numbers in text: ``.xyz .txt .csv .pts``, among them those of ModelNet40-normals and ShapeNet-Part."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from pathlib import Path
from typing import Unpack

import numpy as np

from pcl_lib.data._cloud import Cloud
from pcl_lib.data.readers._columns import Parts, by_value
from pcl_lib.data.readers._errors import parsing, read_bytes, read_error
from pcl_lib.data.readers._make_clouds import Options, make_cloud

ROWS = "lines of x y, x y z, or x y z and normals or colours"


def decode(raw: bytes) -> str:
    """Text in UTF-8, with or without a byte order mark, or else in Latin-1, which any bytes are.

    Only names and comments go beyond ASCII; whether the rest makes sense, the parser finds out.
    """
    try:
        return raw.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError:
        return raw.removeprefix(codecs.BOM_UTF8).decode("latin-1")


def data_lines(path: str | Path, expected: str) -> list[str]:
    """The lines of a text file without comments (``#`` to the end of the line) and without blank ones."""
    text = decode(read_bytes(path, expected))
    # str.splitlines would also split at characters that Latin-1 comments have, as 0x85
    lines = [line.partition("#")[0].strip() for line in text.replace("\r", "\n").split("\n")]
    lines = [line for line in lines if line]
    if not lines:
        raise read_error(path, "there is no data in it", expected=expected)
    return lines


def read_table(path: str | Path, columns: Sequence[int]) -> np.ndarray:
    """A text table (N, C), separated by blanks, commas or semicolons, whose C is one of ``columns``.

    A file cut in the middle of its last number cannot be told from a whole one; a row cut between
    numbers can, and is an error. Cost: O(bytes). Errors: ReadError.
    """
    expected = f"lines of {' or '.join(map(str, columns))} numbers"
    table = _numbers(path, data_lines(path, expected), expected)
    if table.shape[1] not in columns:
        raise read_error(path, f"it has {table.shape[1]} columns", expected=expected)
    return table


def read_xyz(path: str | Path, *, columns: str | None = None, **options: Unpack[Options]) -> Cloud:
    """``.xyz``, ``.txt``, ``.csv``: a point on each line, separated by blanks, tabs, commas or semicolons.

    A first line of names (``x,y,z,r,g,b``; see ``columns.by_name``) says what the columns are, and so
    does ``columns="x y z nx ny nz"``, with ``_`` for what is to be left out. Without either, values
    decide between normals and colours: see ``columns.by_value``. A first line with the number of points
    alone is checked. Cost: O(bytes). Errors: ReadError.
    """
    return make_cloud(path, **_table_parts(path, columns, {})._asdict(), **options)


def read_pts(path: str | Path, *, columns: str | None = None, **options: Unpack[Options]) -> Cloud:
    """``.pts`` of laser scanners: the number of points, then x y z, x y z intensity or x y z intensity r g b.

    The intensity becomes a grey, as stored, where there are no colours. Other numbers of columns are read
    as in ``.xyz``, and so is the first line, which may be missing. Cost: O(bytes). Errors: ReadError.
    """
    usual = {4: "x y z intensity", 7: "x y z intensity r g b"}
    return make_cloud(path, **_table_parts(path, columns, usual)._asdict(), **options)


def _table_parts(path: str | Path, columns: str | None, usual: dict[int, str]) -> Parts:
    lines = data_lines(path, ROWS)
    promised = _count(lines[0]) if len(lines) > 1 and _count(lines[1]) is None else None
    lines = lines if promised is None else lines[1:]
    names = _names(lines[0])
    if names is not None:
        lines = lines[1:]
        if not lines:
            raise read_error(path, f"there is no line of numbers, {names[:5]} is the first", expected=ROWS)
    table = _numbers(path, lines, ROWS)
    if promised not in (None, len(table)):
        raise read_error(path, f"it promises {promised} points and has {len(table)}", expected=ROWS)
    return by_value(path, table, columns or names or usual.get(table.shape[1]))


def _numbers(path: str | Path, lines: list[str], expected: str) -> np.ndarray:
    delimiter = next((mark for mark in ";," if mark in lines[0]), None)
    with parsing(path, expected):
        return np.loadtxt(lines, delimiter=delimiter, ndmin=2, comments=None)


def _count(line: str) -> int | None:
    return int(line) if line.isascii() and line.isdigit() else None


def _names(line: str) -> list[str] | None:
    """The words of a line that holds not one number; CloudCompare writes ``//`` before them.

    A word may be missing, as pandas leaves out the name of its index.
    """
    mark = next((mark for mark in ";," if mark in line), None)
    words = [word.strip(' "') for word in line.removeprefix("//").split(mark)]
    return words if any(words) and not any(map(_is_number, words)) else None


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
