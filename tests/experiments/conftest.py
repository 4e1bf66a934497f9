import pytest

from pcl_lib.experiments.autoencoder_distances import run, tiny


@pytest.fixture(scope="session")
def in_turn(tmp_path_factory):
    """Settings, folder and result of one whole experiment at its tiniest."""
    settings, folder = tiny(), tmp_path_factory.mktemp("in-turn")
    return settings, folder, run(settings, folder=folder, device="cpu", progress=False)
