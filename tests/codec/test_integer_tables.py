"""Integer tables: exact sums, order, the way to a file and back, and tables that come from anywhere."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcl_lib.codec import CodecError, tables_checksum, tables_from_arrays, tables_to_arrays
from pcl_lib.models import IntegerTables
from tests.examples import many

TABLES = IntegerTables.of([-3, 7], [[0.1, 0.3, 0.2], [0.5]])


@many(200)
@given(st.lists(st.floats(0, 1e3), min_size=1, max_size=60).filter(lambda row: sum(row) > 0))
def test_counts_add_up_and_follow_the_masses(masses):
    (counts,) = IntegerTables.of([0], [masses]).counts
    assert counts.sum() == 2**16
    assert counts.min() >= 1
    # Above a total of 1 the masses are taken as weights, and the escape keeps its one count.
    expected = np.append(masses, max(0.0, 1 - sum(masses)))
    expected = 1 + expected / expected.sum() * (2**16 - len(expected))
    assert np.abs(counts - expected).max() <= 1


def test_most_counts_that_a_table_can_have():
    (counts,) = IntegerTables.of([0], [np.ones(2**15 - 1)]).counts
    assert counts.sum() == 2**16
    with pytest.raises(ValueError, match="from 1 to 32767 finite numbers"):
        IntegerTables.of([0], [np.ones(2**15)])


@pytest.mark.parametrize("row", [[], [np.nan], [0.5, -0.1], [np.inf]])
def test_masses_that_are_none(row):
    with pytest.raises(ValueError, match="masses must be"):
        IntegerTables.of([0], [row])


def test_to_arrays_and_back():
    back = tables_from_arrays(tables_to_arrays(TABLES))
    assert back.lowest.tolist() == [-3, 7]
    assert all(np.array_equal(a, b) for a, b in zip(back.counts, TABLES.counts, strict=True))
    assert tables_checksum(back) == tables_checksum(TABLES)


def test_one_count_more_is_another_checksum():
    counts = TABLES.counts[0].copy()
    counts[:2] += (1, -1)
    assert tables_checksum(TABLES._replace(counts=(counts, TABLES.counts[1]))) != tables_checksum(TABLES)
    assert tables_checksum(TABLES._replace(lowest=TABLES.lowest + 1)) != tables_checksum(TABLES)


def changed(name, value):
    arrays = tables_to_arrays(TABLES)
    return {**arrays, name: np.asarray(value)}


HOSTILE = {
    "nothing": ({}, r"received none of \['lowest', 'sizes', 'counts'\]"),
    "a sum that is off": (changed("counts", tables_to_arrays(TABLES)["counts"] + 1), "add up to 65536"),
    "a zero": (changed("counts", [0, 65535, 1, 0, 32768, 32768]), "at least 1"),
    "a negative count": (changed("counts", [-1, 65536, 1, 0, 32768, 32768]), "at least 1"),
    "sizes that do not fit": (changed("sizes", [4, 3]), "add up to the 6 counts"),
    "huge sizes": (changed("sizes", [2**31 - 1, 2]), "a size of at least 2"),
    "a size of one": (changed("sizes", [5, 1]), "a size of at least 2"),
    "no channels": (changed("sizes", np.zeros(0, dtype=np.int32)), "flat arrays"),
    "floats": (changed("counts", np.full(6, 0.5)), "flat arrays of integers"),
    "lowest of another length": (changed("lowest", [1]), "a lowest integer for each"),
    "lowest far away": (changed("lowest", [2**31 - 1, 0]), "within 16777216 of 0"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_tables_from_anywhere(case):
    arrays, message = HOSTILE[case]
    with pytest.raises(CodecError, match=message):
        tables_from_arrays(arrays)


def test_tables_made_by_hand_are_checked():
    with pytest.raises(CodecError, match="counts of channel 1 must be two or more"):
        tables_checksum(IntegerTables(np.zeros(2, dtype=np.int64), (TABLES.counts[0], np.array([65536]))))
