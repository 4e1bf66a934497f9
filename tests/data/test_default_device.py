"""Clouds are made and read on the CPU, whatever device new tensors have by default ("meta" stands for "cuda")."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pcl_lib import data
from pcl_lib.data import _completion as completion
from pcl_lib.data import views
from tests.data.readers.samples import SAMPLES, values_for


@pytest.fixture
def elsewhere():
    torch.set_default_device("meta")
    yield
    torch.set_default_device(None)


def ball(*batch):
    g = torch.Generator("cpu").manual_seed(0)
    x = torch.randn(*batch, 256, 3, generator=g, device="cpu")
    return x / x.norm(dim=-1, keepdim=True)


MAKERS = {
    "synthetic": lambda: data.synthetic.sample("chair", 64, seed=0).points,
    "dataset": lambda: data.stack(data.synthetic.dataset(["chair"], 2, n_points=64)),
    "stack, drawn": lambda: data.stack([data.Cloud(ball()), data.Cloud(ball()[:9])], 20),
    "digits": lambda: data.digits.load(16, split="test")[0].points,
    "digits, drawn": lambda: data.digits.sample(3, 16, seed=0).points,
    "disjoint_draws": lambda: data.disjoint_draws(data.Cloud(ball()), 99, 50, seed=0).reference.points,
    "figures": lambda: data.figures.figures(2, 64)[0].points,
    "consistent_clouds, shared": lambda: data.consistent_clouds("figures", 2, 64, mode="shared").places,
    "consistent_clouds": lambda: data.consistent_clouds("figures", 2, 64).clouds,
    "as_consistent": lambda: data.as_consistent(list(ball(2)), mode="shuffled").clouds,
    "eight_views": lambda: torch.cat(views.eight_views(ball())),
    "visible_points": lambda: views.visible_points(ball(), (3.0, 0.0, 0.0)),
    "crop": lambda: views.crop(ball(), n_partial=32).partial,
    "crop, farther": lambda: views.crop(ball(), viewpoint=(1.0, 0.0, 0.0), n_partial=32).removed,
    "view_pairs": lambda: completion.view_pairs(ball(2), views=2, n_partial=32).partial,
    "crop_pairs": lambda: completion.crop_pairs(ball(2), views=2, n_partial=32).partial,
    "crop_pairs, shape": lambda: (
        completion.crop_pairs(ball(2), difficulty="hard", views=2, n_partial=32).shape
    ),
    "as_pairs": lambda: (
        completion.as_pairs([data.CompletionPair(data.Cloud(ball()), data.Cloud(ball()))], n_partial=9).shape
    ),
    "lidar_cars": lambda: data.lidar_cars(1, n_partial=64).partial,
    "lidar_cars, returns": lambda: data.lidar_cars(1, n_partial=64).returns,
}


@pytest.mark.parametrize("name", MAKERS)
def test_generators(name, elsewhere):
    made = MAKERS[name]()
    torch.set_default_device(None)
    assert made.device.type == "cpu"
    assert torch.equal(made, MAKERS[name]())


@pytest.mark.parametrize(
    "name", [name for name, s in SAMPLES.items() if s.suffix in (".npy", ".ply", ".las", ".csv")]
)
def test_readers(name, elsewhere, tmp_path):
    path = tmp_path / f"a{SAMPLES[name].suffix}"
    path.write_bytes(SAMPLES[name].make(values_for(name)))
    cloud = data.read_cloud(path, n_points=3)
    assert cloud.points.device.type == "cpu"
    assert np.isfinite(cloud.points.numpy()).all()
