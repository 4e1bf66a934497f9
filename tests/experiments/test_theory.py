"""What live code says of the paper's claims on theory, against plain torch and formulas written out."""

import re

import pytest
import torch

from pcl_lib.distances import WEIGHTS
from pcl_lib.experiments.claims import HOLDS, NOT, PART
from pcl_lib.experiments.completion import theory

SEARCHED = torch.arange(51, dtype=torch.float64) * 2e-4  # the paper's distances


def numbers(claim):
    return [
        float(number)
        for number in re.findall(r"[-+]?\d[\d,]*\.?\d*(?:e[-+]\d+)?", claim.number.replace(",", ""))
    ]


def pull(weight, d):
    """The derivative of f(d) d, by autograd."""
    d = torch.tensor(d, dtype=torch.float64).requires_grad_()
    return torch.autograd.grad((weight(d) * d).sum(), d)[0]


def hyper(d):
    """The derivative of arccosh(1 + d^2)."""
    return 2 / (d.square() + 2).sqrt()


def test_units():
    landau, hypercd = theory._on_units("page.html")
    at = pull(WEIGHTS["landau"], [0.0, 0.05, 0.5, 5.0])
    assert numbers(landau)[1:] == pytest.approx((at[1:] / at[0]).tolist(), abs=6e-4)
    assert numbers(hypercd)[1:] == pytest.approx(
        [(2 / (2 + d * d)) ** 0.5 for d in (0.05, 0.5, 5.0)], abs=6e-4
    )
    assert [landau.verdict, hypercd.verdict] == [PART, HOLDS]  # by a percent it is a constant in metres alone


def test_formula():
    claims = theory._on_the_formula("page.html", *theory._two_samples())
    assert [claim.verdict for claim in claims] == [HOLDS, HOLDS, HOLDS, NOT]
    falls, special, recovered, bilevel = (claim.number for claim in claims)
    assert falls.startswith("0 rises in 2,000 steps")
    for number in (special, recovered, bilevel):
        (error,) = re.findall(r"by (\d\S*?)(?: of|:|$)", number)
        assert float(error) < 1e-5


def test_a_bilevel_formula_would_have_another_gradient(monkeypatch):
    monkeypatch.setattr(theory, "_gap", lambda *_: 1.0)
    claims = theory._on_the_formula("page.html", *theory._two_samples())
    assert [claim.verdict for claim in claims] == [HOLDS, HOLDS, NOT, HOLDS]


def test_search():
    x, y = theory._two_samples()
    near, dominated, fitted, mimicked, simulated = theory._on_the_search("page.html", x, y)

    gaps = torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist")
    both = torch.cat((gaps.amin(1), gaps.amin(0)))
    shares = [100 * (both <= bound).double().mean().item() for bound in (0.01, 0.1)]
    assert numbers(near)[1:] == pytest.approx(shares, abs=0.51)
    assert near.verdict == PART  # of the squares, not of the lengths

    density, exact = WEIGHTS["gamma"](SEARCHED), pull(WEIGHTS["gamma"], SEARCHED.tolist())
    value = ((density - exact) / exact).abs().max().item()
    variation = (density[0] - density[-1]).item() / (exact[0] - exact[-1]).item()
    said = f"gamma: right to {100 * value:.0e} % in value, but only {100 * variation:.0f} % of what varies"
    assert dominated.number.startswith(said)
    assert dominated.verdict == PART

    reference = hyper(SEARCHED) / hyper(SEARCHED[:1])
    nothing = (1 - reference).mean().item()
    assert fitted.number.endswith(f"no weight at all has {nothing:.0e}")
    assert numbers(fitted)[0] < 1e-5
    assert fitted.verdict == HOLDS

    def error(weight):
        z = pull(weight, SEARCHED.tolist())
        return (z / z.max() - reference).abs().mean().item()

    nearer = [name for name, weight in WEIGHTS.items() if error(weight) < nothing]
    assert mimicked.number.endswith(f"({', '.join(nearer)})")
    assert 0 < len(nearer) < len(WEIGHTS)
    assert mimicked.verdict == PART
    assert simulated.verdict == HOLDS


def test_two_samples_of_one_chair_share_no_point_and_its_frame():
    x, y = theory._two_samples()
    assert x.shape == y.shape == (2048, 3)
    assert (x[:, None] == y).all(-1).sum() == 0
    assert torch.cat((x, y)).norm(dim=1).max().item() == pytest.approx(1, abs=1e-5)
