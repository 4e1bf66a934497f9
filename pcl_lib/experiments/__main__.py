"""python -m pcl_lib.experiments list | run NAME --preset live|record|record-cpu|tiny | verify"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pcl_lib.experiments.named import EXPERIMENTS, experiment
from pcl_lib.experiments.record import RECORDS, verify, write_record
from pcl_lib.experiments.result import Result
from pcl_lib.experiments.source import source_of


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    if options.command == "list":
        for name in EXPERIMENTS:
            module = experiment(name)
            print(f"{name}: presets {', '.join(module.PRESETS)}\n  {module.__doc__.strip()}")
        return 0
    try:
        if options.command == "verify":
            return _verify(options.records)
        _run(options)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pcl_lib.experiments")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="the experiments and their presets")
    run = commands.add_parser("run", help="run one; stopped, it goes on from --out")
    run.add_argument("name", choices=EXPERIMENTS)
    run.add_argument("--preset", default="live", help="sizes; those that begin with record write a record")
    run.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))
    run.add_argument("--seeds", type=int, help="how many, 0, 1, ..; a record has those of its preset")
    run.add_argument("--processes", type=int, default=1, help="runs side by side")
    run.add_argument("--out", type=Path, required=True, help="folder of checkpoints and results")
    run.add_argument("--records", type=Path, default=RECORDS, help="folder of records (%(default)s)")
    check = commands.add_parser("verify", help="find records that the code of today would not write")
    check.add_argument("--records", type=Path, default=RECORDS, help="folder of records (%(default)s)")
    return parser


def _run(options: argparse.Namespace) -> None:
    module = experiment(options.name)
    if options.preset not in module.PRESETS:
        raise ValueError(f"the presets are {', '.join(module.PRESETS)}; received {options.preset!r}")
    settings = module.PRESETS[options.preset]()
    if options.seeds is not None:
        settings = replace(settings, seeds=tuple(range(options.seeds)))
    recorded = options.preset.startswith("record")
    if recorded and settings != module.PRESETS[options.preset]():
        raise ValueError(f"a record has the seeds of its preset {options.preset!r}; leave --seeds out")
    source = source_of(options.out) if recorded else None
    result = module.run(settings, folder=options.out, device=options.device, processes=options.processes)
    _print(result)
    if source is not None:
        path = write_record(options.name, options.preset, settings, result, source, folder=options.records)
        print(f"wrote {path}")


def _print(result: Result) -> None:
    wide, long = (max(len(row[name]) for row in result.rows) for name in ("network", "loss"))
    for metric in (*result.rows[0]["metrics"], "ms_per_step", "relative_cost"):
        print(metric)
        for (network, loss), (mean, std) in result.table(metric).items():
            print(f"  {network:{wide}}  {loss:{long}}  {mean:10.4g} ± {std:.2g}")
    print(f"{result.data['name']}; {result.device}; {result.seconds:.0f} s of training")


def _verify(folder: Path) -> int:
    """0 if all records are what the code of today would write, else 1; the bad ones are named."""
    paths = [path for name in EXPERIMENTS if (path := folder / f"{name}.json").exists()]
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
