"""The eight densities that weigh the pairs of the weighted Chamfer distance, each past its mode.

A parameter is a number, or a tensor that broadcasts against the distances: then one object holds a whole grid.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields

import torch
from torch import Tensor

Parameter = float | Tensor


@dataclass(frozen=True)
class Weight(ABC):
    """A density f, known by its logarithm, its score (log f)' and its mode m.

    >>> WEIGHTS["gamma"]
    Gamma(alpha=2.0, beta=0.4)
    """

    def __post_init__(self) -> None:
        for field in fields(self):
            value = torch.as_tensor(getattr(self, field.name))
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
    def log_density(self, x: Tensor) -> Tensor:
        """Logarithm of the density at x >= 0."""

    @abstractmethod
    def score(self, x: Tensor) -> Tensor:
        """Derivative of the logarithm of the density at x >= 0."""

    def __call__(self, d: Tensor, *, shifted: bool = True) -> Tensor:
        """f(m + d), or f(d) unless `shifted`: the weight of a pair at distance d."""
        return torch.exp(self.log_density(self.past_mode(d, shifted)))

    def past_mode(self, d: Tensor, shifted: bool) -> Tensor:
        """m + d, or d unless `shifted`."""
        mode = self.mode if shifted else 0.0
        return d if isinstance(mode, float) and mode == 0 else d + mode

    def gradient_weight(self, d: Tensor, *, shifted: bool = True) -> Tensor:
        """z(W) = f'(m + d) d + f(m + d), the derivative of f(m + d) d by d."""
        x = self.past_mode(d, shifted)
        # Where d = 0 the first term is 0, though an unshifted score may be infinite there.
        pull = (d * self.score(x)).where(d > 0, 0)
        return torch.exp(self.log_density(x)) * (1 + pull)


@dataclass(frozen=True)
class ChiSquared(Weight):
    """Chi-squared with k degrees of freedom."""

    k: Parameter = 3.0

    @property
    def mode(self) -> Parameter:
        return _largest(self.k - 2, 0.0)

    def log_density(self, x: Tensor) -> Tensor:
        half = self.k / 2
        return torch.xlogy(half - 1, x) - x / 2 - half * math.log(2) - _log_gamma(half)

    def score(self, x: Tensor) -> Tensor:
        return (self.k / 2 - 1) / x - 0.5


@dataclass(frozen=True)
class ExtremeValue(Weight):
    """Extreme value (Gumbel) of scale beta, called sigma beside the paper's results."""

    beta: Parameter = 1.4

    def log_density(self, x: Tensor) -> Tensor:
        z = x / self.beta
        return -(z + torch.exp(-z)) - _log(self.beta)

    def score(self, x: Tensor) -> Tensor:
        return torch.expm1(-x / self.beta) / self.beta


@dataclass(frozen=True)
class Weibull(Weight):
    """Weibull of shape k and scale lam."""

    k: Parameter = 2.0
    lam: Parameter = 5.0

    @property
    def mode(self) -> Parameter:
        return self.lam * _largest((self.k - 1) / self.k, 0.0) ** (1 / self.k)

    def log_density(self, x: Tensor) -> Tensor:
        t = x / self.lam
        return torch.xlogy(self.k - 1, t) - t**self.k + _log(self.k) - _log(self.lam)

    def score(self, x: Tensor) -> Tensor:
        return (self.k - 1 - self.k * (x / self.lam) ** self.k) / x


@dataclass(frozen=True)
class LogLogistic(Weight):
    """Log-logistic of scale alpha and shape beta.

    The density, (beta/alpha) t^(beta-1) / (1 + t^beta)^2 with t = x/alpha; the table of the paper misprints it.
    """

    alpha: Parameter = 5.0
    beta: Parameter = 2.0

    @property
    def mode(self) -> Parameter:
        return self.alpha * _largest((self.beta - 1) / (self.beta + 1), 0.0) ** (1 / self.beta)

    def log_density(self, x: Tensor) -> Tensor:
        t = x / self.alpha
        power = torch.xlogy(self.beta, t)
        peak = _log(self.beta) - _log(self.alpha)
        return torch.xlogy(self.beta - 1, t) - 2 * torch.nn.functional.softplus(power) + peak

    def score(self, x: Tensor) -> Tensor:
        power = torch.xlogy(self.beta, x / self.alpha)
        return (self.beta - 1 - 2 * self.beta * torch.sigmoid(power)) / x


@dataclass(frozen=True)
class Gamma(Weight):
    """Gamma of shape alpha and rate beta; the paper's results name the shape k and the scale theta = 1/beta."""

    alpha: Parameter = 2.0
    beta: Parameter = 0.4

    @property
    def mode(self) -> Parameter:
        return _largest(self.alpha - 1, 0.0) / self.beta

    def log_density(self, x: Tensor) -> Tensor:
        scale = self.alpha * _log(self.beta) - _log_gamma(self.alpha)
        return torch.xlogy(self.alpha - 1, x) - self.beta * x + scale

    def score(self, x: Tensor) -> Tensor:
        return (self.alpha - 1) / x - self.beta


@dataclass(frozen=True)
class Logistic(Weight):
    """Logistic of scale sigma."""

    sigma: Parameter = 1.0

    def log_density(self, x: Tensor) -> Tensor:
        z = x / self.sigma
        return -z - 2 * torch.log1p(torch.exp(-z)) - _log(self.sigma)

    def score(self, x: Tensor) -> Tensor:
        return -torch.tanh(x / (2 * self.sigma)) / self.sigma


@dataclass(frozen=True)
class Normal(Weight):
    """Normal of standard deviation sigma."""

    sigma: Parameter = 1.4

    def log_density(self, x: Tensor) -> Tensor:
        return -(x / self.sigma).square() / 2 - 0.5 * math.log(2 * math.pi) - _log(self.sigma)

    def score(self, x: Tensor) -> Tensor:
        return -x / self.sigma / self.sigma


@dataclass(frozen=True)
class Landau(Weight):
    """Approximation of the Landau density, without a parameter. Reference: moyal1955landau."""

    def log_density(self, x: Tensor) -> Tensor:
        return -(x + torch.exp(-x)) / 2 - 0.5 * math.log(2 * math.pi)

    def score(self, x: Tensor) -> Tensor:
        return torch.expm1(-x) / 2


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


def _log(value: Parameter) -> Parameter:
    return value.log() if isinstance(value, Tensor) else math.log(value)


def _log_gamma(value: Parameter) -> Parameter:
    return torch.lgamma(value) if isinstance(value, Tensor) else math.lgamma(value)
