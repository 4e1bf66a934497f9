"""Checks that need something a machine may lack."""

import os
from typing import NoReturn

import pytest


def unavailable(reason: str) -> NoReturn:
    """A check that cannot run: skipped with its reason on a reader's machine, a failure in CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"this check must run in CI, but {reason}")
    pytest.skip(reason)
