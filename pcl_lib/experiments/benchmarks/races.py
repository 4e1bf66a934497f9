"""Read what the benchmark wrote: who raced, how long each took, and on which machine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from pcl_lib.experiments.record import RECORDS

OURS = "pcl_lib"


@dataclass(frozen=True)
class Quartiles:
    """The median of the rounds, and the two values between which half of them lie."""

    median: float
    lower_quartile: float
    upper_quartile: float


@dataclass(frozen=True)
class Race:
    """One job of a `function` on `clouds` pairs of `points` each.

    `ratios`: peer's time / our time in the same round; `milliseconds` of each contender, `pcl_lib` among them;
    `left_out`: who did not take part, and why; `excess`: by how much our value lies above that of an exact peer,
    where it may; `share_of_checks`: how much of our time went into looking at the input.
    """

    subject: str
    function: str
    job: str
    clouds: int
    points: int
    rounds: int
    ratios: Mapping[str, Quartiles]
    milliseconds: Mapping[str, Quartiles]
    left_out: Mapping[str, str]
    excess: Mapping[str, float]
    share_of_checks: float

    @property
    def best_peer(self) -> str:
        """The fastest of the peers."""
        return min(self.ratios, key=lambda name: self.ratios[name].median)

    @property
    def size(self) -> str:
        """The size in words: "2,048 points", "8 × 512 points"."""
        points = f"{self.points:,} points"
        return points if self.clouds == 1 else f"{self.clouds} × {points}"

    def behind(self, peer: str | None = None) -> float:
        """How many times as long as we a peer took, by default the fastest: above one we are faster."""
        return self.ratios[peer or self.best_peer].median

    def took(self, name: str = OURS) -> float:
        """Milliseconds of a contender, by default our own: the median of the rounds."""
        return self.milliseconds[name].median


@dataclass(frozen=True)
class Benchmarks:
    """A whole run on one `machine`. `memory` has the peaks of its jobs, `goals` what is promised of a GPU."""

    machine: Mapping[str, Any]
    seconds: float
    races: list[Race] = field(repr=False)
    memory: list[Mapping[str, Any]] = field(repr=False)
    goals: list[Mapping[str, Any]] = field(repr=False)

    def race(self, function: str, *, clouds: int = 1, points: int | None = None, job: str = "") -> Race:
        """The race of a function on clouds of one size, by default the largest; `job` stands in its job.

        Errors: `ValueError` if there is none.
        """
        found = [
            race
            for race in self.races
            if (race.function, race.clouds) == (function, clouds)
            and race.points == (points or race.points)
            and job in race.job
        ]
        if not found:
            sizes = sorted({race.size for race in self.races if race.function == function})
            raise ValueError(
                f"function and size must be of a recorded race, received {function!r}, {clouds} × {points}, job "
                f"{job!r}; of this function there is {', '.join(sizes) or 'none'}"
            )
        return max(found, key=lambda race: race.points)


def read_benchmarks(device: str = "cpu", *, folder: Path = RECORDS) -> Benchmarks:
    """The record of the benchmarks on a kind of device, "cpu" or "cuda".

    Errors: `FileNotFoundError` if there is none.

    >>> read_benchmarks("cpu").race("nearest").size
    '16,384 points'
    """
    path = folder / f"benchmarks-{device}.json"
    if not path.is_file():
        raise FileNotFoundError(
            f"there is no record {path}; from the source of the book, "
            f'`make bench ARGS="--device {device} --out book/records"` writes one'
        )
    stored = json.loads(path.read_text(encoding="utf-8"))
    kept = {name: stored[name] for name in ("machine", "seconds", "memory", "goals")}
    return Benchmarks(races=[_race(case) for case in stored["cases"]], **kept)


@dataclass(frozen=True)
class Steps:
    """Training steps of one `job` under several losses, timed in the same rounds on one `machine`.

    `ratios`: time of the step with a loss / time of one with CD of lengths; `milliseconds` of each.
    """

    job: str
    rounds: int
    machine: Mapping[str, Any]
    ratios: Mapping[str, Quartiles]
    milliseconds: Mapping[str, Quartiles]

    @property
    def quartiles(self) -> dict[str, tuple[float, float, float]]:
        """The ratios by loss: lower quartile, median and upper quartile of the rounds."""
        return {loss: (r.lower_quartile, r.median, r.upper_quartile) for loss, r in self.ratios.items()}


def read_steps(device: str = "cpu", *, folder: Path = RECORDS) -> Steps:
    """The record of `python -m tests.benchmarks.loss_steps` on a kind of device, "cpu" or "cuda".

    Errors: `FileNotFoundError` if there is none.

    >>> read_steps("cpu").quartiles["CD lengths"]
    (1.0, 1.0, 1.0)
    """
    path = folder / f"loss-steps-{device}.json"
    if not path.is_file():
        raise FileNotFoundError(
            f"there is no record {path}; from the source of the book, `python -m tests.benchmarks.loss_steps --device "
            f"{device} --out {path.name}` writes one"
        )
    stored = json.loads(path.read_text(encoding="utf-8"))
    return Steps(
        job=stored["job"],
        rounds=stored["rounds"],
        machine=stored["machine"],
        ratios=_spreads(stored["ratios"]),
        milliseconds=_spreads(stored["milliseconds"]),
    )


def _spreads(found: Mapping[str, Mapping[str, float]]) -> dict[str, Quartiles]:
    return {who: Quartiles(**spread) for who, spread in found.items()}


def _race(case: Mapping[str, Any]) -> Race:
    known = {f.name: case[f.name] for f in fields(Race)}
    for name in ("ratios", "milliseconds"):
        known[name] = _spreads(case[name])
    return Race(**known)
