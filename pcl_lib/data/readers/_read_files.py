"""What every benchmark reader does around its files: find them, read them in order, report, keep."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TypeVar

from tqdm import tqdm

from pcl_lib._checks import check_option
from pcl_lib.data._cloud import Cloud
from pcl_lib.data.readers import _cache as cache
from pcl_lib.data.readers._errors import ReadError, ReadWarning, read_error

Item = TypeVar("Item")


def locate(root: str | Path | None, names: Sequence[str], pattern: str, layout: str) -> Path:
    """The folder of a data set: one of ``names`` in ``root`` (default: in ``PCL_DATA``), or ``root`` itself.

    The first that holds something that matches ``pattern`` is taken. Errors: ReadError, with the layout.
    """
    given = root or os.environ.get("PCL_DATA")
    fix = "set the environment variable PCL_DATA to the folder that holds the data sets, or pass root="
    if not given:
        raise read_error("root", "no folder is given and PCL_DATA is not set", expected=layout, fix=fix)
    base = Path(given).expanduser()
    if not base.is_dir():
        raise read_error(base, "there is no such folder", expected=layout, fix=fix)
    for folder in [*(base / name for name in names), base]:
        if folder.is_dir() and next(folder.glob(pattern), None) is not None:
            return folder
    looked = ", ".join([*names, "the folder itself"])
    raise read_error(base, f"nothing matches {pattern} (looked in {looked})", expected=layout, fix=fix)


def choose(what: str, wanted: str | Sequence[str] | None, available: Iterable[str]) -> list[str]:
    """The wanted names, sorted, each of them available; ``None`` and "all" mean all."""
    names = sorted(set(available))
    if wanted is None or wanted == "all":
        return names
    asked = sorted({wanted} if isinstance(wanted, str) else set(wanted))
    unknown = [name for name in asked if name not in names]
    if unknown:
        raise ValueError(
            f"{what} must be some of {', '.join(names)} or 'all', received {', '.join(map(repr, unknown))}"
        )
    return asked


def collect(
    reader: str,
    items: Sequence[Item],
    read_one: Callable[[Item], list[Cloud]],
    *,
    root: Path,
    files: Sequence[Path],
    settings: Mapping[str, object],
    cache_dir: str | Path | None,
    progress: bool,
    on_error: str,
) -> list[list[Cloud]]:
    """Read each item (a file, as a rule) into its clouds, or take all of them from the cache.

    ``files`` and ``settings`` are what the result depends on. Errors: ReadError of the first bad item,
    or, with ``on_error="skip"``, a ReadWarning for each bad item, and a ReadError if none was good.
    """
    check_option("on_error", on_error, ("raise", "skip"))
    path = cache.cache_path(reader, {**settings, "on_error": on_error}, root, files, cache_dir)
    kept = cache.load(path) if path is not None else None
    groups, skipped = kept if kept is not None else _read_all(reader, items, read_one, progress, on_error)
    for message in skipped:
        warnings.warn(f"skipped {message}", ReadWarning, stacklevel=3)
    if not any(groups):
        first = f", the first was {skipped[0]}" if skipped else ""
        raise read_error(
            root, f"no cloud could be read{first}", expected="at least one", fix="check the folder"
        )
    if path is not None and kept is None:
        cache.save(path, groups, skipped)
    return groups


def _read_all(
    reader: str,
    items: Sequence[Item],
    read_one: Callable[[Item], list[Cloud]],
    progress: bool,
    on_error: str,
) -> tuple[list[list[Cloud]], list[str]]:
    groups, skipped = [], []
    # In a log file a bar is noise: it is drawn on a terminal or in a notebook only.
    watched = sys.stderr.isatty() or "ipykernel" in sys.modules
    for item in tqdm(items, desc=reader, file=sys.stderr, leave=False, disable=not (progress and watched)):
        try:
            groups.append(read_one(item))
        except ReadError as error:
            if on_error == "raise":
                raise
            skipped.append(str(error))
    return groups, skipped


def flatten(groups: list[list[Cloud]]) -> list[Cloud]:
    """All clouds of all groups, in order."""
    return list(chain.from_iterable(groups))
