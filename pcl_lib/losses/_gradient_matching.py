"""Loss distillation via gradient matching: which weighted Chamfer distance pulls like a given loss."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields

import torch
from jaxtyping import Float
from torch import Tensor

from pcl_lib._checks import check_option, check_positive
from pcl_lib.distances import WEIGHTS, Weight
from pcl_lib.distances.building_blocks import hyper_cd_gradient_weight, weight_named

APPROXIMATIONS = ("density", "difference", "exact")
# The paper's samples: [0, 0.01] in steps of 2e-4.
PAPER_DISTANCES = torch.arange(51, dtype=torch.float64, device="cpu") * 2e-4

_SHAPE = torch.arange(1, 101, dtype=torch.float64, device="cpu") / 10
# The paper names no grid. This one, 0.1 to 10 in steps of 0.1, holds every parameter that it reports.
GRIDS: dict[str, dict[str, Tensor]] = {
    name: {field.name: _SHAPE for field in fields(family)} for name, family in WEIGHTS.items()
}


@dataclass(frozen=True)
class Fit:
    """The best member of one family: its error, and its curve beside the reference at the sampled distances.

    `curve` and `reference` are what was compared: each divided by its maximum, unless rescaling was off.
    """

    name: str
    weight: Weight
    error: float
    distances: Float[Tensor, "s"]
    curve: Float[Tensor, "s"]
    reference: Float[Tensor, "s"]


def gradient_matching(
    families: Sequence[str] = tuple(WEIGHTS),
    *,
    reference: Callable[[Tensor], Tensor] = hyper_cd_gradient_weight,
    distances: Float[Tensor, "s"] | None = None,
    probabilities: Float[Tensor, "s"] | None = None,
    approximation: str = "density",
    step: float = 2e-4,
    rescale: bool = True,
    grids: Mapping[str, Mapping[str, Tensor]] | None = None,
) -> list[Fit]:
    r"""Search each family's parameters for the gradient weight nearest to that of a reference loss; best fit first.

    .. math:: \mathcal A^* = \arg\min_{\mathcal A} \sum_s p(d_s) \left| z^{(H)}(d_s) - z^{(W)}(d_s) \right|

    - `families`: names of `WEIGHTS`;
    - `reference`: z(H), a function of distances (HyperCD with alpha = 1 by default); `gradient_weight_of` makes one
      from any loss of a pair;
    - `distances`, `probabilities`: the reference histogram; by default the paper's samples of [0, 0.01], equally
      likely, since its histogram is only drawn;
    - `approximation` of z(W): "density" f(m + d), "difference" with f' by a forward difference, or "exact";
    - `step`: of that forward difference, a length;
    - `rescale`: divide each curve by its maximum, as the figures of the paper do; its algorithm does not say so, and
      without it a family is judged by its height alone;
    - `grids`: values of each parameter for each family in place of `GRIDS`.

    On [0, 0.01] the reference falls by 2.5e-5 of itself, so that nearly any flat curve fits: the ranking there says
    little. Shapes: histogram (S,). Cost: O(S) for each point of a grid, all points at once. Errors: `ValueError` for
    an unknown family or option, a histogram that is not one, a grid with a value that is not positive, a missing
    parameter, a reference of another shape. Reference: lin2024landau.

    >>> best = gradient_matching(["normal", "logistic"])[0]
    >>> best.weight, best.error < 1e-8
    (Logistic(sigma=1.0), True)
    """
    check_option("approximation", approximation, APPROXIMATIONS)
    check_positive("step", step)
    d, p = _histogram(distances, probabilities)
    target = reference(d)
    if not isinstance(target, Tensor) or target.shape != d.shape:
        found = tuple(target.shape) if isinstance(target, Tensor) else type(target).__name__
        raise ValueError(
            f"reference must return one value for each distance, shape {tuple(d.shape)}, received {found}"
        )
    if not bool(torch.isfinite(target).all()):
        raise ValueError("reference must be finite at every distance of the histogram, d = 0 included")
    target = _scaled(target.detach().to(d.dtype), rescale)

    fits = []
    for name in families:
        family = type(weight_named(name))
        grid = _grid(name, family, GRIDS if grids is None else grids)
        points = torch.cartesian_prod(*grid.values()).reshape(-1, len(grid)) if grid else d.new_zeros(1, 0)
        members = family(*(column[:, None] for column in points.to(d).unbind(1)))
        curves = _scaled(_curves(members, d, approximation, step), rescale)
        errors = ((curves - target).abs() * p).sum(-1).expand(len(points))
        # A density that is infinite at its mode has no curve to compare.
        errors = errors.where(torch.isfinite(errors), torch.inf)
        best = int(errors.argmin())
        chosen = family(*points[best].tolist())
        fits.append(Fit(name, chosen, float(errors[best]), d, curves.expand(len(points), -1)[best], target))
    return sorted(fits, key=lambda fit: fit.error)


def gradient_weight_of(loss: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """The gradient weight of a loss given as a function of the distance of one pair, elementwise, by autograd.

    A loss written with a root of d^2 has no derivative at d = 0: leave that sample out, or give z(H) in closed form.
    Shapes: the result takes distances (*s) to (*s); it has no gradient of its own.

    >>> import torch
    >>> gradient_weight_of(lambda d: d**2)(torch.tensor([0.0, 2.0])).tolist()
    [0.0, 4.0]
    """

    def weight(d: Tensor) -> Tensor:
        at = d.detach().clone().requires_grad_()
        with torch.enable_grad():
            return torch.autograd.grad(loss(at).sum(), at)[0]

    return weight


def _curves(members: Weight, d: Tensor, approximation: str, step: float) -> Tensor:
    """z(W) of every point of the grid at every distance, (G, S)."""
    if approximation == "exact":
        return members.gradient_weight(d)
    here = members(d)
    if approximation == "density":
        return here
    return (members(d + step) - here) / step * d + here


def _scaled(curves: Tensor, rescale: bool) -> Tensor:
    return curves / curves.amax(-1, keepdim=True) if rescale else curves


def _histogram(distances: Tensor | None, probabilities: Tensor | None) -> tuple[Tensor, Tensor]:
    d = PAPER_DISTANCES if distances is None else distances.double()
    if d.ndim != 1 or len(d) == 0 or not bool((torch.isfinite(d) & (d >= 0)).all()):
        raise ValueError(
            f"distances must be a row of finite values of at least 0, received shape {tuple(d.shape)}"
        )
    if probabilities is None:
        return d, torch.full_like(d, 1 / len(d))
    p = probabilities.to(d)
    if p.shape != d.shape:
        raise ValueError(
            f"probabilities must match the distances, shape {tuple(d.shape)}, received {tuple(p.shape)}"
        )
    if not bool((p >= 0).all()) or abs(float(p.sum()) - 1) > 1e-6:
        raise ValueError(
            f"probabilities must be at least 0 and sum to 1, received least {float(p.min()):.3g} and sum "
            f"{float(p.sum()):.6g}; divide a histogram of counts by its sum"
        )
    return d, p


def _grid(name: str, family: type[Weight], grids: Mapping[str, Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """The values of each parameter of a family, in the order of its fields."""
    wanted = [field.name for field in fields(family)]
    given = grids.get(name, {})
    if set(given) != set(wanted) or any(_values(given[key]).numel() == 0 for key in wanted):
        raise ValueError(
            f"the grid of {name!r} must name values for {wanted or 'no parameter'}, received {sorted(given)}"
        )
    return {key: _values(given[key]) for key in wanted}


def _values(given: object) -> Tensor:
    """The values of a grid, where they are or on the CPU, whatever the default device."""
    device = given.device if isinstance(given, Tensor) else "cpu"
    return torch.as_tensor(given, dtype=torch.float64, device=device).reshape(-1)
