"""Build the site: `python -m book._tools.build` (what `make book` runs).

Executes the chapters, then runs `jupyter-book build` on their outputs, with what it leaves out: the scripts for
reading offline, an execution cache that notices a changed library, an exit code that tells the truth, a plain word on
which cell failed, and no site at all rather than one with a hole.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jupyter_book

from book._tools import record, vendor
from book._tools.execute import CACHE, EXECUTED, execute

ROOT = Path(__file__).resolve().parents[2]
JUPYTER_BOOK = "from jupyter_book.cli.main import main; main()"
# What decides whether an execution counts: pages that another version of it let pass are executed again.
JUDGES = ("chapter.py", "failures.py", "watch.py")
ENVIRONMENT = {
    "PYTHONPATH": str(ROOT),
    "JUPYTER_PREFER_ENV_PATH": "1",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}


def library_hash(root: Path) -> str:
    """Changes when the code, the versions or the records behind the outputs do. jupyter-cache looks at cells only."""
    digest = hashlib.sha256(platform.python_version().encode())
    for name in JUDGES:
        digest.update((Path(__file__).parent / name).read_bytes())
    names = ("constraints.txt", "CITATION.cff", "pcl_lib/references.bib")
    single = [root / name for name in names if (root / name).is_file()]
    records = sorted((root / "book" / "records").glob("*"))
    for path in [*single, *records, *sorted((root / "pcl_lib").rglob("*.py"))]:
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def forget_stale_outputs(build: Path, source: Path) -> str | None:
    """Drop the cache when the library changed; say so."""
    stamp, now = build / ".library-hash", library_hash(source)
    before = stamp.read_text() if stamp.is_file() else None
    message = None
    if before != now:
        for name in (CACHE, ".doctrees", "jupyter_execute"):
            shutil.rmtree(build / name, ignore_errors=True)
        message = "The library or its versions changed: every chapter runs again." if before else None
        build.mkdir(parents=True, exist_ok=True)
        stamp.write_text(now)
    return message


def withdraw(build: Path) -> None:
    """No site at all is better than one in which a page is half-run, has a hole, or is of another day.

    Sphinx's memory goes too: it would not repeat its warnings about pages that it knows.
    """
    for name in ("html", ".doctrees", "jupyter_execute", EXECUTED):
        shutil.rmtree(build / name, ignore_errors=True)


def fetch_scripts() -> bool:
    """Have the scripts for reading offline; False, with a message, if they cannot be had."""
    try:
        if vendor.fetch():
            print(f"Scripts for reading offline are in {vendor.FOLDER.relative_to(ROOT)}.")
    except vendor.VendorError as error:
        print(
            f"The scripts for reading offline could not be fetched: {error}\n"
            "The site will load them from public networks instead. Build again to retry.",
            file=sys.stderr,
        )
        return False
    return True


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Two builds into one folder would spoil each other's cache, so the second waits."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another build of this book is running; waiting for it to end.", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build(output: Path, *, strict: bool, source: Path = ROOT) -> int:
    """Build below `output/_build`. Strict: take every warning for an error."""
    if not jupyter_book.__version__.startswith("1."):
        print(f"This book needs jupyter-book 1.x, found {jupyter_book.__version__}.", file=sys.stderr)
        return 1
    if not fetch_scripts() and os.environ.get("CI") == "true":
        return 1
    folder, started = output / "_build", time.monotonic()
    if message := forget_stale_outputs(folder, source):
        print(message)
    failed = execute(source, folder)
    for failure in failed:
        print(f"\n{'=' * 78}\nFAILED: {failure}", file=sys.stderr)
    if failed:
        withdraw(folder)
        print(f"\nThe book was NOT built: {len(failed)} page(s) failed, see above.", file=sys.stderr)
        return 1
    index = folder / "html" / "index.html"
    # Removed first, so that an index.html that is there afterwards was written by this build.
    index.unlink(missing_ok=True)
    command = [sys.executable, "-c", JUPYTER_BOOK, "build", str(source), "--path-output", str(output)]
    command += ["-W", "--keep-going", "--all"] if strict else []
    status = -1
    try:
        status = subprocess.run(command, cwd=source).returncode
    finally:
        if status or not index.is_file():
            withdraw(folder)
            print("\nThe book was NOT built, see above.", file=sys.stderr)
    if status or not index.is_file():
        return 1
    if line := record.over_budget(record.read(folder)):
        print(line)
    print(f"\nThe book is built ({time.monotonic() - started:.0f} s). Open {index}")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m book._tools.build", description=build.__doc__)
    parser.add_argument("--output", type=Path, default=ROOT, help="folder that will hold _build")
    parser.add_argument("--source", type=Path, default=ROOT, help="folder of _config.yml and _toc.yml")
    parser.add_argument("--strict", action="store_true", help="every warning is an error")
    options = parser.parse_args()
    output = options.output.resolve()
    os.environ.update(ENVIRONMENT)
    # Told to end, it ends as with Ctrl-C: no kernel is left behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with alone(output / "_build"):
        try:
            return build(output, strict=options.strict, source=options.source.resolve())
        except KeyboardInterrupt:
            print("\nStopped; what was not finished is not kept.", file=sys.stderr)
            return 130


if __name__ == "__main__":
    sys.exit(main())
