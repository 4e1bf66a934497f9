"""Which commit the code is of, and whether its files are as committed."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path
from typing import NamedTuple

import pcl_lib
from pcl_lib._files import write_whole

PACKAGE = Path(pcl_lib.__file__).parent
COMMIT, TREE = "commit", "tree"


class Source(NamedTuple):
    """The library's `folder`, and the `commit` of its code when a run began."""

    folder: Path
    commit: str


def source_of(home: Path, *, folder: Path = PACKAGE) -> Source:
    """The code that a run in the folder `home` began with, noted there at its first start.

    Errors: `ValueError` if files of the library are not as in that commit, now or at the first start, if the folder
    holds runs of code that nobody noted, or where there is no git checkout: the code could not be found again.
    """
    path = home / COMMIT
    if path.exists():
        source = Source(folder, path.read_text(encoding="utf-8").strip())
        check_unchanged(source)
        _check_trained(home, source)
        return source
    _refuse_unknown(home)
    source = Source(folder, _git(folder, "rev-parse", "HEAD").strip())
    check_unchanged(source)
    home.mkdir(parents=True, exist_ok=True)
    write_whole(path, source.commit.encode())
    return source


def note_source(home: Path, commit: str, *, folder: Path = PACKAGE) -> None:
    """Note, where there is no git, of which commit the code is said to be, and a checksum of its files.

    `source_of` compares both where git is, before a record is written. Errors: `ValueError` if the folder holds runs of
    code that nobody noted, or of other code.
    """
    found = {COMMIT: commit, TREE: tree_of(folder)}
    if (home / COMMIT).exists():
        noted = {
            name: (home / name).read_text(encoding="utf-8").strip()
            for name in found
            if (home / name).exists()
        }
        if noted != found:
            raise ValueError(
                f"the folder {home} holds runs of the code {noted[COMMIT][:10]}, and this is {commit[:10]}, or its "
                "files differ; choose another folder"
            )
        return
    _refuse_unknown(home)
    home.mkdir(parents=True, exist_ok=True)
    for name, content in reversed(found.items()):
        write_whole(home / name, content.encode())


def tree_of(folder: Path) -> str:
    """The name that git gives to the content of a folder, compiled and hidden files apart.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as empty:
    ...     tree_of(Path(empty))
    '4b825dc642cb6eb9a060e54bf8d69288fbee4904'
    """
    entries = []
    for path in folder.iterdir():
        if path.name.startswith(".") or path.name == "__pycache__" or path.suffix == ".pyc":
            continue
        if path.is_symlink():
            mode, name = "120000", _object("blob", os.readlink(path).encode())
        elif path.is_dir():
            mode, name = "40000", tree_of(path)
        else:
            mode = "100755" if path.stat().st_mode & 0o100 else "100644"
            name = _object("blob", path.read_bytes())
        # git sorts a folder as if its name ended in a slash.
        entries.append(
            (
                path.name + "/" * (mode == "40000"),
                f"{mode} {path.name}".encode() + b"\0" + bytes.fromhex(name),
            )
        )
    return _object("tree", b"".join(content for _, content in sorted(entries)))


def _object(kind: str, content: bytes) -> str:
    """git's name of an object: SHA-1 of its kind, its length and its content."""
    head = f"{kind} {len(content)}".encode() + b"\0"
    return hashlib.sha1(head + content, usedforsecurity=False).hexdigest()


def _check_trained(home: Path, source: Source) -> None:
    """Raise `ValueError` if the files that trained where there is no git were not those of their commit."""
    path = home / TREE
    if path.exists():
        trained = path.read_text(encoding="utf-8").strip()
        if trained != _git(source.folder, "rev-parse", f"{source.commit}:./").strip():
            raise ValueError(
                f"the runs of {home} were trained with other files than those of {source.commit[:10]}, the commit "
                "that was named; train them again from its files"
            )


def _refuse_unknown(home: Path) -> None:
    if (home / "settings.json").exists():
        raise ValueError(
            f"the folder {home} holds runs, and not the commit of their code; choose another folder"
        )


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
