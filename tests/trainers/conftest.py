"""These tests compare bit for bit, so they run on the CPU also where there is a GPU, unless they ask for it."""

import pytest


@pytest.fixture(autouse=True, scope="module")
def on_the_cpu():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LT_ACCELERATOR", "cpu")  # Fabric's own variable
        yield
