"""Probabilities as integers: what an encoder and a decoder must share to the last bit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

TOTAL = 1 << 16


class IntegerTables(NamedTuple):
    """A table of 16-bit counts for each channel: what the range coder of `pcl_lib.codec` works with.

    Channel c codes the integers from `lowest[c]` to `lowest[c] + len(counts[c]) - 2`, one count each; the last count is
    the escape, the symbol that says "another integer follows". A count over 2^16 is a probability that a float holds
    exactly. Two machines that derive tables from the same weights may differ by a count, and every symbol after it is
    then wrong: so they are derived once, stored, and never derived again.

    - `lowest`: (C,) int64, the smallest integer of each channel that has a count of its own.
    - `counts`: C arrays of int64, each of at least two counts from 1, which add up to 2^16.

    >>> tables = IntegerTables.of([0], [[0.25, 0.5]])
    >>> tables.counts[0], int(tables.counts[0].sum()) == 2**16
    (array([16384, 32768, 16384]), True)
    """

    lowest: Int[np.ndarray, "c"]
    counts: tuple[Int[np.ndarray, "_"], ...]

    @classmethod
    def of(cls, lowest: Iterable[int], masses: Iterable[Iterable[float]]) -> IntegerTables:
        """Tables of probability masses, one row a channel; what a row lacks to 1 is the mass of the escape."""
        rows = tuple(_counts(np.asarray(row, dtype=np.float64)) for row in masses)
        return cls(np.asarray(list(lowest), dtype=np.int64), rows)


def _counts(mass: Float[np.ndarray, "_"]) -> Int[np.ndarray, "_"]:
    """Each symbol gets one count, the other counts go by mass, those that rounding leaves to the largest rests."""
    if mass.ndim != 1 or not 1 <= len(mass) < TOTAL // 2 or not np.isfinite(mass).all() or mass.min() < 0:
        raise ValueError(
            f"masses must be from 1 to {TOTAL // 2 - 1} finite numbers of at least 0 for each channel, received "
            f"an array of shape {mass.shape}"
        )
    mass = np.append(mass, max(0.0, 1.0 - mass.sum()))
    free = TOTAL - len(mass)
    share = mass / mass.sum() * free
    counts = np.floor(share).astype(np.int64)
    largest = np.argsort(counts - share, kind="stable")[: free - counts.sum()]
    counts[largest] += 1
    return counts + 1
