"""One case of a benchmark: who takes part, whether all give the same answer, and how long each takes."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pcl_lib._checks import check_pair
from tests.benchmarks.race import quartiles, race, timed

OURS = "pcl_lib"
MOST_ROUNDS = 300
LONG = 0.5  # seconds from which a job is not warmed up before each round

Answer = Tensor | tuple[Tensor, ...]


@dataclass(frozen=True)
class Peer:
    """The job done by another library, which must be installed as `module`.

    `reach`: the largest number of point pairs worth waiting for, by the type of the device; a type that is missing
    is one that it does not run on. `tolerance`: the relative error that its arithmetic explains.
    """

    job: Callable[..., Answer]
    module: str
    reach: Mapping[str, float]
    tolerance: float = 1e-3


@dataclass(frozen=True)
class Case:
    """A job on clouds of one size: `function` of pcl_lib as `ours`, against peers.

    `once`: too long to repeat, so the first run is the only round. `may_exceed`: where our method only promises a
    value above the exact one, the largest relative excess that it allows. `judged_by`: what is compared of the
    inputs and an answer, where answers may differ and be right.
    """

    function: str
    job: str
    clouds: int
    points: int
    ours: Callable[..., Answer]
    peers: Mapping[str, Peer]
    inputs: Sequence[tuple]
    once: bool = False
    may_exceed: float | None = None
    judged_by: Callable[[tuple, Answer], Answer] | None = None

    @property
    def title(self) -> str:
        size = f"{self.points:,} points" if self.clouds == 1 else f"{self.clouds} x {self.points:,} points"
        return f"{self.function}, {size}: {self.job}"


def installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def left_out(case: Case, device: torch.device) -> dict[str, str]:
    """The peers that do not take part, and why."""
    pairs = case.clouds * case.points**2
    reasons = {}
    for name, peer in case.peers.items():
        if not installed(peer.module):
            reasons[name] = "not installed"
        elif device.type not in peer.reach:
            reasons[name] = f"not on {device.type}"
        elif pairs > peer.reach[device.type]:
            reasons[name] = "too large for it"
    return reasons


def difference(expected: Answer, found: Answer) -> float:
    """Largest relative error among the tensors of an answer."""
    errors = []
    for a, b in zip(*map(_tensors, (expected, found)), strict=True):
        scale = torch.linalg.norm(a)
        errors.append(float(torch.linalg.norm(a - b) / (scale if scale > 0 else 1)))
    return max(errors)


def _tensors(answer: Answer) -> list[Tensor]:
    return [t.detach().cpu().double() for t in (answer if isinstance(answer, tuple) else (answer,))]


def compare(case: Case, answers: dict[str, Answer]) -> dict[str, dict]:
    """How far the answers are from each other. Raises `SystemExit` where one is wrong."""
    judged = dict(answers)
    if case.judged_by is not None:
        judged = {name: case.judged_by(case.inputs[0], answer) for name, answer in answers.items()}
    ours = judged.pop(OURS)
    found, wrong = {"difference": {}, "excess": {}}, {}
    for name, theirs in judged.items():
        tolerance = case.peers[name].tolerance
        if case.may_exceed is None:
            error = found["difference"][name] = difference(ours, theirs)
            right = error < tolerance
        else:
            (value,), (exact,) = _tensors(ours), _tensors(theirs)
            excess = value / exact - 1
            found["excess"][name] = error = float(excess.mean())
            right = bool(((excess > -tolerance) & (excess < case.may_exceed + tolerance)).all())
        if not right:
            wrong[name] = error
    if wrong:
        raise SystemExit(f"answer differs from that of {OURS}, relative error: {wrong}")
    return found


def measure(case: Case, device: torch.device, seconds: float) -> dict:
    """Race a case for about so many seconds. Raises `SystemExit` if nobody is there to race, or an answer is wrong."""
    absent = left_out(case, device)
    jobs = {OURS: case.ours} | {name: p.job for name, p in case.peers.items() if name not in absent}
    if len(jobs) == 1:
        raise SystemExit(f"nothing was measured, for want of a peer: {absent}")
    cuda = device.type == "cuda"
    # The first run compiles, touches memory for the first time, and gives the answers.
    first = {name: _first(name, job, case.inputs[0], cuda) for name, job in jobs.items()}
    agreement = compare(case, {name: answer for name, (_, answer) in first.items()})
    if case.once:
        times = {name: np.array([taken]) for name, (taken, _) in first.items()}
    else:
        del first
        trial = race(jobs, case.inputs, 1, cuda, warm=False)
        warm = max(taken[0] for taken in trial.values()) < LONG
        round_takes = (1 + warm) * sum(taken[0] for taken in trial.values())
        rounds = int(np.clip(seconds / round_takes, 3, MOST_ROUNDS))
        times = race(jobs, case.inputs, rounds, cuda, warm=warm)
    ratios = {name: quartiles(taken / times[OURS]) for name, taken in times.items() if name != OURS}
    ratios = dict(sorted(ratios.items(), key=lambda item: item[1]["median"]))
    return {
        "function": case.function,
        "job": case.job,
        "clouds": case.clouds,
        "points": case.points,
        "best_peer": next(iter(ratios)),
        "ratios": ratios,
        "left_out": absent,
        **agreement,
        "milliseconds": {name: quartiles(1e3 * taken) for name, taken in times.items()},
        "share_of_checks": _share_of_checks(case, float(np.median(times[OURS])), cuda),
        "rounds": len(times[OURS]),
    }


def _first(name: str, job: Callable[..., Answer], given: tuple, cuda: bool) -> tuple[float, Answer]:
    """Seconds and answer of a job; `SystemExit` if it leaves those after it with other threads than it found."""
    threads = torch.get_num_threads()
    found = timed(job, given, cuda)
    if torch.get_num_threads() != threads:
        raise SystemExit(f"{name} leaves torch with {torch.get_num_threads()} threads, it found {threads}")
    return found


def _share_of_checks(case: Case, ours: float, cuda: bool) -> float:
    """How much of our time goes into looking at the clouds before any work is done."""
    return float(np.median(race({"checks": check_pair}, case.inputs, 5, cuda)["checks"])) / ours


def lines(result: dict) -> list[str]:
    """A result for the terminal, ratios first."""
    text = [
        f"  {ratio['median']:8.2f}  [{ratio['lower_quartile']:.2f}, {ratio['upper_quartile']:.2f}]  {name}"
        for name, ratio in result["ratios"].items()
    ]
    text += [f"         -  {name}: {reason}" for name, reason in result["left_out"].items()]
    text += [f"  {100 * excess:+.2f} % above {name}" for name, excess in result["excess"].items()]
    return [*text, f"  ours takes {result['milliseconds'][OURS]['median']:.3g} ms"]
