"""Tests of the readers keep nothing: a cache folder of the person who runs them is not used."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PCL_CACHE", raising=False)
