"""The released weighted losses and the paper's formulas, against numbers made by their own code."""

import math

import numpy as np
import pytest
import torch

from pcl_lib.distances import (
    WEIGHTS,
    Landau,
    LogLogistic,
    dcd,
    hyper_cd,
    info_cd,
    released_landau_cd,
    weighted_chamfer,
)
from pcl_lib.distances._hyper_cd import hyper_cd_gradient_weight
from tests.distances.reference import golden, named

GOLDEN = golden("weighted")
BLOCK = {"shifted": False, "reduction": "sum", "combine": "mean"}


def block(name):
    return lambda x, y: weighted_chamfer(x, y, weight=name, **BLOCK)


# The released code rounds 1/1.4 to 0.7143.
ROUNDED = 0.7143 * 1.4
ROWS = {
    "landau released": released_landau_cd,
    "landau released one side": lambda x, y: released_landau_cd(x, y, combine="forward"),
    "extreme value": lambda x, y: ROUNDED * block("extreme value")(x, y),
    "chi-squared": block("chi-squared"),
    "log-logistic": block("log-logistic"),
    "gamma": block("gamma"),
    "landau paper": weighted_chamfer,
    "hyper_cd": lambda x, y: hyper_cd(x, y, form="released"),
    "hyper_cd one side": lambda x, y: hyper_cd(x, y, combine="forward"),
    "info_cd": lambda x, y: info_cd(x, y, form="released"),
}


def tensor(name):
    return torch.from_numpy(named(name))


def test_every_loss_has_a_row():
    assert set(GOLDEN["rows"]) - set(ROWS) == {"info_cd one side"}


@pytest.mark.parametrize("row", ROWS)
def test_value_and_gradient(row):
    expected = GOLDEN["rows"][row]
    x, y = tensor(GOLDEN["x"]).requires_grad_(), tensor(GOLDEN["y"])
    value = ROWS[row](x, y)
    value.backward()
    assert value.item() == pytest.approx(expected["value"], rel=1e-7)
    np.testing.assert_allclose(x.grad[0], expected["grad_x_row0"], rtol=1e-7)
    assert x.grad.norm().item() == pytest.approx(expected["grad_x_norm"], rel=1e-7)


def test_hyper_cd_as_printed_and_as_released_agree_on_clouds_far_apart():
    x, y = tensor(GOLDEN["x"]), tensor(GOLDEN["y"])
    assert hyper_cd(x, y).item() == pytest.approx(hyper_cd(x, y, form="released").item(), rel=1e-12)


def test_released_info_cd_is_a_quarter_of_the_sums():
    x, y = tensor(GOLDEN["x"]), tensor(GOLDEN["y"])
    sums = weighted_chamfer(x, y, weight=torch.ones_like, reduction="sum")
    assert info_cd(x, y, form="released").item() == pytest.approx(sums.item() / 4, rel=4e-6)


@pytest.mark.parametrize("row", GOLDEN["dcd"], ids=lambda r: f"{r['y']}-{r['alpha']}-{r['n_lambda']}")
def test_released_dcd(row):
    x, y = tensor(row["x"]), tensor(row["y"])
    value = dcd(x, y, alpha=float(row["alpha"]), n_lambda=float(row["n_lambda"]), form="released")
    assert value.item() == pytest.approx(row["dcd"], abs=1e-6)


def test_reference_gradient_weight_on_the_grid_of_the_paper():
    expected = GOLDEN["reference gradient weight"]
    d = expected["step"] * torch.arange(1, expected["samples"] + 1, dtype=torch.float64)
    z = hyper_cd_gradient_weight(d)
    # Those numbers are of the printed form, which loses digits near d = 0.
    assert z[0].item() == pytest.approx(expected["zH_first"], rel=1e-9)
    assert z[-1].item() == pytest.approx(expected["zH_last"], rel=1e-9)
    assert (1 - z[-1] / math.sqrt(2)).item() == pytest.approx(2.5e-5, rel=1e-3)


def test_landau_gradient_weight():
    # Those numbers are of finite differences.
    for d, expected in GOLDEN["landau gradient weight"].items():
        at = torch.tensor([float(d), 0.0], dtype=torch.float64)
        z, start = Landau().gradient_weight(at).tolist()
        assert z / start == pytest.approx(expected["zW_over_zW0"], rel=1e-8)
        z, start = hyper_cd_gradient_weight(at).tolist()
        assert z / start == pytest.approx(expected["zH_over_sqrt2"], rel=1e-10)


def released_pull(d):
    """Gradient of the released loss by the distance of the only pair."""
    x = torch.tensor([[d]], dtype=torch.float64, requires_grad=True)
    released_landau_cd(x, torch.zeros_like(x), combine="forward").backward()
    return x.grad.item()


def test_released_landau_pushes_far_pairs_apart():
    for d, expected in GOLDEN["released landau gradient weight"].items():
        assert released_pull(float(d)) == pytest.approx(expected, rel=1e-8)
    turn = GOLDEN["released landau sign change"]
    assert turn == pytest.approx(-math.log(2 - math.sqrt(3)), rel=1e-12)
    assert released_pull(turn - 1e-6) > 0 > released_pull(turn + 1e-6)


def test_log_logistic_is_the_density_and_not_its_misprint():
    expected = GOLDEN["log-logistic density"]
    found = LogLogistic()(torch.tensor(expected["x"], dtype=torch.float64), shifted=False).tolist()
    assert found == pytest.approx(expected["true_pdf"], rel=1e-12)
    assert found[1] > 600 * expected["paper_as_printed"][1]


def test_modes_and_the_shift():
    expected = GOLDEN["shift"]
    d = torch.tensor(expected["d"], dtype=torch.float64)
    names = {"chi2": "chi-squared", "ll": "log-logistic", "gamma": "gamma"}
    modes = {"chi2_k3": "chi-squared", "loglogistic_5_2": "log-logistic", "gamma_k2_theta2_5": "gamma"}
    modes["weibull_k2_lambda5"] = "weibull"
    for key, name in modes.items():
        assert WEIGHTS[name].mode == pytest.approx(expected["modes"][key], rel=1e-12)
    for key, name in names.items():
        for form in ("shifted", "released"):
            found = WEIGHTS[name](d, shifted=form == "shifted").tolist()
            assert found == pytest.approx(expected[key][form], rel=1e-7)
