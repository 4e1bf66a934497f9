import pytest
import torch
from jaxtyping import config


@pytest.fixture
def as_users_call_it():
    """The suite checks annotations at each call; users run without that, and must meet our messages."""
    config.update("jaxtyping_disable", True)
    yield
    config.update("jaxtyping_disable", False)


@pytest.fixture(autouse=True)
def one_thread():
    """Networks this small gain nothing from threads, and on a busy machine wait for them most of the time."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
