"""Checks that the settings of all experiments share, and the steps that are looked at."""

from __future__ import annotations

from pcl_lib.experiments.runner.experiment import Settings


def check_known(what: str, given: tuple[str, ...], allowed: tuple[str, ...]) -> None:
    """Raise `ValueError` unless names are some of those allowed, each once."""
    if not given or len(set(given)) < len(given) or not set(given) <= set(allowed):
        raise ValueError(f"{what} must be some of {', '.join(allowed)}, each once, received {given}")


def check_runs(settings: Settings, *, looks: int, shown: int, curve_shapes: int, test_shapes: int) -> None:
    """Raise `ValueError` unless each baseline is run, seeds differ, and looks fit into the steps and the shapes."""
    for configuration in settings.configurations:
        baseline = settings.baseline(configuration)
        if baseline is not None and baseline not in settings.configurations:
            missing = next(
                f"{name} {value!r}"
                for name, value in zip(settings.factors, baseline, strict=True)
                if all(value not in other for other in settings.configurations)
            )
            raise ValueError(
                f"the runs must hold {missing}, to which costs are relative, received {settings.configurations}"
            )
    if not settings.seeds or len(set(settings.seeds)) < len(settings.seeds):
        raise ValueError(f"seeds must be different from each other, at least one, received {settings.seeds}")
    if not 1 <= looks <= settings.steps:
        raise ValueError(f"looks must be from 1 to the {settings.steps} steps, received {looks}")
    if not 1 <= min(shown, curve_shapes) <= max(shown, curve_shapes) <= test_shapes:
        raise ValueError(
            f"shown and curve_shapes must be from 1 to the {test_shapes} test_shapes, received {shown} and "
            f"{curve_shapes}"
        )


def evenly(steps: int, looks: int) -> tuple[int, ...]:
    """The steps after which a run of so many is looked at, evenly spread, the last among them.

    >>> evenly(100, 4)
    (25, 50, 75, 100)
    """
    return tuple(round(steps * (k + 1) / looks) for k in range(looks))
