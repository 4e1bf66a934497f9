"""The page on the library lists every public name, once, and each entry says something."""

import importlib
import inspect
import json
import re
from collections import Counter
from pathlib import Path

import pytest

import pcl_lib
from book._tools import api
from tests.book import checks

ROOT = Path(__file__).resolve().parents[2]
FACES = [
    ".".join(path.parent.relative_to(ROOT).parts)
    for path in sorted((ROOT / "pcl_lib").rglob("__init__.py"))
    if "._" not in ".".join(path.parent.relative_to(ROOT).parts)
]


@pytest.fixture(scope="module")
def entries() -> list[tuple[str, str]]:
    """The name and the summary of each entry that the page's directives list."""
    text = (ROOT / "book" / "appendix" / "api.md").read_text(encoding="utf-8")
    found = []
    for arguments in re.findall(r"^```\{api\} (.*)$", text, re.MULTILINE):
        module, *some = arguments.split()
        for name in some or api.public(module):
            summary, _ = api.described(getattr(importlib.import_module(module), name))
            found.append((f"{module}.{name}", summary))
    return found


def thing(name: str):
    module, _, own = name.rpartition(".")
    return own, getattr(importlib.import_module(module), own)


def test_no_call_names_a_folder_of_this_machine(entries):
    calls = [api.call(*thing(name)) for name, _ in entries]
    assert not [call for call in calls if str(ROOT) in call]
    assert str(ROOT) not in api.plain(f"(folder: Path = {ROOT!r})")


def test_no_docstring_has_a_heading(entries):
    underlined = re.compile(r"^-{3,}$", re.MULTILINE)
    assert underlined.search("Attributes\n----------\n")
    things = [thing(name) for name, _ in entries]
    own = [(name, one.__doc__ or "") for name, one in things if api.kind(one) != "data"]
    assert not [name for name, words in own if underlined.search(inspect.cleandoc(words))]


@pytest.mark.parametrize("face", FACES)
def test_every_public_name_is_on_the_page(entries, face):
    listed = {name.rpartition(".")[2] for name, _ in entries if name.startswith(face)}
    module = importlib.import_module(face)
    public = {name for name in getattr(module, "__all__", []) if not inspect.ismodule(getattr(module, name))}
    assert public <= listed


def test_the_faces_are_those_whose_names_are_kept():
    known = json.loads((ROOT / "tests" / "golden" / "public_names.json").read_text(encoding="utf-8"))
    assert {f"pcl_lib.{package}" for package in known} <= set(FACES)
    assert pcl_lib.__all__ == ["citation"]


def test_each_name_stands_once_and_says_something(entries):
    assert len(entries) > 200
    assert not [name for name, times in Counter(name for name, _ in entries).items() if times > 1]
    assert not [name for name, summary in entries if not re.fullmatch(r"\S.{9,}", summary, re.DOTALL)]


def test_an_argument_leads_to_no_other_entry(site):
    """`rate` in the entry of a loss is its argument, not the function of that name."""
    page = checks.soup(site.html / "book" / "appendix" / "api.html")
    astray = []
    for entry in page.select("details.pcl-api"):
        _, own = thing(entry["id"])
        if api.call("it", own):
            arguments = inspect.signature(own).parameters
            astray += [
                (entry["id"], link.get_text())
                for link in entry.select("a.pcl-code")
                if link.get_text() in arguments
            ]
    assert not astray
