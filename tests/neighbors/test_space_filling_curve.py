"""Points in the order of the curve: a permutation that brings what is near in space near in memory."""

import numpy as np
import pytest

from pcl_lib.neighbors._space_filling_curve import MIN_POINTS, along_curve


@pytest.mark.parametrize("dim", [1, 2, 3, 5, 10, 16])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_neighbours_along_the_curve_are_near(dim, dtype):
    clouds = np.random.default_rng(0).uniform(-3, 5, (2, 4_000, dim)).astype(dtype)
    order = along_curve(clouds)
    assert (np.sort(order, 1) == np.arange(4_000)).all()
    for cloud, places in zip(clouds, order, strict=True):
        as_given, sorted_ = (
            np.linalg.norm(np.diff(c, axis=0), axis=1).mean() for c in (cloud, cloud[places])
        )
        assert sorted_ < (0.05, 0.05, 0.15, 0.4, 0.7, 0.9)[(1, 2, 3, 5, 10, 16).index(dim)] * as_given
        assert (along_curve(cloud[None])[0] == places).all()


def test_each_cloud_of_a_batch_has_a_scale_of_its_own():
    cloud = np.random.default_rng(1).normal(size=(1, 2_000, 3))
    batch = np.concatenate([cloud, 1e-8 * cloud + 7, np.full_like(cloud, 2.0)])
    own, small, one_place = along_curve(batch)
    assert (own == along_curve(cloud)[0]).all()
    assert (own == small).mean() > 0.9
    assert (one_place == np.arange(2_000)).all()


def test_what_gains_nothing_is_left_as_it_is():
    assert along_curve(np.zeros((1, MIN_POINTS - 1, 3))) is None
    assert along_curve(np.zeros((1, MIN_POINTS, 17))) is None
