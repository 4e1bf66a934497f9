"""What the settings of all experiments share: checks of the runs they plan, and the steps that are looked at."""

from __future__ import annotations

from typing import Any


def check_known(what: str, given: tuple[str, ...], allowed: tuple[str, ...]) -> None:
    """Raise `ValueError` unless names are some of those allowed, each once."""
    if not given or len(set(given)) < len(given) or not set(given) <= set(allowed):
        raise ValueError(f"{what} must be some of {', '.join(allowed)}, each once, received {given}")


def check_runs(settings: Any) -> None:
    """Raise `ValueError` unless costs have a loss to be relative to, seeds differ, and looks fit into the steps."""
    if "CD" not in settings.losses:
        raise ValueError(f"losses must hold 'CD', to which costs are relative, received {settings.losses}")
    if not settings.seeds or len(set(settings.seeds)) < len(settings.seeds):
        raise ValueError(f"seeds must be different from each other, at least one, received {settings.seeds}")
    if not 1 <= settings.looks <= settings.steps:
        raise ValueError(f"looks must be from 1 to the {settings.steps} steps, received {settings.looks}")
    if not 1 <= max(settings.shown, settings.curve_shapes) <= settings.test_shapes:
        raise ValueError(
            f"shown and curve_shapes must be from 1 to the {settings.test_shapes} test_shapes, received "
            f"{settings.shown} and {settings.curve_shapes}"
        )


def evenly(steps: int, looks: int) -> tuple[int, ...]:
    """The steps after which a run of so many is looked at, evenly spread, the last among them.

    >>> evenly(100, 4)
    (25, 50, 75, 100)
    """
    return tuple(round(steps * (k + 1) / looks) for k in range(looks))
