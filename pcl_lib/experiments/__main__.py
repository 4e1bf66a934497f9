"""python -m pcl_lib.experiments list | run NAME --preset tiny|live|record|.. | verify [--rerun NAME]"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pcl_lib.experiments.catalogue import EXPERIMENTS, experiment
from pcl_lib.experiments.record import RECORDS, verify, write_record
from pcl_lib.experiments.rerun import rerun
from pcl_lib.experiments.runner.provenance import note_source, source_of
from pcl_lib.experiments.runner.result import COSTS, Result
from pcl_lib.experiments.runner.run import run_experiment
from pcl_lib.experiments.runner.training import check_finished


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    if options.command == "list":
        for name in EXPERIMENTS:
            of = experiment(name)
            print(f"{name}: presets {', '.join(of.presets)}\n  {of.title}")
        return 0
    try:
        if options.command == "verify":
            return _verify(options.records) if options.rerun is None else _rerun(options)
        _run(options)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pcl_lib.experiments")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="the experiments and their presets")
    run = commands.add_parser(
        "run",
        help="run one; stopped, it goes on from --out",
        epilog="With --commit the runs are trained and timed, and no record is written: bring the folder to a checkout "
        "of that commit and give the same command there with --gather instead. It needs no checkpoints.",
    )
    run.add_argument("name", choices=EXPERIMENTS)
    run.add_argument("--preset", default="live", help="sizes; those that begin with record write a record")
    run.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))
    run.add_argument("--seeds", type=int, help="how many, 0, 1, ..; a record has those of its preset")
    run.add_argument("--processes", type=int, default=1, help="runs side by side")
    run.add_argument("--out", type=Path, required=True, help="folder of checkpoints and results")
    run.add_argument("--commit", metavar="HASH", help="of this code, where there is no git; see below")
    run.add_argument("--gather", action="store_true", help="write the record of runs that are all finished")
    run.add_argument("--records", type=Path, default=RECORDS, help="folder of records (%(default)s)")
    check = commands.add_parser("verify", help="find records that the code of today would not write")
    check.add_argument(
        "--rerun",
        metavar="NAME",
        help="train one run of this record again, chosen at random, and compare (needs its data)",
    )
    check.add_argument("--seed", type=int, help="of the choice, to repeat it")
    check.add_argument("--records", type=Path, default=RECORDS, help="folder of records (%(default)s)")
    return parser


def _run(options: argparse.Namespace) -> None:
    of = experiment(options.name)
    if options.preset not in of.presets:
        raise ValueError(f"the presets are {', '.join(of.presets)}; received {options.preset!r}")
    settings = of.presets[options.preset]()
    if options.seeds is not None:
        settings = replace(settings, seeds=tuple(range(options.seeds)))
    recorded = options.preset.startswith("record")
    if recorded and settings != of.presets[options.preset]():
        raise ValueError(f"a record has the seeds of its preset {options.preset!r}; leave --seeds out")
    if options.gather:
        check_finished(settings, options.out)
    if options.commit is not None:
        note_source(options.out, options.commit)
    source = source_of(options.out) if recorded and options.commit is None else None
    result = run_experiment(
        of, settings, folder=options.out, device=options.device, processes=options.processes
    )
    _print(result)
    if source is not None:
        path = write_record(options.name, options.preset, settings, result, source, folder=options.records)
        print(f"wrote {path}")


def _print(result: Result) -> None:
    widths = [max(map(len, column)) for column in zip(*result.configurations, strict=True)]
    costs = [cost for cost in COSTS if getattr(result.rows[0], cost) is not None]
    metrics = dict.fromkeys(metric for row in result.rows for metric in row.metrics)
    for metric in (*metrics, *costs):
        print(metric)
        for configuration, (mean, std) in result.table(metric).items():
            names = "  ".join(f"{name:{width}}" for name, width in zip(configuration, widths, strict=True))
            print(f"  {names}  {mean:10.4g} ± {std:.2g}")
    print(f"{result.data['name']}; {result.device}; {result.seconds:.0f} s of training")


def _rerun(options: argparse.Namespace) -> int:
    found = rerun(options.rerun, folder=options.records, choice=options.seed)
    print(found)
    return 0 if found.agrees else 1


def _verify(folder: Path) -> int:
    """0 if all records are what the code of today would write, else 1; the bad ones are named."""
    names = {
        experiment(name).record_name(preset)
        for name in EXPERIMENTS
        for preset in experiment(name).presets
        if preset.startswith("record")
    }
    paths = [path for name in sorted(names) if (path := folder / f"{name}.json").exists()]
    bad = 0
    for path in paths:
        try:
            verify(path)
        except (ValueError, KeyError) as error:
            bad += 1
            print(f"stale: {error}", file=sys.stderr)
    print(f"{len(paths)} records, {bad} stale")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
