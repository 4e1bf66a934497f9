"""Clouds for the figures, and a check that no figure leaves anything behind."""

import copy
from collections.abc import Iterator

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    before = copy.deepcopy(dict(mpl.rcParams))
    yield
    assert plt.get_fignums() == []
    assert {key: value for key, value in mpl.rcParams.items() if before[key] != value} == {}


@pytest.fixture
def ball() -> np.ndarray:
    """2048 points on a sphere."""
    directions = np.random.default_rng(0).normal(size=(2048, 3))
    return directions / np.linalg.norm(directions, axis=1, keepdims=True)


@pytest.fixture
def ring() -> np.ndarray:
    """64 points on a circle in the plane."""
    angle = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)
