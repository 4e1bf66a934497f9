"""The rule of "auto"."""

from types import SimpleNamespace

import pytest
import torch

from pcl_lib.neighbors import _backends as backends
from pcl_lib.neighbors import nearest
from pcl_lib.neighbors._backends import KDTREE_MAX_DIM, choose
from pcl_lib.neighbors.building_blocks import keops, triton


@pytest.mark.parametrize(
    ("dim", "expected"), [(1, "kdtree"), (KDTREE_MAX_DIM, "kdtree"), (KDTREE_MAX_DIM + 1, "dense")]
)
def test_auto_on_a_cpu_depends_on_the_dimension(dim, expected):
    x = torch.zeros(10, dim)
    assert choose(x, x) == expected
    assert nearest(x, x).backend == expected


def test_auto_on_a_cpu_asks_for_no_engine_of_the_gpu(monkeypatch):
    monkeypatch.setattr(keops, "available", lambda _: pytest.fail("asked for KeOps"))
    monkeypatch.setattr(triton, "available", lambda _: pytest.fail("asked for Triton"))
    x = torch.zeros(3_000, 3)
    assert choose(x, x) == "kdtree"


@pytest.fixture
def gpu(monkeypatch):
    """`choose` for clouds of a shape on a GPU on which only the engines named can run."""
    # Only device, type and shape are read: no GPU is needed to test the rule.
    monkeypatch.setattr("jaxtyping.config.jaxtyping_disable", True)

    def chosen(shape, *working, dtype=torch.float32, k=1):
        monkeypatch.setattr(keops, "available", lambda _: "keops" in working)
        monkeypatch.setattr(triton, "available", lambda _: "triton" in working)
        clouds = SimpleNamespace(device=torch.device("cuda"), shape=shape, dtype=dtype)
        return backends.choose(clouds, clouds, k=k)

    return chosen


@pytest.mark.parametrize("shape", [(100, 3), (4_000, 2), (32, 1_000, 1)])
def test_auto_on_a_gpu_takes_triton_for_what_it_does(gpu, shape):
    assert gpu(shape, "triton", "keops") == "triton"
    assert gpu(shape, "triton") == "triton"


@pytest.mark.parametrize("other", [{"dtype": torch.float64}, {"k": 2}, {"k": None}, {"shape": (4_000, 4)}])
def test_auto_on_a_gpu_takes_keops_for_the_rest(gpu, other):
    other = {"shape": (4_000, 3)} | other
    shape = other.pop("shape")
    assert gpu(shape, "triton", "keops", **other) == "keops"
    assert gpu(shape, "triton", **other) == "dense"


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((100, 3), "dense"),
        ((4_000, 3), "keops"),
        ((32, 1_000, 3), "keops"),  # small clouds, and many
        ((3, 1_000, 3), "dense"),
    ],
)
def test_auto_on_a_gpu_without_triton_depends_on_the_size_of_the_batch(gpu, shape, expected):
    assert gpu(shape, "keops") == expected
    assert gpu(shape) == "dense"
