"""`_config.yml` and `_toc.yml`: Jupyter Book itself accepts a misspelt key and ignores it."""

import json
from fnmatch import fnmatch
from importlib import resources
from pathlib import Path

import jupyter_book
import pytest
import yaml
from jupyter_book.config import PATH_YAML_DEFAULT

from tests.book import checks

ROOT = Path(__file__).resolve().parents[2]
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
# Read by Jupyter Book, but in neither its schema nor its list of defaults.
UNLISTED = {"bibtex_bibfiles"}


def known_keys() -> dict:
    """Keys that Jupyter Book reads: those of its schema and those of its own default configuration."""
    schema = json.loads(resources.files(jupyter_book).joinpath("config_schema.json").read_text("utf-8"))
    defaults = yaml.safe_load(Path(PATH_YAML_DEFAULT).read_text(encoding="utf-8"))

    def from_schema(node: dict) -> dict:
        return {key: from_schema(child) for key, child in node.get("properties", {}).items()}

    def add(tree: dict, values: dict) -> None:
        for key, child in values.items():
            branch = tree.setdefault(key, {})
            if isinstance(child, dict):
                add(branch, child)

    tree = from_schema(schema)
    add(tree, defaults)
    return tree


def unknown_keys(config: dict, known: dict, path: str = "") -> list[str]:
    found = []
    for key, value in config.items():
        if key not in known and f"{path}{key}" not in UNLISTED:
            found.append(f"{path}{key}")
        elif isinstance(value, dict) and f"{path}{key}" not in ("sphinx.config", "sphinx.local_extensions"):
            found += unknown_keys(value, known[key], f"{path}{key}.")
    return found


def test_every_key_is_known():
    assert unknown_keys(CONFIG, known_keys()) == []


@pytest.mark.parametrize(
    "misspelt", [{"tittle": "x"}, {"execute": {"raise_on_errors": True}}, {"html": {"favicon_": "x"}}]
)
def test_a_misspelt_key_is_found(misspelt):
    assert len(unknown_keys(misspelt, known_keys())) == 1


def test_the_build_is_strict():
    execute = CONFIG["execute"]
    assert execute["raise_on_error"] is True
    assert execute["allow_errors"] is False
    assert execute["stderr_output"] == "error"
    assert CONFIG["sphinx"]["config"]["suppress_warnings"] == []
    assert "exclude_patterns" not in execute, "every chapter is executed"


def test_the_limit_of_a_cell_is_for_hangs():
    assert CONFIG["execute"]["timeout"] >= 30 * 60


@pytest.mark.parametrize(
    ("workflow", "publishes"), [("deploy", "deploy-pages"), ("release", "gh release create")]
)
def test_what_is_published_has_passed_every_check(workflow, publishes):
    (job,) = yaml.safe_load((ROOT / f".github/workflows/{workflow}.yml").read_text("utf-8"))["jobs"].values()
    steps = [f"{step.get('run', '')} {step.get('uses', '')} {step.get('with', '')}" for step in job["steps"]]
    (checked,) = [i for i, step in enumerate(steps) if step.strip().startswith(".ci/run")]
    (published,) = [i for i, step in enumerate(steps) if publishes in step]
    assert checked < published
    assert not any("if" in step or "continue-on-error" in step for step in job["steps"])
    assert not any("make book" in step for step in steps), (
        "what is published is built from the pages that were checked"
    )
    assert any("_build/gates/_build" in step for step in steps[checked:])


def test_a_release_brings_the_book_on_paper():
    (job,) = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text("utf-8"))["jobs"].values()
    steps = [step.get("run", "") for step in job["steps"]]
    (printed,) = [i for i, step in enumerate(steps) if "book._tools.pdf" in step]
    (published,) = [i for i, step in enumerate(steps) if "gh release create" in step]
    assert printed < published
    name = steps[printed].split("--output ")[1].strip('" ')
    pattern = steps[published].split()[-1]
    assert fnmatch(name, pattern), f"{name} is not among the files {pattern} of the release"


def test_no_repository_and_no_remote_service_by_default():
    assert not CONFIG["repository"]["url"]
    assert not any(CONFIG["html"][f"use_{button}_button"] for button in ("repository", "edit_page", "issues"))
    assert CONFIG["launch_buttons"] == {"thebe": False}


def test_every_page_is_in_the_table_of_contents():
    listed = {TOC["root"]} | {page["file"] for part in TOC["parts"] for page in part["chapters"]}
    written = {p.relative_to(ROOT).with_suffix("").as_posix() for p in checks.sources(ROOT / "book")}
    assert listed == written
