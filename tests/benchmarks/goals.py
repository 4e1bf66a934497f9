"""What the library promises of a GPU of the H200 class, held against a run."""

from __future__ import annotations

from tests.benchmarks.measure import OURS


def goals(cases: list[dict], memory: list[dict]) -> list[dict]:
    """Each goal with the number wanted, the number found, and whether it is reached."""
    million = _of(cases, "nearest_each_way", 1, 1_048_576)["milliseconds"][OURS]["median"] / 1e3
    against = _of(cases, "chamfer", 32, 2048)["ratios"]["torch.cdist"]["median"]
    peaks = {
        name: found["peak_mib"] for name, found in _of(memory, "chamfer", 32, 16_384)["contenders"].items()
    }
    saved = peaks["torch.cdist"] / peaks[OURS]
    return [
        _goal("seconds for a million nearest neighbours both ways", million, at_most=1),
        _goal(
            "chamfer with gradient on 32 x 2,048 points, times as fast as torch.cdist", against, at_least=5
        ),
        _goal("memory of torch.cdist on 32 x 16,384 points, times ours", saved, at_least=100),
    ]


def _of(results: list[dict], function: str, clouds: int, points: int) -> dict:
    wanted = (function, clouds, points)
    return next(r for r in results if (r["function"], r["clouds"], r["points"]) == wanted)


def _goal(what: str, found: float, *, at_most: float | None = None, at_least: float | None = None) -> dict:
    reached = found <= at_most if at_most is not None else found >= at_least
    return {"goal": what, "at_most": at_most, "at_least": at_least, "found": found, "reached": reached}
