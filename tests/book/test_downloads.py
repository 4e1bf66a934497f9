"""A notebook as a reader has it: in an empty folder, with the library installed, and nothing else of this project."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from nbclient import NotebookClient

from book._tools import export
from book._tools.failures import unfinished
from book._tools.outline import read_outline
from tests.book import read_once

ROOT = Path(__file__).resolve().parents[2]
BOOK = read_outline(ROOT)
# All of them would double the time of the checks. The schedule that has the time asks for them.
PAGES = sorted(BOOK.notebooks) if os.environ.get("PCL_ALL_NOTEBOOKS") else ["book/foundations/point-clouds"]


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library as pip would install it, out of the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", "LICENSE-text"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "pcl_lib", source / "pcl_lib", ignore=shutil.ignore_patterns("__pycache__"))
    (source / "book").mkdir()
    shutil.copytree(ROOT / "book" / "records", source / "book" / "records")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "."]
    done = subprocess.run(
        [*command, "--wheel-dir", str(folder)], cwd=source, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def python(code: str, installed: Path, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )
    return (done.stdout or done.stderr).strip()


@pytest.mark.slow
def test_an_installed_library_has_the_records(installed, tmp_path):
    code = "from pcl_lib.experiments.record import RECORDS, read_record\n"
    said = python(code + "print(read_record('completion-losses').experiment, RECORDS)", installed, tmp_path)
    assert said == f"completion-losses {installed / 'pcl_lib' / 'experiments' / 'records'}"


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_a_downloaded_notebook_runs(name, installed, tmp_path, monkeypatch):
    notebook = export.clean(ROOT / f"{name}.md", name, BOOK, read_once.papers())
    environment = {**os.environ, "PYTHONPATH": str(installed), "PCL_DATA": ""}
    said = python("import pcl_lib; print(*pcl_lib.__path__)", installed, tmp_path)
    assert said == str(installed / "pcl_lib"), "the checkout must not be read"
    client = NotebookClient(
        notebook, timeout=1800, startup_timeout=600, resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute(env=environment)
    assert unfinished(notebook) is None
