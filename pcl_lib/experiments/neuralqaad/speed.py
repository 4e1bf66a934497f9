"""Speed: what the benchmarks of the source recorded, `python -m tests.benchmarks.patches` and `.assignments`, and what
that says of the paper's claims. The thresholds were written before a time was taken."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pcl_lib.experiments.claims import PART, UNTESTED, Claim, share
from pcl_lib.experiments.neuralqaad import published
from pcl_lib.experiments.neuralqaad.rules import FOLDING, GREEDY_START, LITTLE, SOME, SWAPS
from pcl_lib.experiments.record import RECORDS

OF_PATCH = "the two layers that NeuralQAAD has for each patch"
# "Only minutes" for all of D-Faust: less than an hour; a part of it, less than a working day.
MINUTES, DAY = 60.0, 600.0
# "Significant speedup" of a step: ten times; a part of it, twice. "Over a day" against "two hours": twelve times.
FASTER, DAY_TO_HOURS, TWICE = 10.0, 12.0, 2.0
# Number of patches from which there are hundreds of them.
MANY = 100

_ONLY_MINUTES = 'the greedy assignment "runs only minutes" for D-Faust'
_LITTLE = 'k-d trees on a few samples "add little overhead"'
_SIGNIFICANT = (
    'all patches at once are a "significant speedup that makes using hundreds of patches practical"'
)
_TWO_HOURS = 'training AtlasNetV2 "takes over a day whereas NeuralQAAD only requires two hours"'


def read_speed(name: str, *, folder: Path = RECORDS) -> Mapping[str, Any]:
    """A benchmark record: "patches-cpu" or "assignments-cpu". Errors: `FileNotFoundError` without one.

    >>> sorted(faster(read_speed("patches-cpu")))
    [16, 128, 512]
    """
    found: Mapping[str, Any] = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return found


def claims(
    network: str,
    assignments: str,
    *,
    patches: Mapping[str, Any] | None,
    steps: Mapping[str, Any] | None,
) -> list[Claim]:
    """Of the two benchmark records; what has none is not tested."""
    return [
        *(_missing("patches", network, (_SIGNIFICANT, _TWO_HOURS)) if patches is None else []),
        *(_missing("assignments", assignments, (_ONLY_MINUTES, _LITTLE)) if steps is None else []),
        *([] if patches is None else on_patches(network, faster(patches))),
        *(
            []
            if steps is None
            else [on_greedy(assignments, steps["greedy"]), on_swaps(assignments, added(steps))]
        ),
    ]


def faster(record: Mapping[str, Any], network: str = OF_PATCH) -> dict[int, list[float]]:
    """By number of patches, how many times as long the faster of the loops over them takes, for each size of a step."""
    found: dict[int, list[float]] = {}
    for case in record["cases"]:
        if case["network"] == network:
            best = min(ratio["median"] for ratio in case["ratios"].values())
            found.setdefault(case["patches"], []).append(best)
    return found


def added(record: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    """By how many per cent swaps lengthen a step, the two quartiles, by the size of the step."""
    return {
        case["name"]: (case["more"]["lower_quartile"], case["more"]["upper_quartile"])
        for case in record["steps"]
    }


def minutes(timed: Mapping[str, Any]) -> float:
    """Of two cores for the greedy assignment of all clouds of D-Faust, by the work for those that were timed.

    >>> timed = {"clouds": 64, "points": 65_536, "seconds_of_all_cores": 120.0}
    >>> round(minutes(timed))
    430
    """
    of = published.SIZES["D-Faust"]
    whole = of.clouds / timed["clouds"] * of.of_ratio / timed["points"]
    return float(timed["seconds_of_all_cores"] / 2 / 60 * whole)


def facts(record: Mapping[str, Any]) -> dict[str, Any]:
    """What stands under a table of a benchmark record."""
    machine = record["machine"]
    cores = f"{machine['cores']} cores, {machine['torch_threads']} of them used by torch"
    return {
        "device": f"{machine['cpu']}, {cores}; torch {machine['versions']['torch']}",
        "date": machine["date"][:10],
    }


def on_greedy(assignments: str, timed: Mapping[str, Any]) -> Claim:
    """The work of the greedy assignment of some clouds, spread over two cores and scaled to the clouds of D-Faust."""
    needed, work = minutes(timed), timed["seconds_of_all_cores"]
    return Claim(
        _ONLY_MINUTES,
        "3.4",
        f"{work:.0f} s of one core for {timed['clouds']} clouds of {timed['points']:,} points: "
        f"on two cores {needed:,.0f} minutes for all of D-Faust; the paper has a GPU",
        share(-needed, holds=-MINUTES, part=-DAY),
        f"{assignments}#{GREEDY_START}",
    )


def on_swaps(assignments: str, more: Mapping[str, tuple[float, float]]) -> Claim:
    """By how many per cent reassignment lengthens a step, two quartiles of many rounds, by the size of the step."""
    ends = [-each for quartiles in more.values() for each in quartiles]
    return Claim(
        _LITTLE,
        "3.4",
        "reassignment lengthens a step, in half of the rounds: "
        + "; ".join(f"{name} by {low:.0f} to {high:.0f} %" for name, (low, high) in more.items()),
        _over_sizes(ends, holds=-LITTLE, part=-SOME),
        f"{assignments}#{SWAPS}",
    )


def on_patches(network: str, ratios: Mapping[int, Sequence[float]]) -> list[Claim]:
    """How many times a step of all patches at once is faster than one of a loop over them: by the number of patches,
    for steps of several sizes."""
    number = "on one core, times faster than a loop over the patches, by the size of the step: " + "; ".join(
        f"{min(found):.1f} to {max(found):.1f} at {patches}" for patches, found in ratios.items()
    )
    many = [ratio for patches, found in ratios.items() if patches > MANY for ratio in found]
    judged = {
        _SIGNIFICANT: ("3.4", _over_sizes(many, holds=FASTER, part=TWICE)),
        _TWO_HOURS: ("4.2", _over_sizes(ratios[128], holds=DAY_TO_HOURS, part=TWICE)),
    }
    loop = {_SIGNIFICANT: "", _TWO_HOURS: "AtlasNetV2 is such a loop; "}
    return [
        Claim(words, where, loop[words] + number, verdict, f"{network}#{FOLDING}")
        for words, (where, verdict) in judged.items()
    ]


def _over_sizes(values: Sequence[float], *, holds: float, part: float) -> str:
    """Holds where all of them do, does not where none does, in part else.

    >>> [_over_sizes(values, holds=10.0, part=2.0) for values in ((11.0, 30.0), (1.0, 30.0), (1.0, 1.5))]
    ['holds', 'holds in part', 'does not hold']
    """
    found = {share(value, holds=holds, part=part) for value in (min(values), max(values))}
    return found.pop() if len(found) == 1 else PART


def _missing(name: str, page: str, words: Sequence[str]) -> list[Claim]:
    number = f"no record yet: `python -m tests.benchmarks.{name}` in the source"
    places = {_SIGNIFICANT: ("3.4", FOLDING), _TWO_HOURS: ("4.2", FOLDING)}
    places |= {_ONLY_MINUTES: ("3.4", GREEDY_START), _LITTLE: ("3.4", SWAPS)}
    return [Claim(each, places[each][0], number, UNTESTED, f"{page}#{places[each][1]}") for each in words]
