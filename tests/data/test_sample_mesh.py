"""Points on any mesh, uniform by area."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from pcl_lib.data import sample_mesh, synthetic

# A square of area 4 at z = 0, and one of area 1 at z = 1
TWO = SimpleNamespace(
    vertices=np.array(
        [[0, 0, 0], [2, 0, 0], [2, 2, 0], [0, 2, 0], [0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]], float
    ),
    faces=np.array([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]]),
)


def test_each_face_has_points_by_its_area():
    cloud = sample_mesh(TWO, 20_000, seed=0)
    lower = cloud.points[cloud.points[:, 2] == 0]
    assert len(lower) / 20_000 == pytest.approx(0.8, abs=4 * (0.8 * 0.2 / 20_000) ** 0.5)
    counts = np.histogram2d(*lower[:, :2].T.numpy(), bins=4, range=[[0, 2], [0, 2]])[0]
    assert abs(counts / counts.mean() - 1).max() < 4 / counts.mean() ** 0.5
    assert torch.equal(cloud.normals, torch.tensor([0.0, 0.0, 1.0]).expand(20_000, 3))


def test_tensors_do_as_arrays_and_a_seed_repeats():
    tensors = SimpleNamespace(vertices=torch.tensor(TWO.vertices), faces=torch.tensor(TWO.faces))
    same = sample_mesh(TWO, 50, seed=1).points
    assert torch.equal(sample_mesh(tensors, 50, seed=1).points, same)
    assert torch.equal(sample_mesh(TWO, 20, seed=1).points, same[:20])
    assert not torch.equal(sample_mesh(TWO, 50, seed=2).points, same)
    assert sample_mesh(synthetic.mesh("mug", seed=0), 9, seed=0).points.shape == (9, 3)


def test_errors():
    with pytest.raises(ValueError, match="positive area, received 0 faces"):
        sample_mesh(SimpleNamespace(vertices=TWO.vertices, faces=TWO.faces[:0]), seed=0)
    with pytest.raises(ValueError, match="finite vertices, received 8 of 8"):
        sample_mesh(SimpleNamespace(vertices=TWO.vertices * np.nan, faces=TWO.faces), seed=0)
    with pytest.raises(ValueError, match="n_points must be an integer of at least 1, received 0"):
        sample_mesh(TWO, 0, seed=0)
