"""Every row of the convention card against that library's formula, written out in numpy on its own."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from pcl_lib.distances import CHAMFER_CONVENTIONS, chamfer
from tests.distances.reference import X, Y, nearest_distances

BIBLIOGRAPHY = Path(__file__).parents[2] / "pcl_lib" / "references.bib"

X_CLOUD, Y_CLOUD = X(23), Y(17)
A = nearest_distances(X_CLOUD, Y_CLOUD)
B = nearest_distances(Y_CLOUD, X_CLOUD)

# One entry per row, from the library's documentation or code, not from the row.
FORMULAS = {
    "pcl_lib": (A**2).mean() + (B**2).mean(),
    "psgn": (A**2).sum() + (B**2).sum(),
    "pytorch3d": (A**2).mean() + (B**2).mean(),
    "compressai": (A**2).mean() + (B**2).mean(),
    "point-cloud-utils": A.mean() + B.mean(),
    "point-cloud-utils docs": 0.5 * A.mean() + 0.5 * B.mean(),
    "occupancy-networks": 0.5 * (A.mean() + B.mean()),
    "geomloss": 0.5 * ((0.5 * A**2).mean() + (0.5 * B**2).mean()),
    "pcn CD-L1": 1000 * 0.5 * (A.mean() + B.mean()),
    "pcn CD-L2": 1000 * ((A**2).mean() + (B**2).mean()),
    "landau chamfer": (A**2).mean() + (B**2).mean(),
    "landau chamfer_sqrt": (A.mean() + B.mean()) / 2,
    "landau single_side": (A**2).mean(),
    "landau single_side_sqrt": A.mean(),
    "dcd cd_p": (A.mean() + B.mean()) / 2,
    "dcd cd_t": (A**2).mean() + (B**2).mean(),
    "infocd released": 0.25 * (A.sum() + B.sum()),
    "caloss MCD global": max((A**2).mean(), (B**2).mean()),
    "neuralqaad Eq. 10": A.sum() + B.sum(),
    "neuralqaad Eq. 11": max(A.sum(), B.sum()),
    "atlasnetv2": (A**2).mean() + (B**2).mean(),
    "shapegf": (A**2).mean() + (B**2).mean(),
    "pointflow": (A**2).mean() + (B**2).mean(),
    "dpcc": (A**2).mean() + (B**2).mean(),
    "dpcc blog": (A**2).sum() + (B**2).sum(),
}


def value(name, x, y):
    card = CHAMFER_CONVENTIONS[name]
    return card.factor * chamfer(torch.from_numpy(x), torch.from_numpy(y), **card.options).item()


def test_every_row_that_options_reach_is_tested():
    assert set(FORMULAS) == {name for name, card in CHAMFER_CONVENTIONS.items() if card.options is not None}


@pytest.mark.parametrize("name", FORMULAS)
def test_row_gives_the_librarys_number(name):
    assert value(name, X_CLOUD, Y_CLOUD) == pytest.approx(FORMULAS[name], rel=1e-12)


@pytest.mark.parametrize("name", FORMULAS)
def test_the_printed_formula_is_the_computed_one(name):
    text = CHAMFER_CONVENTIONS[name].formula
    python = text.replace("^", "**").replace("d(x,Y)", "A").replace("d(y,X)", "B")
    python = re.sub(r"(mean|sum)_[xy] ([AB](?:\*\*2)?)", r"(\2).\1()", python).replace("1000 (", "1000 * (")
    assert eval(python, {"A": A, "B": B, "max": max}) == pytest.approx(FORMULAS[name], rel=1e-12)


def test_one_point_at_distance_three():
    x, y = np.zeros((1, 2)), np.array([[3.0, 0.0]])
    expected = {
        "pytorch3d": 18,
        "compressai": 18,
        "point-cloud-utils": 6,
        "point-cloud-utils docs": 3,
        "occupancy-networks": 3,
        "geomloss": 4.5,
        "pcn CD-L1": 3000,
        "pcn CD-L2": 18000,
        "caloss MCD global": 9,
        "infocd released": 1.5,
    }
    assert {name: value(name, x, y) for name in expected} == pytest.approx(expected, rel=1e-12)


def test_the_row_out_of_reach_really_is():
    # The 1-norm finds other neighbours and other values: no options and factor give it on all clouds.
    assert CHAMFER_CONVENTIONS["pytorch3d norm=1"].options is None
    ratios = []
    for x, y in (
        (np.array([[0.0, 0.0]]), np.array([[3.0, 0.0]])),
        (np.zeros((1, 2)), np.array([[3.0, 4.0]])),
    ):
        one_norm = np.abs(x[:, None] - y).sum(-1)
        target = one_norm.min(1).mean() + one_norm.min(0).mean()
        ratios.append(target / value("point-cloud-utils", x, y))
    assert ratios[0] == pytest.approx(1.0)
    assert ratios[1] == pytest.approx(1.4)


def test_every_source_is_in_the_bibliography():
    keys = set(re.findall(r"^@\w+\{([^,]+),", BIBLIOGRAPHY.read_text(), re.MULTILINE))
    assert {card.source for card in CHAMFER_CONVENTIONS.values()} <= keys
    assert all(name == card.name and card.note for name, card in CHAMFER_CONVENTIONS.items())
