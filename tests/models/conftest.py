import pytest
from jaxtyping import config


@pytest.fixture
def as_users_call_it():
    """The suite checks annotations at each call; users run without that, and must meet our messages."""
    config.update("jaxtyping_disable", True)
    yield
    config.update("jaxtyping_disable", False)
