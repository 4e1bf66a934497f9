"""Files that are whole or absent, whenever the process or the machine stops."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

PARTIAL = ".partial"


def write_whole(path: Path, content: bytes | Callable[[BinaryIO], object]) -> None:
    """Write under a name of this process's own, wait for the disk, rename: a reader finds the old content or the new.

    `content` may be a function that writes to the open file, for what is too large to be held twice. A write that
    fails leaves nothing behind, one that is killed a file that ends in `PARTIAL`.
    """
    partial = path.with_name(f"{path.name}.{os.getpid()}{PARTIAL}")
    try:
        with open(partial, "wb") as stream:
            if callable(content):
                content(stream)
            else:
                stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    if os.name == "posix":  # elsewhere a folder cannot be opened
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
