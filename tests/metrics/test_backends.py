"""Every metric that searches for neighbours gives one value, whatever the backend."""

import sys
from functools import partial

import pytest
import torch

from pcl_lib import metrics
from pcl_lib.neighbors import building_blocks
from tests.metrics.reference import random_clouds

X, Y = random_clouds(2, 70, 3), random_clouds(2, 60, 3, seed=1)
METRICS = {
    "mcd": partial(metrics.mcd, sizes=(2, 8), centres=8),
    "half_sum_hausdorff": metrics.half_sum_hausdorff,
    "cd_l1": metrics.cd_l1,
    "cd_l2": metrics.cd_l2,
    "f1_at_1_percent": lambda x, y, backend: metrics.f1_at_1_percent(x / 20, y / 20, backend=backend),
    "fidelity": metrics.fidelity,
    "kitti_mmd": metrics.kitti_mmd,
    "d1_psnr": partial(metrics.d1_psnr, peak=1.0),
    "d2_psnr": lambda x, y, backend: metrics.d2_psnr(x, y, x, peak=1.0, backend=backend),
    "largest_spacing": lambda x, _, backend: metrics.largest_spacing(x, backend=backend),
    "density_difference": partial(metrics.density_difference, ball=0.4),
    "uniformity": lambda x, _, backend: metrics.uniformity(x, area=3.0, percentages=(0.1,), backend=backend),
    "mesh_accuracy": metrics.mesh_accuracy,
}


@pytest.mark.parametrize("name", METRICS)
def test_dense_and_tree_agree(name):
    metric = METRICS[name]
    value = metric(X, Y, backend="kdtree")
    assert (value != 0).all()
    assert torch.allclose(metric(X, Y, backend="dense"), value, rtol=1e-12, atol=0)


@pytest.mark.parametrize("name", METRICS)
def test_the_backend_reaches_every_search(name, monkeypatch):
    asked = []

    def choose(x, y, backend="auto", k=1):
        asked.append(backend)
        return "dense"

    real = building_blocks.choose
    for module in [m for key, m in sys.modules.items() if key.startswith("pcl_lib.")]:
        if getattr(module, "choose", None) is real:
            monkeypatch.setattr(module, "choose", choose)
    METRICS[name](X, Y, backend="kdtree")
    assert set(asked) == {"kdtree"}


@pytest.mark.parametrize("name", METRICS)
def test_float32_agrees(name):
    metric = METRICS[name]
    value = metric(X.float(), Y.float(), backend="auto")
    assert value.dtype == torch.float32
    assert torch.allclose(value.double(), metric(X, Y, backend="auto"), rtol=1e-4, atol=0)


@pytest.mark.gpu
@pytest.mark.parametrize("name", METRICS)
def test_gpu_agrees(name):
    metric = METRICS[name]
    value = metric(X.cuda(), Y.cuda(), backend="auto").cpu()
    assert torch.allclose(value, metric(X, Y, backend="auto"), rtol=1e-9, atol=0)


@pytest.mark.parametrize("name", METRICS)
def test_no_gradient_is_recorded(name):
    assert not METRICS[name](X.clone().requires_grad_(), Y, backend="auto").requires_grad
