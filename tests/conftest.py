"""What all tests share: reproducible hypothesis runs, no window for figures, markers, processes side by side."""

import atexit
import gc
import os
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import matplotlib
import pytest
import torch
from hypothesis import settings
from jaxtyping import config

from tests.examples import USUAL

matplotlib.use("Agg")
# jsonschema, which comes with nbformat, builds a grammar of addresses for a second where it finds this. Nobody asks it.
sys.modules["rfc3987_syntax"] = None
# What is imported and collected stays: looking through it for garbage, again and again, took an eighth of that time.
gc.disable()
# KeOps does not lock the folder it compiles into: processes side by side have one each, kept for the next run.
if WORKER := os.environ.get("PYTEST_XDIST_WORKER"):
    BUILT = Path(__file__).resolve().parents[1] / "_build" / "keops" / WORKER
    BUILT.mkdir(parents=True, exist_ok=True)
    os.environ["KEOPS_CACHE_FOLDER"] = str(BUILT)
settings.load_profile(USUAL)


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


# Fixtures that build pages.
BUILT_PAGES = {"site", "small"}
# Fixtures of a whole session which train: all tests that use one run in one process, or it would be trained in each.
TRAINED = {"in_turn", "losses_in_turn", "networks_in_turn"}


# Examples in docstrings that train for a second or more, or measure this machine.
LONG_EXAMPLES = {
    "pcl_lib.experiments.benchmarks.peaks.measure_peaks",
    "pcl_lib.experiments.completion.free_cloud.settle",
    "pcl_lib.trainers._completion.ShapeCompletion",
    "pcl_lib.trainers._free_clouds.FreeClouds",
    "pcl_lib.trainers._latent_gan.LatentGAN",
    "pcl_lib.trainers._latent_vae.LatentVAE",
    "pcl_lib.trainers._qaad.QAAD",
    "pcl_lib.trainers._reconstruction.Reconstruction",
}


class WhereExamplesAre:
    """A file without an example is not searched for one, which would import and read it through: most of the tests'."""

    @pytest.hookimpl(wrapper=True)
    def pytest_collect_file(self, file_path: Path) -> Generator[None, list, list]:
        found = yield
        if not found or ">>> " in file_path.read_text(encoding="utf-8"):
            return found
        return [each for each in found if type(each) is pytest.Module]


def pytest_configure(config: pytest.Config) -> None:
    """A hook of this file itself would be asked for the files of tests/ alone."""
    config.pluginmanager.register(WhereExamplesAre())


def pytest_collection_finish(session: pytest.Session) -> None:
    gc.freeze()
    gc.enable()
    # Or libraries say at the end that their objects were never freed. Not sooner: pytest, ending, looks for garbage.
    atexit.register(gc.unfreeze)


def uses_keops(item: pytest.Item) -> bool:
    reasons = [str(mark.kwargs.get("reason")) for mark in item.iter_markers("skipif")]
    return "keops" in item.name or any("KeOps" in reason for reason in reasons)


@pytest.fixture
def as_users_call_it() -> Iterator[None]:
    """The suite checks annotations at each call; users run without that, and must meet our messages."""
    config.update("jaxtyping_disable", True)
    yield
    config.update("jaxtyping_disable", False)


@pytest.hookimpl(tryfirst=True)  # before tests are chosen by their markers
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs a browser, built pages, or KeOps and its compiler is slow, as are long examples.

    Side by side, a file is in one process. Not so the tests of the built site that come once a page: they are the
    longest, and share the site alone.
    """
    for item in items:
        used = set(getattr(item, "fixturenames", ()))
        long = used & BUILT_PAGES or item.get_closest_marker("browser") or item.name in LONG_EXAMPLES
        if long or uses_keops(item):
            item.add_marker(pytest.mark.slow)
        if "site" in used and hasattr(item, "callspec"):
            continue
        item.add_marker(pytest.mark.xdist_group("trained" if used & TRAINED else str(item.path)))
