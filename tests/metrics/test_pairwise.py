"""pairwise: the loop, blocks, workers, bar, messages."""

import threading
from functools import partial

import pytest
import torch

from pcl_lib.distances import chamfer, hausdorff
from pcl_lib.metrics import approximate_emd, pairwise
from pcl_lib.metrics._pairwise import POINTS_PER_CALL
from tests.metrics.reference import random_clouds

X, Y = random_clouds(5, 20, 3), random_clouds(7, 26, 3, seed=1)


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("points", [1, 100, 1 << 20])
@pytest.mark.parametrize("distance", [chamfer, partial(hausdorff, combine="forward")])
def test_is_the_double_loop(monkeypatch, workers, points, distance):
    monkeypatch.setitem(POINTS_PER_CALL, "cpu", points)
    expected = torch.tensor([[distance(x, y).item() for y in Y] for x in X], dtype=X.dtype)
    assert torch.equal(pairwise(X, Y, distance=distance, workers=workers), expected)


def test_one_set_and_its_upper_half():
    full = pairwise(X)
    assert torch.equal(full, pairwise(X, X))
    assert torch.allclose(pairwise(X, symmetric=True), full, rtol=1e-12)
    lopsided = pairwise(X, distance=partial(chamfer, combine="forward"))
    assert not torch.allclose(lopsided, lopsided.T)


def test_symmetric_saves_half_of_the_calls():
    pairs = []

    def distance(x, y):
        pairs.append(len(x))
        return chamfer(x, y)

    pairwise(X, distance=distance, symmetric=True, workers=1)
    assert sum(pairs) == 15
    pairs.clear()
    pairwise(X, distance=distance, workers=1)
    assert sum(pairs) == 25


def test_a_call_never_holds_more_points_than_the_limit(monkeypatch):
    monkeypatch.setitem(POINTS_PER_CALL, "cpu", 100)
    sizes = []

    def distance(x, y):
        sizes.append(x.shape[0] * (x.shape[1] + y.shape[1]))
        return chamfer(x, y)

    pairwise(X, Y, distance=distance)
    assert max(sizes) <= 100


def test_a_call_takes_as_many_pairs_as_the_limit_holds():
    """A distance of one pair costs about what a distance of a thousand does: small clouds go a row at a time."""
    pairs, many = [], Y.repeat(100, 1, 1)

    def distance(x, y):
        pairs.append(len(x))
        return (x[:, 0] - y[:, 0]).norm(dim=-1)

    pairwise(X, many, distance=distance, workers=1)
    assert pairs == [700] * 5
    # Beyond the limit a row is cut: 65,536 points of 46 a pair are 1,424 pairs.
    pairs.clear()
    pairwise(X[:1], many.repeat(3, 1, 1), distance=distance, workers=1)
    assert pairs == [1424, 676]


def test_workers_share_the_blocks():
    threads = set()
    meet = threading.Barrier(2, timeout=300)  # of workers that never meet

    def distance(x, y):
        if len(threads) < 2:
            threads.add(threading.get_ident())
            meet.wait()
        return chamfer(x, y)

    pairwise(X[:2], Y, distance=distance, workers=2)
    assert len(threads) == 2


def test_a_failure_in_a_worker_reaches_the_caller():
    def distance(x, y):
        raise RuntimeError("no value")

    with pytest.raises(RuntimeError, match="no value"):
        pairwise(X, Y, distance=distance, workers=2)


def test_the_bar_counts_pairs(capsys):
    pairwise(X, Y, progress=True)
    assert "35/35" in capsys.readouterr().err
    pairwise(X, Y)
    assert capsys.readouterr().err == ""


def test_approximate_emd_fits():
    y = random_clouds(3, 20, 3, seed=2)
    expected = [[approximate_emd(a, b).item() for b in y] for a in X]
    assert torch.allclose(pairwise(X, y, distance=approximate_emd), torch.tensor(expected, dtype=X.dtype))


@pytest.mark.parametrize("workers", [1, 2])
def test_no_gradient_is_recorded_in_any_thread(workers):
    assert not pairwise(X.clone().requires_grad_(), Y, workers=workers).requires_grad


@pytest.mark.gpu
def test_gpu_agrees():
    value = pairwise(X.cuda(), Y.cuda())
    assert torch.allclose(value.cpu(), pairwise(X, Y), rtol=1e-12)


def test_messages(as_users_call_it):
    with pytest.raises(ValueError, match="leave y out"):
        pairwise(X, Y, symmetric=True)
    with pytest.raises(ValueError, match="workers must be an integer of at least 1, received 0"):
        pairwise(X, Y, workers=0)
    with pytest.raises(ValueError, match="one value for each pair"):
        pairwise(X, Y, distance=lambda x, y: chamfer(x, y).mean())
    with pytest.raises(ValueError, match="x must be a stack"):
        pairwise(X[0], Y)
    with pytest.raises(ValueError, match="dimension D"):
        pairwise(X, Y[..., :2])
    with pytest.raises(ValueError, match="dtype"):
        pairwise(X, Y.float())
    with pytest.raises(ValueError, match="y is empty"):
        pairwise(X, Y[:0])
    with pytest.raises(ValueError, match=r"must be a torch\.Tensor"):
        pairwise(X.numpy(), Y)
