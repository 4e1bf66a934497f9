"""hausdorff: values, metric laws, gradient."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pcl_lib.distances import hausdorff
from tests.distances.reference import X, Y, nearest_distances
from tests.gradients import gradcheck

cloud = hnp.arrays(
    np.float64, st.tuples(st.integers(1, 8), st.just(2)), elements=st.integers(-64, 64).map(lambda i: i / 16)
).map(torch.from_numpy)


@pytest.mark.parametrize("backend", ["dense", "kdtree"])
def test_matches_the_double_loop(backend):
    x, y = X(19), Y(26)
    a, b = nearest_distances(x, y).max(), nearest_distances(y, x).max()
    for combine, expected in (("forward", a), ("backward", b), ("max", max(a, b))):
        value = hausdorff(torch.from_numpy(x), torch.from_numpy(y), combine=combine, backend=backend)
        assert value.item() == pytest.approx(expected, rel=1e-12)


@given(cloud, cloud, cloud)
def test_is_a_metric_on_sets(x, y, z):
    assert hausdorff(x, x).item() == 0
    assert hausdorff(x, y) == hausdorff(y, x)
    same = {tuple(p) for p in x.tolist()} == {tuple(p) for p in y.tolist()}
    assert (hausdorff(x, y).item() == 0) == same
    assert hausdorff(x, z) <= (hausdorff(x, y) + hausdorff(y, z)) * (1 + 1e-12)


def test_a_batch_is_a_loop():
    x, y = (torch.from_numpy(np.stack([f(15), 2 * f(15)])) for f in (X, Y))
    expected = torch.stack([hausdorff(a, b) for a, b in zip(x, y, strict=True)])
    assert torch.equal(hausdorff(x, y), expected)


def test_gradient_pulls_the_worst_pair_only():
    x, y = (torch.from_numpy(f(9)).requires_grad_() for f in (X, Y))
    assert gradcheck(hausdorff, (x, y))
    hausdorff(x, y).backward()
    assert (x.grad != 0).any(1).sum() == (y.grad != 0).any(1).sum() == 1
    x.grad = None
    hausdorff(x, x.detach().clone()).backward()
    assert torch.equal(x.grad, torch.zeros_like(x))
