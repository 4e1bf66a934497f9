"""Which commit the code is of, and whether its files are as committed."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NamedTuple

import pcl_lib
from pcl_lib._files import write_whole

PACKAGE = Path(pcl_lib.__file__).parent


class Source(NamedTuple):
    """The library's `folder`, and the `commit` of its code when a run began."""

    folder: Path
    commit: str


def source_of(home: Path, *, folder: Path = PACKAGE) -> Source:
    """The code that a run in the folder `home` began with, noted there at its first start.

    Errors: `ValueError` if files of the library are not as in that commit, now or at the first start, if the folder
    holds runs of code that nobody noted, or where there is no git checkout: the code could not be found again.
    """
    path = home / "commit"
    if path.exists():
        source = Source(folder, path.read_text(encoding="utf-8").strip())
        check_unchanged(source)
        return source
    if (home / "settings.json").exists():
        raise ValueError(
            f"the folder {home} holds runs, and not the commit of their code; choose another folder"
        )
    source = Source(folder, _git(folder, "rev-parse", "HEAD").strip())
    check_unchanged(source)
    home.mkdir(parents=True, exist_ok=True)
    write_whole(path, source.commit.encode())
    return source


def check_unchanged(source: Source) -> None:
    """Raise `ValueError` if a file of the library differs from the commit: edited, deleted, new, or committed later."""
    edited = _git(source.folder, "diff", "--name-only", source.commit, "--", ".")
    new = _git(source.folder, "ls-files", "--others", "--exclude-standard", "--", ".")
    changed = sorted({*edited.splitlines(), *new.splitlines()})
    if changed:
        raise ValueError(
            f"a record needs code as committed when its run began ({source.commit[:10]}), and these files are not: "
            f"{', '.join(changed)}; commit them and begin in another folder"
        )


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise ValueError(
            f"a record names the commit of its code, and git finds none for {folder}; run it from a git checkout"
        ) from error
    return done.stdout
