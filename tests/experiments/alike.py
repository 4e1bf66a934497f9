"""Whether two results are of the same runs."""

import numpy as np


def same(a, b):
    """Equal to the bit, times apart."""
    assert a.previews.keys() == b.previews.keys()
    for name in a.previews:
        assert np.array_equal(a.previews[name], b.previews[name]), name
    assert a.curves.keys() == b.curves.keys()
    for key in a.curves:
        assert np.array_equal(a.curves[key], b.curves[key]), key
    assert [row.metrics for row in a.rows] == [row.metrics for row in b.rows]
    assert (a.data, a.logged_steps) == (b.data, b.logged_steps)
