"""pairwise by processes and by joblib's engines, and pairwise that was stopped and goes on."""

import json
import os
import time
from functools import partial

import joblib
import pytest
import torch

from pcl_lib.distances import chamfer, hausdorff
from pcl_lib.metrics import _kept_rows, pairwise
from pcl_lib.metrics._kept_rows import name_of
from pcl_lib.metrics._pairwise import POINTS_PER_CALL
from pcl_lib.neighbors import pad_clouds
from pcl_lib.neighbors.building_blocks import kdtree
from tests.metrics.reference import random_clouds

X, Y = random_clouds(17, 24, 3, seed=2), random_clouds(19, 30, 3, seed=3)
FEW_X, FEW_Y = X[:5], Y[:6]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Three columns to a call, so that there are blocks enough to share."""
    monkeypatch.setitem(POINTS_PER_CALL, "cpu", 200)


def number_of_process(x, y):
    """Who answers, slowly enough that another one can take part."""
    assert torch.get_num_threads() == 1
    time.sleep(0.02)
    return x.new_full((len(x),), os.getpid())


@pytest.mark.slow
def test_two_processes_give_the_bits_of_one():
    """By the option, and by the setting of joblib that names dask and ray too."""
    expected = pairwise(X, Y, workers=1)
    assert torch.equal(pairwise(X, Y, workers=2, processes=True), expected)
    with joblib.parallel_config(backend="loky", n_jobs=2):
        assert torch.equal(pairwise(X, Y), expected)
        assert torch.equal(pairwise(X, symmetric=True), pairwise(X, symmetric=True, workers=1))
        numbers = torch.cat([pairwise(X, Y, distance=number_of_process) for _ in range(2)]).unique().tolist()
    assert len(numbers) == 2
    assert os.getpid() not in numbers


@pytest.mark.parametrize("processes", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_clouds_of_different_sizes(processes):
    x, lengths = pad_clouds([X[0], X[1, :11], X[2, :5]])
    expected = [[chamfer(a[:n], b).item() for b in Y[:4]] for a, n in zip(x, lengths, strict=True)]
    found = pairwise(x, Y[:4], lengths_x=lengths, workers=2, processes=processes)
    assert torch.equal(found, torch.tensor(expected, dtype=X.dtype))


@pytest.mark.slow
def test_each_of_several_workers_computes_in_one_thread():
    torch.manual_seed(0)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        seen = []

        def distance(x, y):
            seen.append(torch.get_num_threads())
            return chamfer(x, y)

        pairwise(X, Y, distance=distance, workers=2)
        assert set(seen) == {1}
        seen.clear()
        pairwise(X, Y, distance=distance, workers=1)
        assert set(seen) == {2}
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("distance", [chamfer, partial(hausdorff, combine="forward")])
def test_a_block_plants_one_tree_for_each_cloud(distance, monkeypatch):
    planted = []

    class Tree(kdtree.KDTree):
        def __init__(self, points):
            planted.append(len(points))
            super().__init__(points)

    monkeypatch.setattr(kdtree, "KDTree", Tree)
    monkeypatch.setitem(POINTS_PER_CALL, "cpu", 1 << 16)
    pairwise(X[:16], Y, distance=distance, workers=1)
    blocks = 8  # of two rows each
    assert planted.count(len(Y[0])) == blocks * len(Y)
    assert planted.count(len(X[0])) in (0, 16)  # one direction asks the trees of y alone


class Stopped(Exception):
    pass


def counted(calls, stop_in=None):
    """Chamfer; from the 20th call on it waits until something is kept in this folder, and stops."""

    def distance(x, y):
        if stop_in is not None and len(calls) >= 20:
            for _ in range(6_000):
                if any(stop_in.glob("rows-*.npy")):
                    break
                time.sleep(0.01)
            raise Stopped
        calls.append(len(x))
        return chamfer(x, y)

    return distance


@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_stopped_matrix_goes_on_where_it_was(tmp_path, symmetric, workers, monkeypatch):
    monkeypatch.setattr(_kept_rows, "BETWEEN_WRITES", 0.0)
    folder = tmp_path / "new" / "matrix"
    pairs = (X[:11],) if symmetric else (X[:9], Y[:11])
    expected = pairwise(*pairs, symmetric=symmetric)
    options = {"symmetric": symmetric, "folder": folder}
    with pytest.raises(Stopped):
        pairwise(*pairs, distance=counted([], folder), workers=workers, **options)
    calls = []
    assert torch.equal(pairwise(*pairs, distance=counted(calls), workers=1, **options), expected)
    whole = 11 * 12 // 2 if symmetric else 9 * 11
    # One worker loses nothing that was done, several lose what they were at.
    assert 0 < sum(calls) < (whole - 30 if workers == 1 else whole)
    calls.clear()
    assert torch.equal(pairwise(*pairs, distance=counted(calls), workers=1, **options), expected)
    assert calls == []


def test_the_bar_begins_with_what_is_kept(tmp_path, capsys):
    for _ in range(2):
        pairwise(FEW_X, FEW_Y, folder=tmp_path, progress=True)
        assert "30/30" in capsys.readouterr().err


def test_a_matrix_of_something_else_is_refused(tmp_path, as_users_call_it):
    x, y = FEW_X, FEW_Y
    pairwise(x, y, folder=tmp_path)
    other = x.clone()
    other[3, 4, 1] += 1e-12
    for arguments, options, what in (
        ((other, y), {}, "x"),
        ((x, y.flip(0)), {}, "y"),
        ((x.float(), y.float()), {}, "x"),
        ((x, y[:5]), {}, "clouds"),
        ((x, y), {"distance": partial(chamfer, squared=False)}, "distance"),
    ):
        with pytest.raises(ValueError, match=f"folder must be new or hold .* whose {what} is"):
            pairwise(*arguments, folder=tmp_path, **options)
    pairwise(x, folder=tmp_path / "own")
    with pytest.raises(ValueError, match="whose symmetric is False, not True"):
        pairwise(x, symmetric=True, folder=tmp_path / "own")
    assert json.loads((tmp_path / "matrix.json").read_text())["distance"] == name_of(chamfer)


def test_a_distance_is_known_by_its_name_and_options():
    assert name_of(partial(partial(chamfer, squared=False), backend="dense")).endswith(
        ".chamfer(squared=False, backend='dense')"
    )
    assert name_of(torch.nn.MSELoss()) == "torch.nn.modules.loss.MSELoss"


@pytest.mark.gpu
def test_processes_do_not_take_clouds_on_a_gpu():
    with pytest.raises(ValueError, match="processes compare clouds on the CPU"):
        pairwise(X.cuda(), Y.cuda(), workers=2, processes=True)
