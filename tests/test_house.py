"""What holds for the whole tree: style, types, layers, licences, and what must not be in it."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import json
import re
import shutil
import subprocess
import sys
import tomllib
from functools import lru_cache
from pathlib import Path

import pytest
import yaml

from tests.unavailable import unavailable

ROOT = Path(__file__).resolve().parents[1]
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = {
    path.stem
    for path in (ROOT / "pcl_lib").iterdir()
    if path.suffix == ".py" or (path / "__init__.py").is_file()
} - {"__init__"}
LONGEST_FILE = 320
LARGEST_FILE = 1_000_000


@lru_cache(maxsize=1)
def tracked() -> list[Path]:
    """The files that are, or are about to be, under version control."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        unavailable("this is not a git checkout")
    command = [git, "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return [path for name in names if name and (path := ROOT / name).is_file()]


def run(*command: str) -> None:
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, f"\n{done.stdout}\n{done.stderr}"


def test_ruff():
    run("ruff", "check", ".")


def test_format():
    run("ruff", "format", "--check", ".")


def test_types():
    run("mypy")


def test_layers():
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, f"\n{done.stdout}\n{done.stderr}"


def contract(name: str) -> dict:
    """The contract of the import linter whose name begins so."""
    (found,) = [c for c in CONFIG["tool"]["importlinter"]["contracts"] if c["name"].startswith(name)]
    return found


def test_every_package_is_in_a_layer():
    listed = {name.strip(" ()") for layer in contract("Imports")["layers"] for name in layer.split("|")}
    assert listed >= PACKAGES
    public = {name for name in PACKAGES if not name.startswith("_")}
    forbidden = {name.removeprefix("pcl_lib.") for name in contract("Figures")["forbidden_modules"]}
    assert forbidden == public - {"viz", "neighbors", "experiments", "trainers"}


def test_every_file_of_the_training_loop_is_in_its_contract():
    """Those that are not are the methods of papers, which may know networks and losses."""
    files = {path.stem for path in (ROOT / "pcl_lib" / "trainers").glob("*.py")} - {"__init__"}
    loop = {name.rpartition(".")[2] for name in contract("The training loop")["source_modules"]}
    assert files - loop == {
        "_assignments",
        "_completion",
        "_compression",
        "_free_clouds",
        "_gradient_field",
        "_latent_gan",
        "_latent_vae",
        "_learned_loss",
        "_qaad",
        "_reconstruction",
    }


def private_imports(path: Path) -> list[str]:
    """What a file takes from a private file or by a private name of another package of the library."""
    own = path.relative_to(ROOT).parts[1] if path.is_relative_to(ROOT / "pcl_lib") else ""
    text = path.read_text(encoding="utf-8")
    found = []
    for module, names in re.findall(r"^ *from (pcl_lib[\w.]*) import (\([^)]*\)|[^\n]*)", text, flags=re.M):
        parts = module.split(".")
        if len(parts) < 2 or parts[1] == own or parts[1].startswith("_"):
            continue
        private = [n for n in re.findall(r"\w+", re.sub(r" as \w+", "", names)) if n.startswith("_")]
        if private or any(part.startswith("_") for part in parts):
            found.append(f"{path.name}: from {module} import {names}")
    return found


def test_packages_and_pages_use_each_others_face():
    """Packages and pages import public names alone; what the library needs beyond has a file that says so."""
    files = [*(ROOT / "pcl_lib").rglob("*.py"), *(ROOT / "book").rglob("*.md")]
    assert not [line for path in files for line in private_imports(path)]


def test_a_private_import_is_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "from pcl_lib.data import (\n    _solids,\n    stack,\n)\n    from pcl_lib.viz._show import show\n"
    )
    assert len(private_imports(page)) == 2
    page.write_text("from pcl_lib.data import stack\nfrom pcl_lib.experiments.record import read_record\n")
    assert not private_imports(page)


OPTIONS_LISTED = ["codec", "distances", "losses", "metrics", "models", "neighbors", "trainers"]
FACES = [*OPTIONS_LISTED, "data", "data.readers", "viz"]


@pytest.mark.parametrize("package", FACES)
def test_a_function_does_not_shadow_its_module(package):
    """`import pcl_lib.distances.dcd as m` must not give a function: no file has the name of a public one."""
    face = importlib.import_module(f"pcl_lib.{package}")
    public = [name for name in face.__all__ if not inspect.ismodule(getattr(face, name))]
    assert not [name for name in public if importlib.util.find_spec(f"pcl_lib.{package}.{name}")]


def test_no_public_name_is_lost():
    """A name that goes keeps working for a version, with a warning, and then leaves this list."""
    known = json.loads((ROOT / "tests" / "golden" / "public_names.json").read_text(encoding="utf-8"))
    assert set(known) == set(FACES)
    for package, names in known.items():
        face = importlib.import_module(f"pcl_lib.{package}")
        assert set(names) - set(face.__all__) == RENAMED.get(package, set())
        for name in RENAMED.get(package, set()):
            with pytest.warns(DeprecationWarning, match="the old name goes with version"):
                getattr(face, name)


RENAMED = {
    "data": {"Completion"},
    "data.readers": {"Completion"},
    "distances": {"Settings"},
    "models": {"Stage"},
}


def unlisted(function) -> list[str]:
    """The keyword-only options of a function that no item "- `name`: .." of its docstring names."""
    items = re.findall(r"^ *- (.*?)(?::|$)", inspect.getdoc(function) or "", re.MULTILINE)
    named = set(re.findall(r"`(\w+)`", " ".join(items)))
    options = inspect.signature(function).parameters.values()
    return [
        option.name for option in options if option.kind is option.KEYWORD_ONLY and option.name not in named
    ]


@pytest.mark.parametrize("package", OPTIONS_LISTED)
def test_every_option_is_in_the_list_of_its_docstring(package):
    face = importlib.import_module(f"pcl_lib.{package}")
    functions = [getattr(face, name) for name in face.__all__ if inspect.isfunction(getattr(face, name))]
    assert functions
    assert {f.__name__: unlisted(f) for f in functions if unlisted(f)} == {}


def test_an_option_in_running_text_is_found():
    def function(*, a, b, c):
        """All `a` and `b`.

        - `b`, `d`: with `c` in mind.
        """

    assert unlisted(function) == ["a", "c"]


def test_every_experiment_is_in_the_contracts():
    folders = {path.parent.name for path in (ROOT / "pcl_lib" / "experiments").glob("*/__init__.py")}
    papers = {f"pcl_lib.experiments.{name}" for name in folders - {"runner"}}
    assert set(contract("Experiments know nothing")["modules"]) == papers
    assert set(contract("The runner")["forbidden_modules"]) >= papers


def test_no_notebook_in_the_tree():
    assert not [path for path in tracked() if path.suffix == ".ipynb"]


def test_files_can_be_read_in_one_sitting():
    long = {
        path.relative_to(ROOT).as_posix(): lines
        for path in tracked()
        if path.suffix == ".py"
        and (lines := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST_FILE
    }
    assert not long


def test_no_large_file():
    assert not [path.name for path in tracked() if path.stat().st_size > LARGEST_FILE]


# Put together from halves, so that this file does not hold what it looks for.
FORBIDDEN = {
    "a path of one machine": "|".join(("/wo" + "rk/", "/ro" + r"ot/", "/ho" + r"me/\w", "/Us" + r"ers/\w")),
    "the address of a package index": "|".join(
        (
            "py" + r"pi\.org",
            "pythonhos" + r"ted\.org",
            "npm" + r"js\.(org|com)",
            "download.py" + r"torch\.org",
        )
    ),
    "a setting of a package index": "|".join(("index-" + "url", "find-" + "links")),
    "unfinished work": "|".join(
        (r"\bTO" + r"DO\b", r"\bFIX" + r"ME\b", r"\bXX" + r"X\b", "NotImplemented" + "Error")
    ),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_nothing_forbidden(what):
    pattern = re.compile(FORBIDDEN[what])
    found = []
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a binary file
        for number, line in enumerate(text.splitlines(), start=1):
            if pattern.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert not found, "\n".join(found)


def test_forbidden_patterns_match():
    assert re.search(FORBIDDEN["a path of one machine"], "see /ho" + "me/somebody/x")
    assert re.search(FORBIDDEN["the address of a package index"], "https://py" + "pi.org/simple")
    assert re.search(FORBIDDEN["a setting of a package index"], "--extra-index-" + "url x")
    assert re.search(FORBIDDEN["unfinished work"], "# TO" + "DO later")


def test_licences_are_complete():
    code = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert code.startswith("MIT License\n\nCopyright (c) 2026 The pcl_lib contributors\n")
    assert "WITHOUT WARRANTY OF ANY KIND" in code
    text = (ROOT / "LICENSE-text").read_text(encoding="utf-8")
    assert "https://creativecommons.org/licenses/by/4.0/" in text
    assert "Creative Commons Attribution 4.0 International Public License" in text
    for section in range(1, 9):
        assert f"\nSection {section} -- " in text, "the complete legal text"
    assert text.rstrip().endswith("Creative Commons may be contacted at creativecommons.org.")
    assert CONFIG["project"]["license"] == "MIT AND CC-BY-4.0"
    assert set(CONFIG["project"]["license-files"]) == {"LICENSE", "LICENSE-text"}


def test_citation_file():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    required = {"cff-version", "message", "title", "authors"}  # by CFF 1.2.0
    assert required <= citation.keys()
    assert citation["cff-version"] == "1.2.0"
    assert citation["authors"] == [{"name": "The pcl_lib contributors"}]
    assert citation["version"] == CONFIG["project"]["version"]
    assert citation["type"] in ("software", "dataset")
    assert set(citation["license"]) == {"MIT", "CC-BY-4.0"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", str(citation["date-released"]))
    optional = {
        "abstract",
        "date-released",
        "doi",
        "keywords",
        "license",
        "repository-code",
        "type",
        "url",
        "version",
    }
    assert citation.keys() <= required | optional, "a misspelt key would be ignored"


def test_changelog_names_this_version():
    assert f"\n## {CONFIG['project']['version']}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_workflows():
    files = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
    assert [path.stem for path in files] == ["deploy", "release", "test"]
    for path in files:
        workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
        steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
        used = [step["uses"] for step in steps if "uses" in step]
        assert all(re.fullmatch(r"actions/[\w-]+@v\d+", action) for action in used), used
    assert any(step.get("run") == ".ci/run" for step in steps)


def test_ci_script_is_executable():
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111
    subprocess.run(["bash", "-n", ".ci/run"], cwd=ROOT, check=True)


@pytest.mark.parametrize(("ci", "outcome"), [("true", "failed"), ("", "skipped")])
def test_a_check_that_cannot_run_says_so_and_fails_in_ci(monkeypatch, ci, outcome):
    monkeypatch.setenv("CI", ci)
    expected = pytest.fail.Exception if outcome == "failed" else pytest.skip.Exception
    with pytest.raises(expected, match="no such tool"):
        unavailable("no such tool")
