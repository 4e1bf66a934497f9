"""What gradient matching near zero compares of a density: one number, the curvature at its mode."""

from __future__ import annotations

import math

import torch

from pcl_lib._checks import check_positive
from pcl_lib.distances import (
    ChiSquared,
    ExtremeValue,
    Gamma,
    Logistic,
    LogLogistic,
    Normal,
    Weibull,
    Weight,
)


def curvature(weight: Weight) -> float:
    r"""The curvature of a density at its mode, by autograd: how fast it falls just past its peak.

    .. math:: \kappa = -(\log f)''(m), \qquad f(m + d) \approx f(m) \bigl(1 - \tfrac12 \kappa d^2\bigr)

    The gradient weight of f(m + d) d then falls by 3 kappa d^2 / 2 of itself, and that of HyperCD by alpha d^2 / 4:
    they match near zero for kappa = alpha / 6, whatever the density. Unit: one by a length squared. Cost: two
    derivatives of one number. Errors: `ValueError` for a weight whose parameters are tensors of many values, and for
    one without a smooth peak, such as an exponential.

    >>> from pcl_lib.distances import Landau, Normal
    >>> curvature(Landau()), round(curvature(Normal(2.0)), 6)
    (0.5, 0.25)
    """
    mode = torch.as_tensor(weight.mode, dtype=torch.float64, device="cpu")
    if mode.numel() != 1:
        raise ValueError(
            f"weight must have one number for each parameter, received modes of shape {tuple(mode.shape)}; "
            "take one member of the grid"
        )
    at = mode.reshape(()).clone().requires_grad_()
    with torch.enable_grad():
        (slope,) = torch.autograd.grad(weight(at, shifted=False).log(), at, create_graph=True)
        (second,) = torch.autograd.grad(slope, at)
    kappa, at_peak = -float(second.detach()), float(slope.detach())
    if not math.isfinite(kappa) or abs(at_peak) > 1e-6:
        raise ValueError(
            f"weight must have a smooth peak, received {weight!r}, whose logarithm has the slope "
            f"{at_peak:.3g} at its mode"
        )
    return kappa


def with_curvature(kappa: float) -> dict[str, Weight]:
    """A member of each family with a parameter whose curvature at the mode is `kappa`, by the name of the family.

    Of the families with two parameters one is kept at 2, as the paper has it. kappa = alpha / 6 matches HyperCD near
    zero, and kappa = alpha / 2 does so once the term f' d is dropped. Errors: `ValueError` for kappa that is not
    positive. Reference: lin2024landau.

    >>> with_curvature(1.0)["normal"], with_curvature(0.25)["gamma"]
    (Normal(sigma=1.0), Gamma(alpha=2.0, beta=0.5))
    """
    check_positive("kappa", kappa)
    return {
        "chi-squared": ChiSquared(2 + 1 / (2 * kappa)),
        "extreme value": ExtremeValue(math.sqrt(1 / kappa)),
        "weibull": Weibull(2.0, math.sqrt(4 / kappa)),
        "log-logistic": LogLogistic(math.sqrt(4.5 / kappa), 2.0),
        "gamma": Gamma(2.0, math.sqrt(kappa)),
        "logistic": Logistic(math.sqrt(1 / (2 * kappa))),
        "normal": Normal(math.sqrt(1 / kappa)),
    }
