"""What the library promises of a GPU of the H200 class, held against a run."""

from __future__ import annotations

from tests.benchmarks.measure import OURS, Case

CDIST = "torch.cdist"


MILLION = ("nearest_each_way", 1, 1_048_576)
LOSS = ("chamfer", 32, 2048)
LARGE = ("chamfer", 32, 16_384)


def of_goals(case: Case) -> bool:
    """Whether a goal is about this case."""
    return (case.function, case.clouds, case.points) in (MILLION, LOSS)


def goals(cases: list[dict], memory: list[dict]) -> list[dict]:
    """Each goal whose case was measured, with the number wanted, the number found, and whether it is reached."""
    found = []
    if million := _of(cases, MILLION):
        seconds = million["milliseconds"][OURS]["median"] / 1e3
        found.append(_goal("seconds for a million nearest neighbours both ways", seconds, at_most=1))
    if (loss := _of(cases, LOSS)) and CDIST in loss["ratios"]:
        against = loss["ratios"][CDIST]["median"]
        what = "chamfer with gradient on 32 x 2,048 points, times as fast as torch.cdist"
        found.append(_goal(what, against, at_least=5))
    if large := _of(memory, LARGE):
        peaks = {name: used["peak_mib"] for name, used in large["contenders"].items()}
        what = "memory of torch.cdist on 32 x 16,384 points, times ours"
        found.append(_goal(what, peaks[CDIST] / peaks[OURS], at_least=100))
    return found


def _of(results: list[dict], wanted: tuple[str, int, int]) -> dict | None:
    return next((r for r in results if (r["function"], r["clouds"], r["points"]) == wanted), None)


def _goal(what: str, found: float, *, at_most: float | None = None, at_least: float | None = None) -> dict:
    reached = found <= at_most if at_most is not None else found >= at_least
    return {"goal": what, "at_most": at_most, "at_least": at_least, "found": found, "reached": reached}
