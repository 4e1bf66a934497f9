import pytest
import torch


@pytest.fixture(autouse=True)
def one_thread():
    """Networks this small gain nothing from threads, and on a busy machine wait for them most of the time."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
