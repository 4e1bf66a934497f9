"""python -m pcl_lib.codec compress FOLDER out.pcld | compress cloud.ply out.pclc | decompress FILE OUT | info FILE"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from pcl_lib.codec import _cloud_command, _set_command
from pcl_lib.codec._cloud_header import MOST_POINTS
from pcl_lib.codec._container import KINDS, kind_of
from pcl_lib.codec._write_cloud import SUFFIXES

# What each kind of file can be asked for.
INFO = {"pcld": _set_command.info, "pclc": _cloud_command.info, "pclm": _cloud_command.model_info}
DECOMPRESS = {"pcld": _set_command.decompress, "pclc": _cloud_command.decompress}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m pcl_lib.codec", description="Point clouds in few bytes.")
    commands = parser.add_subparsers(dest="command", required=True)
    compress = commands.add_parser(
        "compress", help="a cloud, or a folder of clouds, to one file; stopped at a folder, it goes on"
    )
    compress.add_argument("input", type=Path, help="file of a cloud, or folder")
    compress.add_argument("out", type=Path, help="compressed file: .pclc of a cloud, .pcld of a folder")
    for_cloud, for_folder = _cloud_command.add_options(compress), _set_command.add_options(compress)
    decompress = commands.add_parser("decompress", help="a compressed file to the clouds in it")
    decompress.add_argument("input", type=Path, help="compressed file")
    decompress.add_argument("out", type=Path, help="new file for a cloud, new folder for a set of them")
    decompress.add_argument(
        "--format", default=".ply", choices=SUFFIXES, help="of the clouds of a set (%(default)s)"
    )
    decompress.add_argument(
        "--model", type=Path, help="for a cloud of codec dpcc: the .pclm file that wrote it"
    )
    decompress.add_argument(
        "--limit", type=int, default=MOST_POINTS, help="for a cloud: most points that are made (%(default)s)"
    )
    info = commands.add_parser("info", help="what is in a compressed file")
    info.add_argument("input", type=Path, help="compressed file")

    options = parser.parse_args(arguments)
    try:
        if options.command != "compress":
            _read(options)
        elif not options.input.exists():
            raise ValueError(f"{options.input}: there is no such file or folder")
        elif options.input.is_dir():
            for_cloud.refuse(options, f"the folder {options.input}")
            _check_out(options.out, ".pcld")
            _set_command.compress(options, for_folder)
        else:
            for_folder.refuse(options, f"the file {options.input}")
            _check_out(options.out, ".pclc")
            _cloud_command.compress(options, for_cloud)
    except (ValueError, OSError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        trains = options.command == "compress" and options.input.is_dir()
        print("stopped" + ("; the same command goes on" if trains else ""), file=sys.stderr)
        return 130
    return 0


def _check_out(out: Path, suffix: str) -> None:
    """An error before minutes of work, not after them."""
    if not out.parent.is_dir():
        raise ValueError(f"there is no folder {out.parent} for {out.name}")
    if out.is_dir():
        raise ValueError(f"{out} must be a file, such as {out.name}{suffix}, received a folder")


def _read(options: argparse.Namespace) -> None:
    """`decompress` and `info`, by what the file holds."""
    kind = kind_of(options.input)
    if options.command == "info":
        INFO[kind](options.input)
    elif kind in DECOMPRESS:
        DECOMPRESS[kind](options)
    else:
        raise ValueError(f"{options.input} holds {KINDS[kind]} ({kind}), which has no points")


if __name__ == "__main__":
    sys.exit(main())
