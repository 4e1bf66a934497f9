"""The order of the data: each item once per epoch, a function of seed and step alone."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pcl_lib.trainers._order import batch_rows

sizes = st.integers(1, 40).flatmap(lambda n: st.tuples(st.just(n), st.integers(1, n)))


@given(sizes, st.integers(0, 5), st.integers(0, 2**32))
def test_an_epoch_has_each_item_at_most_once_and_leaves_out_the_rest(size, epoch, seed):
    items, batch = size
    per_epoch = items // batch
    rows = torch.cat([batch_rows(epoch * per_epoch + i, items, batch, seed) for i in range(per_epoch)])
    assert rows.dtype == torch.int64
    assert len(rows) == len(set(rows.tolist())) == items - items % batch
    assert rows.min() >= 0
    assert rows.max() < items


def test_epochs_and_seeds_differ_and_any_step_can_be_asked_for():
    first = [batch_rows(step, 20, 5, 0).tolist() for step in range(8)]
    assert first[:4] != first[4:]
    assert batch_rows(0, 20, 5, 1).tolist() != first[0]
    assert [batch_rows(step, 20, 5, 0).tolist() for step in reversed(range(8))] == first[::-1]


@pytest.mark.parametrize("processes", [1, 2, 4])
def test_the_shares_of_all_processes_are_the_batch(processes):
    rows = batch_rows(3, 64, 8, 0)
    shares = [rows[rank::processes] for rank in range(processes)]
    assert {len(share) for share in shares} == {8 // processes}
    assert sorted(torch.cat(shares).tolist()) == sorted(rows.tolist())
