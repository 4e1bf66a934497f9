"""What all tests share: reproducible hypothesis runs, no window for figures, the gpu marker."""

from pathlib import Path

import hypothesis
import matplotlib
import pytest
import torch

matplotlib.use("Agg")
# The same examples on every run: a test that fails on one machine fails on all. No deadline: machines differ.
hypothesis.settings.register_profile("pcl", deadline=None, derandomize=True)
hypothesis.settings.load_profile("pcl")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--built-book",
        type=Path,
        metavar="FOLDER",
        help="test the site in FOLDER/_build instead of building it from scratch (for quick work on one test)",
    )


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("gpu") and not torch.cuda.is_available():
        pytest.skip("no accelerator on this machine")
