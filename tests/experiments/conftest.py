import subprocess

import pytest

from pcl_lib.experiments.autoencoder.distances import run, tiny
from pcl_lib.experiments.completion import losses as completion_losses
from pcl_lib.experiments.completion import networks as completion_networks


@pytest.fixture(scope="session")
def in_turn(tmp_path_factory):
    """Settings, folder and result of one whole experiment at its tiniest."""
    settings, folder = tiny(), tmp_path_factory.mktemp("in-turn")
    return settings, folder, run(settings, folder=folder, device="cpu", progress=False)


@pytest.fixture(scope="session")
def losses_in_turn(tmp_path_factory):
    """Settings, folder and result of one network with some losses, at its tiniest."""
    settings, folder = completion_losses.tiny(), tmp_path_factory.mktemp("losses")
    return settings, folder, completion_losses.run(settings, folder=folder, device="cpu", progress=False)


@pytest.fixture(scope="session")
def networks_in_turn(tmp_path_factory):
    """Settings, folder and result of all completion networks with two losses, at their tiniest."""
    settings, folder = completion_networks.tiny(), tmp_path_factory.mktemp("networks")
    return settings, folder, completion_networks.run(settings, folder=folder, device="cpu", progress=False)


def git(folder, *arguments):
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def code(tmp_path):
    """A git checkout with one committed file."""
    folder = tmp_path / "code"
    folder.mkdir()
    git(folder, "init", "-q")
    (folder / "experiment.py").write_text("steps = 1\n")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    return folder
