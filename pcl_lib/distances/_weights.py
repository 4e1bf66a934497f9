"""The eight densities that weigh the pairs of the weighted Chamfer distance, each past its mode.

A parameter is a number, or a tensor that broadcasts against the distances: then one object holds a whole grid.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from pcl_lib.distances._length import off_zero

Parameter = float | Tensor


@dataclass(frozen=True)
class Weight(ABC):
    """A density f, known by its values, its score (log f)' and its mode m.

    `weight(d)` is f(m + d), the weight of a pair at distance d, and ``weight(d, shifted=False)`` f(d);
    `gradient_weight(d)` is f'(m + d) d + f(m + d), by how much such a pair pulls.

    Shapes: d and result (*s). Unit: one by a length; d counts in the units of the clouds. Parameters are numbers or
    tensors that broadcast against d. Errors: `ValueError` for a parameter that is not positive and finite.
    Reference: lin2024landau.

    >>> WEIGHTS["gamma"]
    Gamma(alpha=2.0, beta=0.4)
    """

    def __post_init__(self) -> None:
        for field in fields(self):
            given = getattr(self, field.name)
            # A number is looked at here, whatever device new tensors have by default.
            value = given if isinstance(given, Tensor) else torch.as_tensor(given, device="cpu")
            if not bool((torch.isfinite(value) & (value > 0)).all()):
                raise ValueError(
                    f"{field.name} of {type(self).__name__} must be positive and finite, "
                    f"received {getattr(self, field.name)!r}"
                )

    @property
    def mode(self) -> Parameter:
        """Where the density is largest."""
        return 0.0

    @abstractmethod
    def density_and_score(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The density at x >= 0, and the derivative of its logarithm."""

    def __call__(self, d: Tensor, *, shifted: bool = True) -> Tensor:
        """f(m + d), or f(d) unless `shifted`: the weight of a pair at distance d."""
        return self.density_and_score(self.past_mode(d, shifted))[0]

    def past_mode(self, d: Tensor, shifted: bool) -> Tensor:
        """m + d, or d unless `shifted`."""
        mode = self.mode if shifted else 0.0
        return d if isinstance(mode, float) and mode == 0 else d + mode

    def gradient_weight(self, d: Tensor, *, shifted: bool = True) -> Tensor:
        """z(W) = f'(m + d) d + f(m + d), the derivative of f(m + d) d by d."""
        density, score = self.density_and_score(self.past_mode(d, shifted))
        # Where d = 0 the first term is 0, though an unshifted score may be infinite there.
        return density * (1 + (d * score).where(d > 0, 0))


@dataclass(frozen=True)
class ChiSquared(Weight):
    """Chi-squared with k degrees of freedom.

    The density, x^(k/2 - 1) exp(-x/2) / (2^(k/2) Gamma(k/2)), has its mode at k - 2, or at 0 for k below 2.
    """

    k: Parameter = 3.0

    @property
    def mode(self) -> Parameter:
        return _largest(self.k - 2, 0.0)

    def density_and_score(self, x: Tensor) -> tuple[Tensor, Tensor]:
        half = self.k / 2
        scale = -half * math.log(2) - _log_gamma(half)
        density = torch.exp(_times(half - 1, x.log()) - 0.5 * x + scale)
        return density, (half - 1) * x.reciprocal() - 0.5


@dataclass(frozen=True)
class ExtremeValue(Weight):
    """Extreme value (Gumbel) of scale beta, called sigma beside the paper's results.

    The density, exp(-(z + exp(-z))) / beta with z = x/beta, has its mode at 0.
    """

    beta: Parameter = 1.4

    def density_and_score(self, x: Tensor) -> tuple[Tensor, Tensor]:
        rate = 1 / self.beta
        z = rate * x
        fall = torch.exp(-z)
        return rate * torch.exp(-(z + fall)), rate * (fall - 1)


@dataclass(frozen=True)
class Weibull(Weight):
    """Weibull of shape k and scale lam.

    The density, (k/lam) t^(k-1) exp(-t^k) with t = x/lam, has its mode at lam ((k - 1)/k)^(1/k), or at 0 for k below 1.
    """

    k: Parameter = 2.0
    lam: Parameter = 5.0

    @property
    def mode(self) -> Parameter:
        return self.lam * _largest((self.k - 1) / self.k, 0.0) ** (1 / self.k)

    def density_and_score(self, x: Tensor) -> tuple[Tensor, Tensor]:
        log_t = torch.log(x * (1 / self.lam))
        # Far out the density is 0, and an infinite score would make a NaN of it.
        power = torch.exp(self.k * log_t).clamp(max=1e6)
        density = torch.exp(_times(self.k - 1, log_t) - power + (_log(self.k) - _log(self.lam)))
        return density, (self.k - 1 - self.k * power) * x.reciprocal()


@dataclass(frozen=True)
class LogLogistic(Weight):
    """Log-logistic of scale alpha and shape beta.

    The density, (beta/alpha) t^(beta-1) / (1 + t^beta)^2 with t = x/alpha, which the table of the paper misprints, has
    its mode at alpha ((beta - 1)/(beta + 1))^(1/beta), or at 0 for beta below 1.
    """

    alpha: Parameter = 5.0
    beta: Parameter = 2.0

    @property
    def mode(self) -> Parameter:
        return self.alpha * _largest((self.beta - 1) / (self.beta + 1), 0.0) ** (1 / self.beta)

    def density_and_score(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = off_zero(x)
        power = self.beta * torch.log(x * (1 / self.alpha))
        # With s the share below x, the density is beta s (1 - s) / x; 1 - s by itself, to keep its digits far out.
        below, beyond, over_x = torch.sigmoid(power), torch.sigmoid(-power), x.reciprocal()
        return self.beta * (below * beyond * over_x), (self.beta * (beyond - below) - 1) * over_x


@dataclass(frozen=True)
class Gamma(Weight):
    """Gamma of shape alpha and rate beta; the paper's results name the shape k and the scale theta = 1/beta.

    The density, beta^alpha x^(alpha-1) exp(-beta x) / Gamma(alpha), has its mode at (alpha - 1)/beta, or at 0 for alpha
    below 1.
    """

    alpha: Parameter = 2.0
    beta: Parameter = 0.4

    @property
    def mode(self) -> Parameter:
        return _largest(self.alpha - 1, 0.0) / self.beta

    def density_and_score(self, x: Tensor) -> tuple[Tensor, Tensor]:
        scale = self.alpha * _log(self.beta) - _log_gamma(self.alpha)
        density = torch.exp(_times(self.alpha - 1, x.log()) - self.beta * x + scale)
        return density, (self.alpha - 1) * x.reciprocal() - self.beta


@dataclass(frozen=True)
class Logistic(Weight):
    """Logistic of scale sigma.

    The density, exp(-z) / (sigma (1 + exp(-z))^2) with z = x/sigma, has its mode at 0.
    """

    sigma: Parameter = 1.0

    def density_and_score(self, x: Tensor) -> tuple[Tensor, Tensor]:
        # exp(z) / (1 + exp(z))^2 at -z: the product of a sigmoid and what it lacks to 1.
        rate = 1 / self.sigma
        tail = torch.sigmoid(-rate * x)
        rest = 1 - tail
        return rate * (tail * rest), rate * (tail - rest)


@dataclass(frozen=True)
class Normal(Weight):
    """Normal of standard deviation sigma.

    The density, exp(-x^2 / (2 sigma^2)) / (sigma sqrt(2 pi)), has its mode at 0.
    """

    sigma: Parameter = 1.4

    def density_and_score(self, x: Tensor) -> tuple[Tensor, Tensor]:
        rate = 1 / self.sigma
        z = rate * x
        return rate / math.sqrt(2 * math.pi) * torch.exp(-0.5 * (z * z)), -rate * z


@dataclass(frozen=True)
class Landau(Weight):
    """Moyal's approximation of the Landau density, without a parameter.

    The density, exp(-(x + exp(-x)) / 2) / sqrt(2 pi), known as the Moyal density too, has its mode at 0.
    Reference: moyal1955landau.
    """

    def density_and_score(self, x: Tensor) -> tuple[Tensor, Tensor]:
        fall = torch.exp(-x)
        return 1 / math.sqrt(2 * math.pi) * torch.exp(-0.5 * (x + fall)), 0.5 * (fall - 1)


# Each with the parameters of the paper's results.
WEIGHTS: dict[str, Weight] = {
    "chi-squared": ChiSquared(),
    "extreme value": ExtremeValue(),
    "weibull": Weibull(),
    "log-logistic": LogLogistic(),
    "gamma": Gamma(),
    "logistic": Logistic(),
    "normal": Normal(),
    "landau": Landau(),
}


def _largest(value: Parameter, least: float) -> Parameter:
    return value.clamp(min=least) if isinstance(value, Tensor) else max(value, least)


def _times(exponent: Parameter, log_x: Tensor) -> Tensor:
    """Logarithm of x to the exponent, 0 for the exponent 0 at x = 0 too."""
    if isinstance(exponent, Tensor):
        return torch.where(exponent == 0, 0, exponent * log_x)
    return exponent * log_x if exponent else torch.zeros_like(log_x)


def _log(value: Parameter) -> Parameter:
    return value.log() if isinstance(value, Tensor) else math.log(value)


def _log_gamma(value: Parameter) -> Parameter:
    return torch.lgamma(value) if isinstance(value, Tensor) else math.lgamma(value)
