"""Integer tables as arrays of a file, checked when they come back, and their checksum."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np

from pcl_lib.codec._errors import CodecError
from pcl_lib.models import IntegerTables

TOTAL = 1 << 16
FARTHEST = 1 << 24  # of an integer with a count of its own from 0
CHANNELS = 1 << 12


def check_tables(tables: IntegerTables) -> None:
    """Raise `CodecError` unless each row of counts is what a range coder can work with.

    Cost: one pass over the counts.
    """
    lowest, counts = tables
    if not 1 <= len(counts) <= CHANNELS or np.shape(lowest) != (len(counts),):
        raise CodecError(
            f"tables must have from 1 to {CHANNELS} channels and a lowest integer for each, received {len(counts)} "
            f"rows of counts and lowest of shape {np.shape(lowest)}"
        )
    if lowest.dtype.kind not in "iu" or bool((np.abs(lowest.astype(np.float64)) > FARTHEST).any()):
        raise CodecError(f"the lowest integers of tables must lie within {FARTHEST} of 0, received {lowest}")
    for channel, row in enumerate(counts):
        whole = row.ndim == 1 and row.dtype.kind in "iu" and 2 <= len(row) <= TOTAL
        if not whole or int(row.min()) < 1 or int(row.max()) > TOTAL or int(row.sum()) != TOTAL:
            raise CodecError(
                f"the counts of channel {channel} must be two or more integers of at least 1 that add up to {TOTAL}, "
                f"received shape {row.shape} of {row.dtype} with sum {row.sum() if row.size else 0}"
            )


def tables_to_arrays(tables: IntegerTables) -> dict[str, np.ndarray]:
    """Tables as three arrays for a container: `lowest` and `sizes` (C,) and all `counts` one after the other, int32.

    Errors: `CodecError` for tables that no range coder can work with. Cost: one pass.

    >>> arrays = tables_to_arrays(IntegerTables.of([-1, 0], [[0.25, 0.5], [0.75]]))
    >>> arrays["sizes"], arrays["counts"]
    (array([3, 2], dtype=int32), array([16384, 32768, 16384, 49152, 16384], dtype=int32))
    """
    check_tables(tables)
    return {
        "lowest": tables.lowest.astype(np.int32),
        "sizes": np.array([len(row) for row in tables.counts], dtype=np.int32),
        "counts": np.concatenate(tables.counts).astype(np.int32),
    }


def tables_from_arrays(arrays: Mapping[str, np.ndarray]) -> IntegerTables:
    """The tables that `tables_to_arrays` took apart, checked: a file may come from anywhere.

    Errors: `CodecError` for arrays that are missing or do not fit, before anything of their size is allocated. Cost:
    one pass.

    >>> tables = IntegerTables.of([-1, 0], [[0.25, 0.5], [0.75]])
    >>> tables_checksum(tables_from_arrays(tables_to_arrays(tables))) == tables_checksum(tables)
    True
    """
    missing = [name for name in ("lowest", "sizes", "counts") if name not in arrays]
    if missing:
        raise CodecError(f"tables must be given as lowest, sizes and counts, received none of {missing}")
    lowest, sizes, counts = (np.asarray(arrays[name]) for name in ("lowest", "sizes", "counts"))
    flat = all(a.ndim == 1 and a.dtype.kind in "iu" for a in (lowest, sizes, counts))
    if not flat or not 1 <= len(sizes) <= CHANNELS or bool((sizes < 2).any() | (sizes > TOTAL).any()):
        raise CodecError("tables must be flat arrays of integers with a size of at least 2 for each channel")
    if int(sizes.astype(np.int64).sum()) != len(counts):
        raise CodecError(
            f"the sizes of tables must add up to the {len(counts)} counts, received {sizes.sum()}"
        )
    rows = np.split(counts.astype(np.int64), np.cumsum(sizes.astype(np.int64))[:-1])
    tables = IntegerTables(lowest.astype(np.int64), tuple(rows))
    check_tables(tables)
    return tables


def tables_checksum(tables: IntegerTables) -> str:
    """16 hexadecimal digits that tell two tables apart: the same on every machine.

    A file that was written with other tables than a model holds cannot be decoded by it, and is known by this. Cost:
    one pass.

    >>> tables_checksum(IntegerTables.of([0], [[0.25, 0.5]]))
    'e788aa6728842e42'
    """
    arrays = tables_to_arrays(tables)
    digest = hashlib.blake2b(digest_size=8)
    for name in ("lowest", "sizes", "counts"):
        digest.update(arrays[name].astype("<i4").tobytes())
    return digest.hexdigest()
