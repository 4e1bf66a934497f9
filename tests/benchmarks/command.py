"""How a benchmark of its own is called, and how it ends: with one JSON file that is whole or not there."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from pcl_lib._files import write_whole
from tests.benchmarks import machine


def parser_of(doc: str) -> argparse.ArgumentParser:
    """The options that all have; `doc`: the docstring of the module, whose first line is shown."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument(
        "--quick", action="store_true", help="the tiniest sizes, to see whether everything runs"
    )
    parser.add_argument("--out", type=Path, help="JSON file (default: .benchmarks/<benchmark>-<device>.json)")
    return parser


def add_device(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", default="cpu", help="cpu (default) or cuda")


def write_report(
    name: str, report: Mapping[str, Any], options: argparse.Namespace, device: torch.device
) -> None:
    """Write what was found, whether it was quick, and the machine of it."""
    out = options.out or Path(".benchmarks") / f"{name}-{device.type}.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    whole = {"quick": options.quick, **report, "machine": machine.describe(device)}
    write_whole(out, (json.dumps(whole, indent=1) + "\n").encode())
    print(f"wrote {out}")
