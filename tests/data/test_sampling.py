import numpy as np
import pytest
from scipy import stats

from pcl_lib.data import _sampling as sampling
from pcl_lib.data import synthetic


def square():
    v = np.array([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
    return v, np.array([[0, 1, 2], [0, 2, 3]])


def test_uniform_inside_a_square():
    v, f = square()
    p = sampling.place(v, f, sampling.draw(v, f, 40_000, np.random.default_rng(0)))
    counts = np.histogram2d(p[:, 0], p[:, 1], bins=10, range=[[0, 1], [0, 1]])[0]
    assert stats.chisquare(counts.ravel()).pvalue > 1e-3
    assert np.ptp(p[:, 2]) == 0


@pytest.mark.parametrize("family", synthetic.FAMILIES)
def test_faces_are_drawn_by_area(family):
    mesh = synthetic.mesh(family, seed=2)
    draws = sampling.draw(mesh.vertices, mesh.faces, 20_000, np.random.default_rng(1))
    # 40 groups of faces of about equal area, so that each expected count is large
    group = np.minimum((np.cumsum(mesh.area_faces) / mesh.area * 40).astype(int), 39)
    expected = np.bincount(group, mesh.area_faces, 40) / mesh.area * 20_000
    observed = np.bincount(group[draws.face], minlength=40)
    assert stats.chisquare(observed, expected).pvalue > 1e-4


def test_a_biased_draw_would_be_noticed():
    mesh = synthetic.mesh("chair", seed=2)
    face = np.random.default_rng(1).integers(len(mesh.faces), size=20_000)  # uniform by face, not by area
    group = np.minimum((np.cumsum(mesh.area_faces) / mesh.area * 40).astype(int), 39)
    expected = np.bincount(group, mesh.area_faces, 40) / mesh.area * 20_000
    assert stats.chisquare(np.bincount(group[face], minlength=40), expected).pvalue < 1e-12


def test_a_longer_draw_starts_with_the_shorter_one():
    v, f = square()
    long = sampling.draw(v, f, 1000, np.random.default_rng(3))
    short = sampling.draw(v, f, 10, np.random.default_rng(3))
    assert np.array_equal(long.face[:10], short.face)
    assert np.array_equal(long.barycentric[:10], short.barycentric)


def test_barycentric_weights_are_a_partition_of_one():
    v, f = square()
    w = sampling.draw(v, f, 1000, np.random.default_rng(4)).barycentric
    assert w.min() >= 0
    assert w.sum(-1) == pytest.approx(1)


def test_faces_without_area_are_never_drawn_and_have_no_normal():
    v, f = square()
    f = np.concatenate([[[0, 0, 1]], f, [[2, 2, 2]]])
    assert set(sampling.draw(v, f, 500, np.random.default_rng(5)).face) == {1, 2}
    assert sampling.face_normals(v, f).tolist() == [[0, 0, 0], [0, 0, 1], [0, 0, 1], [0, 0, 0]]


def test_errors():
    v, f = square()
    with pytest.raises(ValueError, match="n_points must be an integer of at least 1, received 0"):
        sampling.draw(v, f, 0, np.random.default_rng(0))
    with pytest.raises(ValueError, match="positive area"):
        sampling.draw(v * 0, f, 5, np.random.default_rng(0))
    with pytest.raises(ValueError, match="0 faces"):
        sampling.draw(v, f[:0], 5, np.random.default_rng(0))
