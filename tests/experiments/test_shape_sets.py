"""Shapes for experiments: airplanes from their file, as many as there are."""

import pytest

from pcl_lib.experiments import shape_sets


def test_as_many_airplanes_as_there_are(monkeypatch):
    def airplanes(split, *, n_points):
        return [f"{split} {i}, {n_points} points" for i in range(5)]

    monkeypatch.setattr(shape_sets, "airplanes", airplanes)
    assert shape_sets._first("train", 5, 8) == [f"train {i}, 8 points" for i in range(5)]
    assert shape_sets._first("test", 2, 8) == ["test 0, 8 points", "test 1, 8 points"]
    with pytest.raises(ValueError, match="there are 5 airplanes in the split 'train', received a wish for 6"):
        shape_sets._first("train", 6, 8)
