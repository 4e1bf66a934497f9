"""python -m pcl_lib.codec compress FOLDER out.pcld | decompress FILE OUT | info FILE"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from pcl_lib.codec import _set_command
from pcl_lib.codec._container import KINDS, kind_of
from pcl_lib.codec._write_cloud import SUFFIXES

# What reads a file of each kind.
COMMANDS = {"pcld": _set_command}


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        if options.command == "compress":
            _compress(options)
        else:
            _read(options)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        more = "; the same command goes on" if options.command == "compress" else ""
        print(f"stopped{more}", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pcl_lib.codec", description="Point clouds in few bytes.")
    commands = parser.add_subparsers(dest="command", required=True)
    compress = commands.add_parser("compress", help="a folder of clouds to one file; stopped, it goes on")
    compress.add_argument("input", type=Path, help="folder")
    compress.add_argument("out", type=Path, help="file, .pcld for a folder")
    _set_command.add_options(compress)
    decompress = commands.add_parser("decompress", help="a compressed file to the clouds in it")
    decompress.add_argument("input", type=Path, help="compressed file")
    decompress.add_argument("out", type=Path, help="new folder")
    decompress.add_argument(
        "--format", default=".ply", choices=SUFFIXES, help="of clouds in a folder (%(default)s)"
    )
    info = commands.add_parser("info", help="what is in a compressed file")
    info.add_argument("input", type=Path, help="compressed file")
    return parser


def _compress(options: argparse.Namespace) -> None:
    if not options.input.exists():
        raise ValueError(f"{options.input}: there is no such file or folder")
    if options.input.is_dir():
        _set_command.compress(options)
    else:
        raise ValueError(f"{options.input} must be a folder of clouds, received a file")


def _read(options: argparse.Namespace) -> None:
    kind = kind_of(options.input)
    if kind not in COMMANDS:
        raise ValueError(f"{options.input} holds {KINDS[kind]} ({kind}), which this command does not read")
    command = COMMANDS[kind]
    if options.command == "info":
        command.info(options.input)
    else:
        command.decompress(options)


if __name__ == "__main__":
    sys.exit(main())
