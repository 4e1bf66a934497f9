"""`pcl_lib.citation`: each paper that a docstring names is in the bibliography, which the package carries."""

import functools
import importlib
import inspect
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import torch

import pcl_lib
from pcl_lib import citation
from pcl_lib._citation import bibliography, references
from pcl_lib.distances import CHAMFER_CONVENTIONS, Landau, chamfer, dcd, hyper_cd
from pcl_lib.metrics import d2_psnr
from pcl_lib.models import DGCNN, AutoEncoder, FullyConnectedDecoder, PointNet, ae

ROOT = Path(__file__).resolve().parents[1]
MODULES = [
    importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    for path in sorted((ROOT / "pcl_lib").rglob("*.py"))
    if path.stem not in ("__init__", "__main__")
]
THINGS = {
    f"{module.__name__}.{name}": thing
    for module in MODULES
    for name, thing in vars(module).items()
    if (inspect.isfunction(thing) or inspect.isclass(thing)) and thing.__module__ == module.__name__
}
SAYS = {name: thing for name, thing in THINGS.items() if re.search(r"\bReferences?: ", thing.__doc__ or "")}


def keys(text: str) -> list[str]:
    return re.findall(r"^@\w+\{([\w-]+),$", text, re.MULTILINE)


def test_many_things_name_their_papers():
    assert len(SAYS) >= 90
    assert len(keys(citation(dcd))) == 1


@pytest.mark.parametrize("name", SAYS)
def test_each_paper_named_in_a_docstring_resolves(name):
    thing = SAYS[name]
    text = thing.__doc__.partition("Reference")[2]
    # Found another way: every key of the bibliography that stands in the text, in its order.
    expected = [word for word in re.findall(r"[\w-]+", text) if word in bibliography()]
    assert expected
    assert keys(citation(thing)) == list(dict.fromkeys(expected))


def test_an_entry_is_whole():
    (entry,) = [citation(chamfer)]
    assert entry.startswith("@inproceedings{fan2017psgn,\n")
    assert entry.endswith("\n}")
    assert entry.count("{") == entry.count("}")
    assert "Guibas, Leonidas J." in entry


def test_several_papers_of_one_function_keep_their_order():
    text = citation(d2_psnr)
    assert keys(text) == ["tian2017d2", "he2022dpcc"]
    assert "\n}\n\n@" in text


def test_a_network_gives_the_papers_of_its_parts():
    network = ae()
    assert isinstance(network, AutoEncoder)
    both = [*references(PointNet.__doc__), *references(FullyConnectedDecoder.__doc__)]
    assert keys(citation(network)) == list(dict.fromkeys(both))


def test_a_network_of_the_user_gives_the_papers_of_its_parts():
    mine = torch.nn.Sequential(DGCNN(), torch.nn.ReLU())
    assert keys(citation(mine)) == ["wang2019dgcnn"]

    class Mine(DGCNN):
        """Has no source of its own."""

    assert keys(citation(Mine())) == ["wang2019dgcnn"]


def test_an_object_has_the_papers_of_its_class():
    assert citation(Landau()) == citation(Landau)


def test_options_change_no_paper():
    assert citation(functools.partial(hyper_cd, alpha=2.0)) == citation(hyper_cd)


@pytest.mark.parametrize("name", CHAMFER_CONVENTIONS)
def test_the_source_of_each_convention(name):
    source = CHAMFER_CONVENTIONS[name].source
    assert keys(citation(source)) == [source]


@pytest.mark.parametrize("thing", [citation, torch.nn.Linear(2, 2), torch.nn.ReLU, len, 3.0, None, torch])
def test_a_thing_without_a_paper(thing):
    with pytest.raises(ValueError, match=r"must be a function, class or network .* which names no paper"):
        citation(thing)


def test_a_key_that_is_unknown():
    with pytest.raises(ValueError, match="has the key 'fan2017'; near to it: fan2017psgn"):
        citation("fan2017")
    with pytest.raises(ValueError, match=r"has the key ''$"):
        citation("")


def test_a_docstring_that_names_an_unknown_paper():
    def distance():
        """Is far. Reference: nobody1900nothing."""

    with pytest.raises(ValueError, match="nobody1900nothing"):
        citation(distance)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Reference: fan2017psgn.", ["fan2017psgn"]),
        ("Reference: fan2017psgn (by its code, that is).", ["fan2017psgn"]),
        ("References: a2001b (Eq. 1, 2),\n    c2002d, e2003f.", ["a2001b", "c2002d", "e2003f"]),
        ("Reference: a2001b\n\n    >>> f(c2002d)", ["a2001b"]),
        ("A reference of another shape. Reference: a2001b.", ["a2001b"]),
        ("No source.", []),
    ],
)
def test_how_a_docstring_is_read(text, expected):
    assert references(text) == expected


def test_every_entry_can_be_cited():
    entries = bibliography()
    text = (ROOT / "pcl_lib" / "references.bib").read_text(encoding="utf-8")
    assert len(entries) == len(keys(text)) > 60
    assert all(entry.count("{") == entry.count("}") for entry in entries.values())
    assert all(
        {"author", "title", "year"} <= set(re.findall(r"^ *(\w+) *=", e, re.M)) for e in entries.values()
    )


def test_the_package_carries_its_bibliography():
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "references.bib" in config["tool"]["setuptools"]["package-data"]["pcl_lib"]
    assert not (ROOT / "book" / "references.bib").exists(), "one bibliography for book and library"


def test_the_face_of_the_library_is_light():
    code = "import sys, pcl_lib; pcl_lib.citation; assert not {'torch', 'numpy', 'scipy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(pcl_lib.__file__).parents[1])
