"""Run every benchmark, or some subjects: python -m tests.benchmarks [subject ...] [--device cuda]

Ratios are peer's time / our time, round by round: above 1 we are faster. Exit code 1 if nothing was measured or an
answer is wrong.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import torch

from tests.benchmarks import (
    busy,
    chamfer,
    machine,
    matching,
    memory,
    other_distances,
    search,
    weighted,
)
from tests.benchmarks.goals import goals
from tests.benchmarks.measure import lines, measure

SUBJECTS = {
    "chamfer": chamfer.cases,
    "search": search.cases,
    "other_distances": other_distances.cases,
    "weighted": weighted.cases,
    "matching": matching.cases,
}
ALONE = ("busy", "memory")  # without peers
SECONDS_PER_CASE = 6.0


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("subjects", nargs="*", help=f"of {', '.join([*SUBJECTS, *ALONE])} (default: all)")
    parser.add_argument("--device", default="cpu", help="cpu (default) or cuda")
    parser.add_argument("--out", type=Path, default=Path(".benchmarks"), help="folder (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="tiny clouds, to see whether everything runs")
    options = parser.parse_args(argv)
    if unknown := set(options.subjects) - {*SUBJECTS, *ALONE}:
        parser.error(f"unknown subjects: {', '.join(sorted(unknown))}")
    chosen = options.subjects or [*SUBJECTS, *ALONE]
    device = torch.device(options.device)
    seconds = 0.05 if options.quick else SECONDS_PER_CASE
    started = time.monotonic()
    cases = []
    for subject in SUBJECTS:
        if subject not in chosen:
            continue
        for case in SUBJECTS[subject](device, options.quick):
            result = {"subject": subject} | measure(case, device, seconds)
            rounds = result["rounds"]
            print(f"{case.title}; peer's time / ours, median of {rounds} round{'s'[: rounds != 1]}")
            print(*lines(result), sep="\n", flush=True)
            cases.append(result)
    # What waits for the cores of this machine, and so on the CPU alone.
    crowded = busy.measure(options.quick, seconds) if "busy" in chosen and device.type == "cpu" else []
    for result in crowded:
        print(*busy.lines(result), sep="\n", flush=True)
    used = memory.measure(device, options.quick) if "memory" in chosen else []
    for item in used:
        print(f"{item['function']}, {item['clouds']} x {item['points']:,} points: peak memory in MiB")
        for name, found in item["contenders"].items():
            print(f"  {found['peak_mib']:8.0f}  {name}" if found["peak_mib"] is not None else f"  ?  {name}")
    whole = not options.subjects and not options.quick
    promised = goals(cases, used) if whole and device.type == "cuda" else []
    for goal in promised:
        print(f"{'reached' if goal['reached'] else 'MISSED '}  {goal['found']:.3g}: {goal['goal']}")
    report = {
        "quick": options.quick,
        "seconds": time.monotonic() - started,
        "machine": machine.describe(device),
        "goals": promised,
        "cases": cases,
        "busy": crowded,
        "memory": used,
    }
    # Only a whole run may take the place of a record.
    name = "-".join(["benchmarks", device.type, *options.subjects, *(["quick"] if options.quick else [])])
    out = options.out / f"{name}.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_suffix(".partial")
    partial.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    partial.replace(out)
    print(f"wrote {out} after {report['seconds']:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
