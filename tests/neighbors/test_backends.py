"""The rule of "auto"."""

import pytest
import torch

from pcl_lib.neighbors import _backends as backends
from pcl_lib.neighbors import nearest
from pcl_lib.neighbors._backends import KDTREE_MAX_DIM, choose
from pcl_lib.neighbors.building_blocks import keops


@pytest.mark.parametrize(
    ("dim", "expected"), [(1, "kdtree"), (KDTREE_MAX_DIM, "kdtree"), (KDTREE_MAX_DIM + 1, "dense")]
)
def test_auto_on_a_cpu_depends_on_the_dimension(dim, expected):
    x = torch.zeros(10, dim)
    assert choose(x, x) == expected
    assert nearest(x, x).backend == expected


def test_auto_on_a_cpu_never_asks_for_keops(monkeypatch):
    monkeypatch.setattr(keops, "available", lambda _: pytest.fail("asked for KeOps"))
    x = torch.zeros(3_000, 3)
    assert choose(x, x) == "kdtree"


@pytest.mark.parametrize(
    ("points", "works", "expected"), [(100, True, "dense"), (4_000, True, "keops"), (4_000, False, "dense")]
)
def test_auto_on_a_gpu_depends_on_the_size_and_on_keops(monkeypatch, points, works, expected):
    monkeypatch.setattr(keops, "available", lambda _: works)

    class OnGpu:
        dtype = torch.float32
        device = torch.device("cuda")
        shape = (points, 3)

    # Only device and shape are read: no GPU is needed to test the rule.
    monkeypatch.setattr("jaxtyping.config.jaxtyping_disable", True)
    assert backends.choose(OnGpu(), OnGpu()) == expected
