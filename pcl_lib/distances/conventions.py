"""The convention card of the Chamfer distance: who computes which one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Convention:
    """One Chamfer convention: `factor * chamfer(x, y, **options)`.

    `options` is None for a formula that `chamfer` does not span. `source` is a key of the book's bibliography.
    """

    name: str
    options: dict[str, str | bool] | None
    factor: float
    formula: str
    source: str
    note: str


CHAMFER_CONVENTIONS: dict[str, Convention] = {}
