"""One thread where more would only wait, and nobody else's settings changed."""

import threading
import time

import pytest
import torch

from pcl_lib.distances import _squared_chamfer, chamfer
from pcl_lib.neighbors import _threads as threads
from pcl_lib.neighbors import knn, nearest, nearest_each_way, radius
from pcl_lib.neighbors._threads import SHARE, on_threads, one_thread, workers
from pcl_lib.neighbors.building_blocks import kdtree
from tests.neighbors.reference import ellipsoid


@pytest.fixture
def four_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield
    torch.set_num_threads(before)


needs_openmp = pytest.mark.skipif(not threads._OPENMP, reason="pykdtree was built without OpenMP")


@needs_openmp
def test_a_search_runs_in_one_thread_of_openmp_and_puts_the_setting_back(monkeypatch):
    seen = []

    class Tree(kdtree.KDTree):
        def query(self, *arguments, **options):
            seen.extend(library.omp_get_max_threads() for library in threads._OPENMP)
            return super().query(*arguments, **options)

    monkeypatch.setattr(kdtree, "KDTree", Tree)
    torch.get_num_threads()  # at the first question torch sets the number itself
    for library in threads._OPENMP:
        library.omp_set_num_threads(3)
    x = ellipsoid(300, 0)
    nearest(x, x)
    nearest_each_way(x, x)
    knn(x, x, 4)
    assert set(seen) == {1}
    assert {library.omp_get_max_threads() for library in threads._OPENMP} == {3}


@pytest.mark.parametrize("n", [256, 2048])
def test_a_small_search_keeps_one_core_busy_and_no_other(n):
    """Whichever library the searches are bound to: one thread cannot take more processor time than passes.

    A second one that spins while it waits takes nearly twice as much. On a busy machine both take less, never more.
    """
    x, y = ellipsoid(n, 0), ellipsoid(n, 1)
    nearest_each_way(x, y)
    time.sleep(0.3)  # what earlier tests left spinning comes to rest
    passed, used = time.perf_counter(), time.process_time()
    for _ in range(200):
        nearest_each_way(x, y)
    assert time.process_time() - used <= 1.2 * (time.perf_counter() - passed)


@needs_openmp
def test_the_setting_is_put_back_after_an_error():
    for library in threads._OPENMP:
        library.omp_set_num_threads(3)
    with pytest.raises(KeyError), one_thread():
        raise KeyError
    assert {library.omp_get_max_threads() for library in threads._OPENMP} == {3}


def test_a_library_without_openmp_is_left_alone(monkeypatch):
    monkeypatch.setattr(threads, "_OPENMP", [])
    x = ellipsoid(50, 0)
    assert nearest(x, x).index.tolist() == list(range(50))


def test_small_searches_take_one_thread_and_no_search_more_than_torch(four_threads):
    assert [workers(n) for n in (1, SHARE, 2 * SHARE, 3 * SHARE + 1, 100 * SHARE)] == [1, 1, 2, 3, 4]
    torch.set_num_threads(1)
    assert workers(100 * SHARE) == 1


def test_tasks_come_back_in_order():
    alone, together = (on_threads(lambda n: (n, threading.get_ident()), range(50), count) for count in (1, 3))
    assert [n for n, _ in together] == [n for n, _ in alone] == list(range(50))
    assert {thread for _, thread in alone} == {threading.get_ident()}
    assert threading.get_ident() not in {thread for _, thread in together}


@pytest.mark.parametrize(
    "batch", [pytest.param(1, marks=pytest.mark.slow), 3, pytest.param(8, marks=pytest.mark.slow)]
)
def test_many_threads_find_what_one_finds(four_threads, batch):
    n = 40_001 // batch
    x, y = (torch.stack([ellipsoid(n, seed + b) for b in range(batch)]) for seed in (0, 50))
    searches = (
        lambda: nearest(x, y).index,
        lambda: nearest_each_way(x, y)[1].index,
        lambda: knn(x, y, 3).index,
        lambda: knn(x[:, :3_000], y, 150).index,
        lambda: radius(x, y, 0.05).count,
    )
    several = [search() for search in searches]
    torch.set_num_threads(1)
    for search, found in zip(searches, several, strict=True):
        assert torch.equal(search(), found)


@needs_openmp
def test_chamfer_of_a_batch_starts_no_threads_of_torch_beside_its_own(four_threads, monkeypatch):
    """Those would spin for milliseconds after the checks of a large batch, on the cores that the searches need."""
    seen = {}

    def noting(name, function):
        def noted(*arguments):
            seen.setdefault(name, set()).add((torch.get_num_threads(), threading.get_ident() == caller))
            return function(*arguments)

        monkeypatch.setattr(_squared_chamfer, name, noted)

    caller = threading.get_ident()
    noting("as_pair", _squared_chamfer.as_pair)
    noting("_by_tree", _squared_chamfer._by_tree)
    x, y = (torch.stack([ellipsoid(1_100, seed + b) for b in range(16)]) for seed in (0, 50))
    chamfer(x, y)
    assert seen == {"as_pair": {(1, True)}, "_by_tree": {(1, False)}}
    assert torch.get_num_threads() == 4


@pytest.mark.parametrize("n", [40, 1_100])
def test_chamfer_of_a_batch_is_that_of_each_pair_to_the_bit(four_threads, n):
    x, y = (torch.stack([ellipsoid(n, seed + b, torch.float32) for b in range(40)]) for seed in (0, 50))
    x.requires_grad_()
    together = chamfer(x, y)
    together.sum().backward()
    for b in range(40):
        alone = x[b].detach().requires_grad_()
        value = chamfer(alone, y[b])
        value.backward()
        assert torch.equal(value, together[b])
        assert torch.equal(alone.grad, x.grad[b])
