"""Settings as a number: whoever changes one of them, or the meaning of them, gets another."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, fields
from typing import Any

# Metadata of a setting that came after the first records: where it has its default it is as if it were not there,
# and what was recorded before it stays of its settings.
LATER = {"later": True}


def as_recorded(settings: Any) -> dict[str, Any]:
    """Settings as a record holds them: without those `LATER` ones that have their default."""
    left_out = {
        f.name for f in fields(settings) if f.metadata.get("later") and getattr(settings, f.name) == f.default
    }
    return {name: value for name, value in asdict(settings).items() if name not in left_out}


def settings_hash(name: str, version: int, settings: Any) -> str:
    """SHA-256 of the canonical JSON of an experiment's name, its version and its settings, a frozen dataclass.

    >>> from dataclasses import make_dataclass
    >>> Sizes = make_dataclass("Sizes", [("steps", int)], frozen=True)
    >>> settings_hash("a", 1, Sizes(4)) == settings_hash("a", 1, Sizes(4))
    True
    >>> settings_hash("a", 1, Sizes(4)) == settings_hash("a", 2, Sizes(4)) == settings_hash("a", 1, Sizes(5))
    False
    """
    whole = {"experiment": name, "version": version, "settings": as_recorded(settings)}
    text = json.dumps(whole, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
