"""A process forked after its parent searched: everything answers there too, and as in the parent."""

import multiprocessing
import sys

import pytest
import torch

from pcl_lib.distances import chamfer, emd, hausdorff
from pcl_lib.neighbors import farthest_points, knn, nearest, radius
from tests.neighbors.reference import ellipsoid

pytestmark = pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods() or sys.platform == "darwin",
    reason="this system does not fork",
)

X, Y = (ellipsoid(20_000, seed, torch.float32) for seed in (0, 1))  # large enough for several threads


def distances():
    hausdorff_first = hausdorff(X, Y).item()  # the child must not hang in what comes first, whatever it is
    x = X.clone().requires_grad_()
    value = chamfer(x, Y)
    value.backward()
    return [
        hausdorff_first,
        value.item(),
        x.grad.abs().sum().item(),
        emd(X[:200], Y[:200]).value.item(),
        nearest(X, Y).sq_dist.sum().item(),
        nearest(X[:600], Y[:600], backend="dense").sq_dist.sum().item(),
        knn(X, Y, 5).sq_dist.sum().item(),
        radius(X, Y, 0.03).count.sum().item(),
        farthest_points(X, 8).sum().item(),
    ]


def send(pipe):
    pipe.send((distances(), torch.get_num_threads()))


# A test run with several threads, of which only a warning of Python speaks.
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_answers_as_its_parent():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        expected = distances()
        here, there = multiprocessing.Pipe()
        child = multiprocessing.get_context("fork").Process(target=send, args=(there,))
        child.start()
        answered = here.poll(120)
        child.kill()
        child.join()
        assert answered, "the child hangs"
        found, threads = here.recv()
        assert found == pytest.approx(expected, rel=1e-5)
        assert threads == 1
        assert torch.get_num_threads() == 2  # nothing has changed for the parent
    finally:
        torch.set_num_threads(before)
