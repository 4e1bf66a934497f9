"""The environment is the one that was tested: pyproject, constraints and conda file agree with what is installed."""

from __future__ import annotations

import importlib
import inspect
import re
import shutil
import subprocess
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.conftest import LONG_EXAMPLES
from tests.unavailable import unavailable

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LINES = (ROOT / "constraints.txt").read_text(encoding="utf-8").split("\n")
PINNED = {canonicalize_name(line.split("==")[0]): line.split("==")[1] for line in LINES if "==" in line}
EXTRAS = ("book", "test")
# The project itself and what makes an environment; not what the project depends on.
TOOLS = {"pcl-lib", "pip", "setuptools", "wheel"}
# On some platforms only, and there torch or Jupyter bring them in the versions that these packages themselves fix.
PLATFORM = re.compile(r"^(nvidia-.*|cuda-.*|triton.*|appnope|colorama|pywin32.*|pywinpty)$")


def direct() -> list[Requirement]:
    lists = [PROJECT["dependencies"], *(PROJECT["optional-dependencies"][extra] for extra in EXTRAS)]
    return [Requirement(text) for texts in lists for text in texts]


def test_constraints_are_exact_and_portable():
    bad = [line for line in LINES if line and not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][0-9A-Za-z.]*", line)]
    assert not bad, "one `name==version` a line, with no address and no local version"
    assert not [name for name in PINNED if PLATFORM.match(name) or name in TOOLS]
    assert len(PINNED) == len([line for line in LINES if line])


def test_installed_versions_are_the_pinned_ones():
    problems = []
    for distribution in metadata.distributions():
        name = canonicalize_name(distribution.metadata["Name"])
        if name in TOOLS or PLATFORM.match(name):
            continue
        if name not in PINNED:
            problems.append(f"{name} {distribution.version} is installed, but not in constraints.txt")
        elif Version(Version(distribution.version).public) != Version(PINNED[name]):
            problems.append(f"{name} is {distribution.version}, constraints.txt has {PINNED[name]}")
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("requirement", direct(), ids=lambda r: r.name)
def test_direct_dependencies_are_pinned_and_installed(requirement):
    name = canonicalize_name(requirement.name)
    if PLATFORM.match(name):
        assert requirement.marker, (
            "what is not for every platform says for which, and torch may fix its version"
        )
    else:
        assert name in PINNED
        assert requirement.specifier.contains(PINNED[name]), (
            "the pinned version is in the range of pyproject.toml"
        )
    assert requirement.specifier, "a direct dependency names the oldest version it works with"
    assert requirement.url is None
    if requirement.marker is None or requirement.marker.evaluate():
        assert metadata.version(name)


def test_torch_is_the_agreed_one():
    assert PINNED["torch"] == "2.13.0"


def test_conda_file_agrees():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    (pip,) = (entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict))
    assert pip == ["--constraint constraints.txt", f"--editable .[{','.join(EXTRAS)}]"]
    conda = [entry for entry in environment["dependencies"] if isinstance(entry, str)]
    (python,) = (entry.removeprefix("python") for entry in conda if entry.startswith("python"))
    assert SpecifierSet(python) == SpecifierSet(PROJECT["requires-python"])
    assert {"pip", "cxx-compiler"} <= set(conda)
    assert set(PROJECT["optional-dependencies"]) == set(EXTRAS), "no extra is left out of the conda file"


def test_makefile_installs_the_same():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert f'--constraint constraints.txt --editable ".[{",".join(EXTRAS)}]"' in makefile


def parts_of_the_tests(folder: Path, fails: str) -> tuple[int, list[str]]:
    """What `make test` returns and which commands it runs, where each command that has `fails` in it fails."""
    if shutil.which("make") is None:
        unavailable("there is no make")
    shutil.copy(ROOT / "Makefile", folder)
    (folder / ".venv" / "bin").mkdir(parents=True)
    python = folder / ".venv" / "bin" / "python"
    python.write_text(f'#!/bin/sh\necho "$*" >> ran\ncase "$*" in *"{fails}"*) exit 1;; esac\n')
    python.chmod(0o755)
    for name in ("pyproject.toml", "constraints.txt", ".venv/.installed"):  # the last is the newest
        (folder / name).touch()
    done = subprocess.run(["make", "test"], cwd=folder, capture_output=True, text=True)
    return done.returncode, (folder / "ran").read_text().splitlines()


@pytest.mark.parametrize("fails", ["nothing", "--ignore=tests/book", " tests/book"])
def test_each_part_of_the_tests_runs_once_and_can_fail(tmp_path, fails):
    code, (others, book) = parts_of_the_tests(tmp_path, fails)
    assert (code != 0) == (fails != "nothing")
    assert "--ignore=tests/book" in others.split()
    assert book.split()[:2] == ["-m", "pytest"]
    assert book.split()[-1] == "tests/book"


@pytest.mark.parametrize("name", sorted(LONG_EXAMPLES))
def test_an_example_that_the_fast_lane_leaves_out_is_where_the_list_says(name):
    module, _, what = name.rpartition(".")
    assert ">>> " in inspect.getdoc(getattr(importlib.import_module(module), what))


def test_the_address_of_the_repository_is_filled_in_where_it_is_published(tmp_path):
    assert "urls" not in PROJECT, "the text cannot know where it is published"
    steps = yaml.safe_load((ROOT / ".github/workflows/deploy.yml").read_text("utf-8"))["jobs"]["deploy"][
        "steps"
    ]
    lines = [line for step in steps for line in step.get("run", "").split("\n")]
    (fill,) = (line for line in lines if "[project.urls]" in line)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    address = "https://forge.example/owner/name"
    subprocess.run(["sh", "-c", fill], cwd=tmp_path, env={"REPOSITORY": address}, check=True)
    project = tomllib.loads((tmp_path / "pyproject.toml").read_text("utf-8"))["project"]
    assert project == PROJECT | {"urls": {"Repository": address}}
