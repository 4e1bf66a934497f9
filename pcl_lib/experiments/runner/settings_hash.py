"""Settings as a number: whoever changes one of them, or the meaning of them, gets another."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import Any


def settings_hash(name: str, version: int, settings: Any) -> str:
    """SHA-256 of the canonical JSON of an experiment's name, its version and its settings, a frozen dataclass.

    >>> from dataclasses import make_dataclass
    >>> Sizes = make_dataclass("Sizes", [("steps", int)], frozen=True)
    >>> settings_hash("a", 1, Sizes(4)) == settings_hash("a", 1, Sizes(4))
    True
    >>> settings_hash("a", 1, Sizes(4)) == settings_hash("a", 2, Sizes(4)) == settings_hash("a", 1, Sizes(5))
    False
    """
    whole = {"experiment": name, "version": version, "settings": asdict(settings)}
    text = json.dumps(whole, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
