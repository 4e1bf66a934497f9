"""Build the site: `python -m book._tools.build` (what `make book` runs).

Wraps `jupyter-book build` with what it leaves out: the scripts for reading offline, an execution cache that notices a
changed library, an exit code that tells the truth, and a plain word on which cell failed.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jupyter_book

from book._tools import vendor
from book._tools.failures import failures

ROOT = Path(__file__).resolve().parents[2]
JUPYTER_BOOK = "from jupyter_book.cli.main import main; main()"


def library_hash(root: Path) -> str:
    """Changes when the code, the versions or the records behind the outputs do. jupyter-cache looks at cells only."""
    digest = hashlib.sha256(platform.python_version().encode())
    single = [root / name for name in ("constraints.txt", "CITATION.cff") if (root / name).is_file()]
    records = sorted((root / "book" / "records").glob("*"))
    for path in [*single, *records, *sorted((root / "pcl_lib").rglob("*.py"))]:
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def forget_stale_outputs(build: Path, source: Path) -> str | None:
    """Drop the cache when the library changed, and what failed last time; say what was dropped."""
    stamp, now = build / ".library-hash", library_hash(source)
    before = stamp.read_text() if stamp.is_file() else None
    message = None
    if before != now:
        for name in (".jupyter_cache", ".doctrees", "jupyter_execute"):
            shutil.rmtree(build / name, ignore_errors=True)
        message = "The library or its versions changed: every chapter runs again." if before else None
        build.mkdir(parents=True, exist_ok=True)
        stamp.write_text(now)
    for failure in failures(build / "jupyter_execute"):
        (build / ".doctrees" / f"{failure.chapter}.doctree").unlink(missing_ok=True)
    return message


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
    """Build below `output/_build`. Strict: stop at the first error, and take every warning for an error."""
    if not jupyter_book.__version__.startswith("1."):
        print(f"This book needs jupyter-book 1.x, found {jupyter_book.__version__}.", file=sys.stderr)
        return 1
    if not fetch_scripts() and os.environ.get("CI") == "true":
        return 1
    folder = output / "_build"
    if message := forget_stale_outputs(folder, source):
        print(message)
    index = folder / "html" / "index.html"
    # Removed first, so that an index.html that is there afterwards was written by this build.
    index.unlink(missing_ok=True)

    command = [sys.executable, "-c", JUPYTER_BOOK, "build", str(source), "--path-output", str(output)]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "JUPYTER_PREFER_ENV_PATH": "1",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    if strict:
        command += ["-W", "--keep-going", "--all"]
    else:
        environment["PCL_COLLECT_FAILURES"] = "1"
    started = time.monotonic()
    status = subprocess.run(command, cwd=source, env=environment).returncode
    seconds = time.monotonic() - started

    failed = failures(folder / "jupyter_execute")
    for failure in failed:
        print(f"\n{'=' * 78}\nFAILED: {failure}", file=sys.stderr)
    if failed or status or not index.is_file():
        where = f" {len(failed)} cell(s) failed, see above." if failed else ""
        print(f"\nThe book was NOT built without errors.{where}", file=sys.stderr)
        return status or 1
    print(f"\nThe book is built ({seconds:.0f} s). Open {index}")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m book._tools.build", description=build.__doc__)
    parser.add_argument("--output", type=Path, default=ROOT, help="folder that will hold _build")
    parser.add_argument("--source", type=Path, default=ROOT, help="folder of _config.yml and _toc.yml")
    parser.add_argument("--strict", action="store_true", help="every warning is an error")
    options = parser.parse_args()
    output = options.output.resolve()
    with alone(output / "_build"):
        return build(output, strict=options.strict, source=options.source.resolve())


if __name__ == "__main__":
    sys.exit(main())
