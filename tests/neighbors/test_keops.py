"""KeOps: when it can run, what is said when it cannot, and its limits."""

import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from pcl_lib.neighbors import _backends as backends
from pcl_lib.neighbors import nearest, radius
from pcl_lib.neighbors.building_blocks import keops
from tests.neighbors.reference import ellipsoid

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


@pytest.fixture
def untried():
    """As in a new process, in which KeOps has not been tried; nothing of it stays."""
    keops._first_reduction.cache_clear()
    yield
    keops._first_reduction.cache_clear()


def pretend(monkeypatch, gpu_available):
    installed = SimpleNamespace(config=SimpleNamespace(gpu_available=gpu_available))
    monkeypatch.setattr("importlib.util.find_spec", lambda _: installed)
    monkeypatch.setattr(keops, "import_quietly", lambda _: installed)


def test_not_installed_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    x = torch.zeros(4, 3)
    with pytest.raises(RuntimeError, match=r"needs KeOps: pip install pykeops, or use"):
        nearest(x, x, backend="keops")
    assert nearest(x, x).backend == "kdtree"


def test_cuda_without_its_toolkit_is_refused_before_it_is_touched(monkeypatch, untried):
    pretend(monkeypatch, gpu_available=False)
    monkeypatch.setattr(torch, "zeros", lambda *_, **__: pytest.fail("touched the device"))
    assert not keops.available(CUDA)
    with pytest.raises(RuntimeError, match=r"on CUDA needs the CUDA toolkit .* set CUDA_PATH, or use"):
        keops.check(CUDA)


@pytest.mark.parametrize(
    "failure", [OSError("libnvrtc-builtins.so"), KeyError("x"), RuntimeError("no device")]
)
def test_cuda_whose_first_reduction_fails_is_refused_and_tried_once(monkeypatch, untried, failure):
    tries = []

    def broken(x, y, k):
        tries.append(1)
        raise failure

    pretend(monkeypatch, gpu_available=True)
    monkeypatch.setattr(keops, "_failure_elsewhere", lambda _: None)
    monkeypatch.setattr(torch, "zeros", lambda *_, **__: None)
    monkeypatch.setattr(keops, "_argmin", broken)
    for _ in range(3):
        assert not keops.available(CUDA)
    assert len(tries) == 1
    with pytest.raises(
        RuntimeError, match=rf"first reduction on CUDA \({type(failure).__name__}.*toolkit is whole"
    ):
        keops.check(CUDA)


@pytest.mark.parametrize(
    ("does", "said"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "ended a process that tried it, SIGSEGV"),
        ("raise OSError('no driver')", "OSError: no driver"),
    ],
)
def test_cuda_that_ends_a_process_is_refused_by_one_that_lives(monkeypatch, untried, does, said):
    pretend(monkeypatch, gpu_available=True)
    monkeypatch.setattr(keops, "_ELSEWHERE", does)
    monkeypatch.setattr(torch, "zeros", lambda *_, **__: pytest.fail("touched the device"))
    with pytest.raises(RuntimeError, match=rf"first reduction on CUDA \(.*{said}\)"):
        keops.check(CUDA)


@pytest.mark.slow
def test_a_process_of_its_own_says_that_all_is_well():
    assert keops._failure_elsewhere("cpu") is None


def test_cuda_whose_first_reduction_succeeds_is_taken(monkeypatch, untried):
    pretend(monkeypatch, gpu_available=True)
    monkeypatch.setattr(keops, "_failure_elsewhere", lambda _: None)
    monkeypatch.setattr(torch, "zeros", lambda *_, **__: None)
    monkeypatch.setattr(keops, "_argmin", lambda *_: torch.tensor([[[0], [0]]]))
    assert keops.available(CUDA)
    monkeypatch.setattr(keops, "_argmin", lambda *_: torch.tensor([[[7], [0]]]))
    assert not keops.available(torch.device("cuda", 1)), "each device is tried"


def test_clouds_go_to_keops_with_the_name_of_their_place(monkeypatch):
    monkeypatch.setattr("jaxtyping.config.jaxtyping_disable", True)  # no GPU is needed to have a name
    assert keops._place(torch.zeros(1)) == "CPU"
    assert keops._place(SimpleNamespace(is_cuda=True)) == "GPU"


CANNOT = """
import torch
from pcl_lib.neighbors import nearest
from pcl_lib.neighbors.building_blocks import keops
x = torch.rand(40, 3)
try:
    nearest(x, x, backend="keops")
except RuntimeError as error:
    print("SAID", error)
print("AUTO", nearest(x, x).backend, keops.available(torch.device("cpu")))
"""


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"PATH": "", "CXX": None}, "needs a C++ compiler and found none on the PATH: install g++"),
        ({"CXX": "/bin/false"}, "see whether the C++ compiler /bin/false works"),
        (
            {"KEOPS_CACHE_FOLDER": "{tmp}/file/below"},
            "set KEOPS_CACHE_FOLDER to a folder that can be written",
        ),
    ],
)
@pytest.mark.skipif(not keops.available(CPU), reason="KeOps or its C++ compiler is missing")
@pytest.mark.skipif(not os.path.exists("/bin/false"), reason="there is no /bin/false")
def test_a_process_in_which_keops_cannot_run_says_why(tmp_path, setting, said):
    (tmp_path / "file").touch()
    asked = {"KEOPS_CACHE_FOLDER": str(tmp_path)} | {
        name: value and value.format(tmp=tmp_path) for name, value in setting.items()
    }
    environment = {name: value for name, value in (os.environ | asked).items() if value is not None}
    done = subprocess.run([sys.executable, "-c", CANNOT], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert 'SAID backend="keops"' in done.stdout
    assert said in done.stdout
    assert "AUTO kdtree False" in done.stdout


@pytest.fixture
def by_hand(monkeypatch):
    """A KeOps that compiles nothing, and keeps the sizes that it was asked for."""
    asked = []

    def argmin(x, y, k):
        asked.append((len(y), y.shape[1], k))
        return (x[:, :, None] - y[:, None]).square().sum(-1).topk(k, largest=False).indices

    monkeypatch.setattr(keops, "_argmin", argmin)
    return asked


@pytest.mark.parametrize("batch", [1, 5])
@pytest.mark.parametrize("k", [1, 4])
@pytest.mark.parametrize("most", [10, 33, 64, 100, 1_000])
def test_clouds_of_more_points_than_keops_can_count_are_searched_in_parts(
    by_hand, monkeypatch, batch, k, most
):
    monkeypatch.setattr(keops, "MOST_POINTS", {torch.float64: most})
    x, y = (torch.stack([ellipsoid(n, seed + b) for b in range(batch)]) for n, seed in ((20, 0), (100, 10)))
    assert torch.equal(keops.search(x, y, k), torch.cdist(x, y).topk(k, largest=False).indices)
    assert all(clouds * points <= most for clouds, points, _ in by_hand)


def test_other_types_count_further(by_hand, monkeypatch):
    monkeypatch.setattr(keops, "MOST_POINTS", {torch.float32: 10})
    x = ellipsoid(100, 0)[None]
    keops.search(x, x, 1)
    assert [points for _, points, _ in by_hand] == [100]
    assert keops.search(x.float(), x.float(), 1).flatten().tolist() == list(range(100))
    assert len(by_hand) > 2


def test_a_number_of_neighbours_that_comes_from_the_data_is_compiled_for_powers_of_two(by_hand):
    x = ellipsoid(21, 0)[None]
    expected = torch.cdist(x, x).topk(21, largest=False).indices
    for k in range(1, 22):
        assert torch.equal(backends.search_any(x, x, k, "keops"), expected[..., :k])
    assert {k for _, _, k in by_hand} == {1, 2, 4, 8, 16, 32}


needs_keops = pytest.mark.skipif(not keops.available(CPU), reason="KeOps or its C++ compiler is missing")


@needs_keops
def test_radius_through_keops_agrees_where_the_ball_holds_nearly_all():
    x = ellipsoid(21, 0)  # balls of up to 19 of 21 points: 32 are asked for, more than there are
    ball, tree = (radius(x, x, 1.5, backend=backend) for backend in ("keops", "kdtree"))
    assert ball.index.shape[1] > 16
    assert torch.equal(ball.count, tree.count)
    torch.testing.assert_close(ball.sq_dist, tree.sq_dist)


@needs_keops
def test_counts_in_parts(monkeypatch):
    x = ellipsoid(90, 0)[None]
    whole = keops.count_within(x, x, 0.25)
    monkeypatch.setattr(keops, "MOST_POINTS", {torch.float64: 40})
    assert torch.equal(keops.count_within(x, x, 0.25), whole)


@needs_keops
@pytest.mark.slow
def test_more_points_than_float32_has_whole_numbers():
    y = torch.zeros(2**24 + 64, 3)
    last = torch.arange(2**24 + 60, 2**24 + 64)
    y[last] = torch.tensor(np.eye(4, 3) + 1, dtype=torch.float32)
    assert torch.equal(nearest(y[last], y, backend="keops").index, last)
