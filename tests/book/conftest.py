"""Build the site once, from scratch and strictly, for all tests of the book."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from book._tools.build import alone
from book._tools.chromium import ARGUMENTS, PATIENCE, executable
from tests.unavailable import unavailable

ROOT = Path(__file__).resolve().parents[2]
GATES = ROOT / "_build" / "gates"


@dataclass(frozen=True)
class Site:
    """A built site and how it came about."""

    build: Path
    started: float
    log: str
    seconds: float
    html: Path = field(init=False)
    executed: Path = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "html", self.build / "html")
        object.__setattr__(self, "executed", self.build / "jupyter_execute")

    def pages(self) -> list[Path]:
        """The pages that are written by people, not the search page and the index."""
        return sorted((self.html / "book").rglob("*.html"))


@pytest.fixture(scope="session")
def site(request: pytest.FixtureRequest, testrun_uid: str) -> Site:
    """Processes side by side test one site: whichever asks first builds it with all cores, the others wait."""
    built: Path | None = request.config.getoption("--built-book")
    if built is not None:
        if os.environ.get("CI") == "true":
            pytest.fail("--built-book would skip the build from scratch; not with CI=true")
        return Site(built.resolve() / "_build", 0.0, "", 0.0)
    told = GATES.with_suffix(".json")
    with alone(GATES.parent / "gates-lock"):
        found = json.loads(told.read_text()) if told.is_file() else {}
        if found.get("run") != testrun_uid:
            found = built_from_scratch() | {"run": testrun_uid}
            told.write_text(json.dumps(found))
            request.config.stash[TIMES] = [f"site built from scratch in {found['seconds']:.0f} s"]
    if found["failed"]:
        pytest.fail(f"the site does not build:\n{excerpt(found['log'])}", pytrace=False)
    return Site(GATES / "_build", found["started"], found["log"], found["seconds"])


def built_from_scratch() -> dict[str, Any]:
    shutil.rmtree(GATES, ignore_errors=True)
    started = time.time()
    command = [sys.executable, "-m", "book._tools.build", "--strict", "--output", str(GATES)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    seconds = time.time() - started
    return {"started": started, "seconds": seconds, "log": done.stdout, "failed": done.returncode != 0}


# Not for the session: playwright runs once at a time, and the printer of the book starts its own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The Chromium of this machine, one for the tests of a file; each page is opened apart from the others."""
    path = executable()
    if path is None:
        unavailable("there is no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS, timeout=PATIENCE)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def paints(request: pytest.FixtureRequest) -> Iterator[dict[str, float]]:
    """Milliseconds to the first paint of each page, told at the end of the run."""
    found: dict[str, float] = {}
    yield found
    if found:
        times = ", ".join(
            f"{name} {time:.0f}" for name, time in sorted(found.items(), key=lambda entry: -entry[1])
        )
        request.config.stash.setdefault(TIMES, []).append(f"first paint from disk, ms: {times}")


TIMES: pytest.StashKey[list[str]] = pytest.StashKey()


def excerpt(log: str) -> str:
    """The pages that failed; or else the warnings and errors of a build log, and its end."""
    lines = log.splitlines()
    failed = next((i for i, line in enumerate(lines) if line.startswith("FAILED: ")), None)
    if failed is not None:
        return "\n".join(lines[failed:])
    marked = [line for line in lines if ("WARNING" in line or "ERROR" in line) and "IPKernelApp" not in line]
    return "\n".join([*marked[:60], "...", *lines[-60:]])


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    for line in config.stash.get(TIMES, []):
        terminalreporter.write_line(line)


# What a process of several found goes to the one that tells it.
def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["times"] = session.config.stash.get(TIMES, [])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node, error) -> None:
    node.config.stash.setdefault(TIMES, []).extend(getattr(node, "workeroutput", {}).get("times", []))
