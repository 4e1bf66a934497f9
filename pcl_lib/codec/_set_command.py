"""The command line's part for folders of clouds and for files of data sets."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import Any

from jaxtyping import Float
from torch import Tensor
from tqdm import tqdm

from pcl_lib.codec._dataset import SetInfo, compress_set, read_set
from pcl_lib.codec._learn_set import DEVICES, learn_set
from pcl_lib.codec._options import Options
from pcl_lib.codec._quantised import PRECISIONS
from pcl_lib.codec._set_names import check_names
from pcl_lib.codec._write_cloud import write_cloud
from pcl_lib.data import Cloud, stack
from pcl_lib.data.readers import plain
from pcl_lib.distances import chamfer

_COMPARED = 8  # clouds, for the error that is printed


def add_options(parser: argparse.ArgumentParser) -> Options:
    """The options of `compress` for a folder."""
    options = Options(parser, "for a folder, whose clouds become one file by training a network")
    options.add(
        "--points", plain, "so many points of each cloud, at random", "n_points", type=int, metavar="N"
    )
    options.add("--pattern", plain, 'which files, such as "**/*.txt"')
    options.add("--codes", learn_set, "numbers for a cloud", "code_size", type=int, metavar="L")
    options.add("--patches", learn_set, "a power of two that divides N", type=int, metavar="K")
    options.add("--trunk", learn_set, "layers that all share", type=_widths, metavar="W-W-..")
    options.add("--heads", learn_set, "layers of each patch", type=_widths, metavar="W-..-3")
    options.add("--steps", learn_set, "of training", type=int)
    options.add("--batch", learn_set, "clouds in a step", type=int)
    options.add("--sample", learn_set, "points of each in a step", type=int)
    options.add("--seed", learn_set, "of everything that is drawn", type=int)
    options.add("--device", learn_set, "to train on", choices=DEVICES)
    text = "keep the training here, to write the file again in another precision (OUT.training, deleted at the end)"
    options.add("--training", learn_set, text, "folder", type=Path, metavar="FOLDER")
    options.add("--precision", compress_set, "of all numbers", choices=PRECISIONS)
    return options


def compress(options: argparse.Namespace, group: Options) -> None:
    """A folder of clouds to a file."""
    reading, training, writing = group.given(options, plain, learn_set, compress_set)
    names, clouds = _read(options.input, reading)
    keep = "folder" in training
    training.setdefault("folder", options.out.with_name(f"{options.out.name}.training"))
    learnt = learn_set(clouds, **training)
    made = compress_set(
        learnt.model, options.out, names=names, centre=learnt.centre, scale=learnt.scale, **writing
    )
    if not keep:
        shutil.rmtree(training["folder"])
    print(f"{options.out}: {_size(made)}")
    print(_error(options.out, clouds))
    if made.ratio < 1:
        print(
            "The file is larger than the points: take more clouds, or smaller layers with --trunk and --heads."
        )


def decompress(options: argparse.Namespace) -> None:
    """A file to a folder of clouds, under the names that they had."""
    stored = read_set(options.input)
    if options.out.exists() and (not options.out.is_dir() or any(options.out.iterdir())):
        raise ValueError(f"{options.out} must be a new or an empty folder, nothing is overwritten")
    _check_space(stored.info, options.out)
    rows = range(stored.info.shapes)
    for row in tqdm(rows, unit="cloud", file=sys.stderr, disable=not sys.stderr.isatty()):
        cloud = Cloud(stored.points(row), name=stored.names[row])
        write_cloud(options.out / f"{cloud.name}{options.format}", cloud)
    print(f"{options.out}: {stored.info.shapes} clouds of {stored.info.points:,} points")


def info(path: Path) -> None:
    """What a file of a data set says of itself."""
    stored = read_set(path)
    found = stored.info
    names = ", ".join(stored.names[:3]) + (", .." if found.shapes > 3 else "")
    print(f"{path}: {_size(found)}")
    print(f"clouds      {found.shapes} of {found.points:,} points: {names}")
    print(f"numbers     {found.precision}: {found.weights:,} weights, {found.shapes} codes of {found.code_size}, "
          f"an input cloud of {found.points:,} points in {found.patches} patches")  # fmt: skip
    centre = ", ".join(f"{value:.6g}" for value in found.centre)
    print(f"box         {2 * found.scale:.6g} wide around ({centre})")


def _widths(text: str) -> tuple[int, ...]:
    """The widths of layers: 64-48-48 as (64, 48, 48)."""
    return tuple(map(int, text.split("-")))


def _read(folder: Path, options: dict[str, Any]) -> tuple[tuple[str, ...], Float[Tensor, "s n 3"]]:
    """The clouds of a folder, if they can be stored together."""
    clouds = plain(folder, **options)
    if len(clouds) < 2:
        raise ValueError(f"{folder} must hold at least 2 clouds, received 1; compress its file itself")
    names = check_names([cloud.name for cloud in clouds], len(clouds))
    flat = [cloud.name for cloud in clouds if cloud.points.shape[1] != 3]
    if flat:
        raise ValueError(f"clouds must have 3 coordinates, received 2 in {flat[0]}")
    first, *others = clouds
    other = next((cloud for cloud in others if len(cloud) != len(first)), None)
    if other is not None:
        least = min(map(len, clouds))
        raise ValueError(
            f"clouds must be of one size, received {len(first):,} points in {first.name} and {len(other):,} in "
            f"{other.name}; --points {least} takes so many of each at random"
        )
    return names, stack(clouds)


def _check_space(info: SetInfo, out: Path) -> None:
    """A small file can stand for more than a disk holds: see before the first cloud is written."""
    place = next(folder for folder in (out, *out.absolute().parents) if folder.is_dir())
    needed, free = 12 * info.shapes * info.points, shutil.disk_usage(place).free
    if needed > free:
        raise ValueError(
            f"{info.shapes:,} clouds of {info.points:,} points take {needed:,} bytes, {free:,} are free in {place}; "
            "decompress_set(path, index) makes one cloud"
        )


def _size(info: SetInfo) -> str:
    whole = 12 * info.shapes * info.points
    return f"{info.bytes:,} bytes for {whole:,} of points in float32, {info.ratio:.1f} to 1"


def _error(path: Path, clouds: Float[Tensor, "s n 3"]) -> str:
    """How far the stored points are from those that were given, as the file has them."""
    stored, some = read_set(path), range(min(_COMPARED, len(clouds)))
    far = [
        float(chamfer(stored.points(row).double(), clouds[row].double(), squared=False)) / 2 for row in some
    ]
    mean = sum(far) / len(far)
    share = mean / (2 * stored.info.scale)
    return f"mean distance to the nearest point, both ways: {mean:.4g} ({share:.2%} of the box), {len(far)} clouds"
