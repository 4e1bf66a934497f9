"""The command line's part for single clouds and their files."""

from __future__ import annotations

import argparse
from pathlib import Path

from pcl_lib.codec._cloud_file import cloud_info, compress_cloud, decompress_cloud
from pcl_lib.codec._cloud_header import CODECS
from pcl_lib.codec._cloud_parts import DUPLICATES
from pcl_lib.codec._model_file import read_model
from pcl_lib.codec._options import Options
from pcl_lib.codec._write_cloud import SUFFIXES, write_cloud
from pcl_lib.data.readers import read_cloud


def add_options(parser: argparse.ArgumentParser) -> Options:
    """The options of `compress` for a file."""
    options = Options(parser, "for a single cloud")
    options.add("--codec", compress_cloud, "how", choices=CODECS)
    options.add("--bits", compress_cloud, "2^bits cells along the longest side", type=int)
    options.add(
        "--step", compress_cloud, "for grid: the size of a cell instead, in the cloud's unit", type=float
    )
    options.add("--duplicates", compress_cloud, "points in one cell", choices=DUPLICATES)
    options.add(
        "--model", compress_cloud, "for dpcc: a .pclm file instead of the network that ships", type=Path
    )
    options.add("--patch", compress_cloud, "for dpcc: the most points of a cube", type=int)
    options.add("--normals", compress_cloud, "those of the cloud too", action="store_true")
    options.add("--limit", compress_cloud, "most points that are taken", type=int)
    options.add("--columns", read_cloud, 'those of a text file or a table, such as "x y z r g b"')
    text = "leave out points with NaN or infinity, which are an error otherwise"
    options.add("--drop-bad", read_cloud, text, "drop_bad", action="store_true")
    return options


def compress(options: argparse.Namespace, group: Options) -> None:
    """A cloud to a file."""
    reading, writing = group.given(options, read_cloud, compress_cloud)
    cloud = read_cloud(options.input, **reading)
    info = compress_cloud(cloud, options.out, **writing)
    dropped = f"; {cloud.dropped:,} points with NaN or infinity left out" if cloud.dropped else ""
    print(f"{options.out}: {info}{dropped}")


def decompress(options: argparse.Namespace) -> None:
    """A file to a cloud that others read."""
    if options.out.suffix.lower() not in SUFFIXES:
        raise ValueError(
            f"{options.out} must be a file that ends in {', '.join(SUFFIXES)}, for a single cloud"
        )
    if options.out.exists():
        raise ValueError(f"{options.out} is there already, nothing is overwritten")
    cloud = decompress_cloud(options.input, model=options.model, limit=options.limit)
    write_cloud(options.out, cloud)
    print(f"{options.out}: {len(cloud):,} points")


def info(path: Path) -> None:
    """What a file of a cloud says of itself."""
    print(f"{path}: {cloud_info(path)}")


def model_info(path: Path) -> None:
    """What the file of a trained network says of itself."""
    model = read_model(path)
    known = "; ".join(f"{name} {value}" for name, value in model.provenance.items())
    weights = sum(weight.numel() for weight in model.network.parameters())
    print(f"{path}: a network of {weights:,} weights, checksum {model.checksum}\n{known}")
