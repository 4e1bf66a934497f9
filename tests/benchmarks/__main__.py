"""Run every benchmark, or some subjects: python -m tests.benchmarks [subject ...] [--device cuda]

Ratios are peer's time / our time, round by round: above 1 we are faster. Exit code 1 if nothing was measured or an
answer is wrong; what was measured before is written all the same, after each case.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import torch

from tests.benchmarks import (
    busy,
    chamfer,
    engines,
    fields,
    machine,
    matching,
    memory,
    other_distances,
    search,
    weighted,
)
from tests.benchmarks.command import add_device, write_json
from tests.benchmarks.goals import goals, of_goals
from tests.benchmarks.measure import Case, lines, measure

SUBJECTS = {
    "chamfer": chamfer.cases,
    "search": search.cases,
    "other_distances": other_distances.cases,
    "weighted": weighted.cases,
    "matching": matching.cases,
    "fields": fields.cases,
}
ALONE = ("engines", "busy", "memory")  # without peers
SECONDS_PER_CASE = 6.0
SECONDS_IN_HASTE = 1.5
# On a GPU these are solved on the processor, as their peers are: minutes for what the record of a processor says.
NOT_ON_CUDA = ("emd", "transport_plan", "em_kd")


def main(argv: list[str] | None = None) -> int:
    options = _options(argv)
    device = torch.device(options.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        print("no CUDA device")
        return 0
    chosen = options.subjects or [*SUBJECTS, *ALONE]
    seconds = 0.05 if options.quick else SECONDS_PER_CASE if options.minutes is None else SECONDS_IN_HASTE
    started = time.monotonic()
    ends = started + 60 * (options.minutes or float("inf"))
    report: dict = {
        "quick": options.quick,
        "seconds": 0.0,
        "machine": machine.describe(device),
        "goals": [],
        "cases": [],
        "busy": [],
        "memory": [],
        "engines": [],
        "failed": [],
        "out_of_time": [],
    }

    def write() -> None:
        report["seconds"] = time.monotonic() - started
        write_json(_path(options), report)

    def race(cases: Iterable[tuple[str, Case]]) -> None:
        for subject, case in cases:
            if time.monotonic() > ends:
                report["out_of_time"].append(case.title)
                continue
            try:
                result = {"subject": subject} | measure(case, device, seconds)
            except (SystemExit, RuntimeError) as wrong:  # an answer, or a device
                print(f"FAILED  {wrong}", flush=True)
                report["failed"].append(f"{case.title}: {wrong}")
                continue
            rounds = result["rounds"]
            print(f"{case.title}; peer's time / ours, median of {rounds} round{'s'[: rounds != 1]}")
            print(*lines(result), sep="\n", flush=True)
            report["cases"].append(result)
            write()

    def race_engines() -> None:
        for result in engines.measure(device, options.quick, ends):
            print(engines.line(result), flush=True)
            report["engines"].append(result)
            write()

    def look_at_memory() -> None:
        report["memory"] = _memory(device, options.quick)
        write()

    cases = _cases(chosen, device, options.quick)
    if options.minutes is not None:
        every = list(cases)
        race(item for item in every if of_goals(item[1]))
        cases = iter([item for item in every if not of_goals(item[1])])
    if "engines" in chosen and device.type == "cuda":
        race_engines()
    if "memory" in chosen and options.minutes is not None and time.monotonic() < ends:
        look_at_memory()
    race(cases)
    # What waits for the cores of this machine, and so on the CPU alone.
    if "busy" in chosen and device.type == "cpu":
        report["busy"] = busy.measure(options.quick, seconds)
        for result in report["busy"]:
            print(*busy.lines(result), sep="\n", flush=True)
        write()
    if "memory" in chosen and options.minutes is None:
        look_at_memory()
    if not options.subjects and not options.quick and device.type == "cuda":
        report["goals"] = goals(report["cases"], report["memory"])
        for goal in report["goals"]:
            print(f"{'reached' if goal['reached'] else 'MISSED '}  {goal['found']:.3g}: {goal['goal']}")
    if report["seconds"]:
        write()
        print(f"wrote {_path(options)} after {report['seconds']:.0f} s")
    if report["out_of_time"]:
        print(f"no time for {len(report['out_of_time'])} cases")
    if report["failed"]:
        raise SystemExit("; ".join(report["failed"]))
    return 0


def _options(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("subjects", nargs="*", help=f"of {', '.join([*SUBJECTS, *ALONE])} (default: all)")
    add_device(parser)
    parser.add_argument("--out", type=Path, default=Path(".benchmarks"), help="folder (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="tiny clouds, to see whether everything runs")
    parser.add_argument(
        "--minutes", type=float, help="begin nothing after so many; what goals are about comes first"
    )
    options = parser.parse_args(argv)
    if unknown := set(options.subjects) - {*SUBJECTS, *ALONE}:
        parser.error(f"unknown subjects: {', '.join(sorted(unknown))}")
    return options


def _cases(chosen: list[str], device: torch.device, quick: bool) -> Iterator[tuple[str, Case]]:
    """The cases of the subjects, each made when its turn comes."""
    for subject in SUBJECTS:
        if subject in chosen:
            for case in SUBJECTS[subject](device, quick):
                if device.type == "cpu" or case.function not in NOT_ON_CUDA:
                    yield subject, case


def _memory(device: torch.device, quick: bool) -> list[dict]:
    used = memory.measure(device, quick)
    for item in used:
        print(f"{item['function']}, {item['clouds']} x {item['points']:,} points: peak memory in MiB")
        for name, found in item["contenders"].items():
            print(f"  {found['peak_mib']:8.0f}  {name}" if found["peak_mib"] is not None else f"  ?  {name}")
    return used


def _path(options: argparse.Namespace) -> Path:
    # Only a whole run may take the place of a record.
    kind = torch.device(options.device).type
    name = "-".join(["benchmarks", kind, *options.subjects, *(["quick"] if options.quick else [])])
    return options.out / f"{name}.json"


if __name__ == "__main__":
    sys.exit(main())
