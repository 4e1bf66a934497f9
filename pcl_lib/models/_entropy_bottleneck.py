"""A learned probability for each integer of a latent: what its bits are counted with, and coded with."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn.functional import softplus

from pcl_lib._checks import check_integer, check_option, check_positive
from pcl_lib.models._input_checks import check_widths
from pcl_lib.models._integer_tables import IntegerTables

FLOOR = 1e-9  # of a likelihood, and the mass that the outer quantiles leave outside
WIDEST = 4096  # integers on one side of the median that get a count of their own; others are escaped
LEAST = 2.0**-17  # half a count: integers in the tails with less mass are escaped too


class EntropyBottleneck(nn.Module):
    r"""A factorised prior: for each channel a cumulative function F that a small monotone network learns.

    .. math:: p(\hat z) = F(\hat z + \tfrac12) - F(\hat z - \tfrac12), \quad
        \hat z = \begin{cases} z + u, \; u \sim U(-\tfrac12, \tfrac12) & \text{in training} \\
        \mathrm{round}(z - m) + m & \text{otherwise} \end{cases}

    p is a probability mass and not F: of one integer, or of the noise that stands for rounding. m is the median that
    `quantiles` hold, so a decoded value is an integer only while m is one. F is the sigmoid of layers
    h = softplus(M) x + b, x = h + tanh(a) tanh(h); it has 58 weights a channel at the default size, and 3 quantiles.

    - `channels`: C.
    - `filters`: widths of the layers between the input and the output of F, 1 each.
    - `init_scale`: at the start F is near a logistic function this wide: for 10, 5.3 bits for a symbol near 0.
    - `difference`: "stable" negates both logits in the upper tail before it takes the difference of two sigmoids (as
      CompressAI did before its version 1.2.5), so both tails keep their digits; "plain" does not (as it does since),
      and the upper tail cancels to 0 in float32 and meets the floor.

    Shapes: z (B, C, n) to (z_hat, likelihoods), both (B, C, n). Range: likelihoods in [1e-9, 1]; below the floor the
    gradient passes as if there were none. Cost: O(B C n), a few dozen operations an entry. Errors: `ValueError` for
    another shape, and for `symbols` of a latent that is not finite. Reference: balle2018hyperprior (appendix 6.1),
    begaint2020compressai, he2022dpcc.

    >>> _ = torch.manual_seed(0)
    >>> bottleneck = EntropyBottleneck(8).eval()
    >>> sum(p.numel() for p in bottleneck.parameters())
    488
    >>> z_hat, likelihoods = bottleneck(torch.full((1, 8, 1), 0.7))
    >>> z_hat.unique().item(), -likelihoods.log2().mean().item()
    (1.0, 5.4)
    """

    _lowest: Tensor
    _counts: Tensor

    def __init__(
        self,
        channels: int,
        *,
        filters: Sequence[int] = (3, 3, 3, 3),
        init_scale: float = 10.0,
        difference: str = "stable",
    ) -> None:
        super().__init__()
        self.channels = check_integer("channels", channels, 1)
        check_widths(filters, "filters")
        check_positive("init_scale", init_scale)
        check_option("difference", difference, ("stable", "plain"))
        self.difference = difference
        widths = (1, *filters, 1)
        scale = init_scale ** (1 / (len(filters) + 1))
        self.matrices, self.biases, self.factors = (nn.ParameterList() for _ in range(3))
        for inputs, outputs in itertools.pairwise(widths):
            start = math.log(math.expm1(1 / scale / outputs))
            self.matrices.append(nn.Parameter(torch.full((channels, outputs, inputs), start)))
            self.biases.append(nn.Parameter(torch.rand(channels, outputs, 1) - 0.5))
        for width in filters:
            self.factors.append(nn.Parameter(torch.zeros(channels, width, 1)))
        self.quantiles = nn.Parameter(torch.tensor((-init_scale, 0.0, init_scale)).repeat(channels, 1, 1))
        self.register_buffer("_lowest", torch.zeros(0, dtype=torch.int64))
        self.register_buffer("_counts", torch.zeros(0, 0, dtype=torch.int64))

    @property
    def medians(self) -> Float[Tensor, "c"]:
        """What rounding goes about, from the quantiles; no gradient reaches them through it."""
        return self.quantiles.detach()[:, 0, 1]

    def forward(self, z: Float[Tensor, "b c n"]) -> tuple[Float[Tensor, "b c n"], Float[Tensor, "b c n"]]:
        self._check(z)
        if self.training:
            z_hat = z + (torch.rand_like(z) - 0.5)
        else:
            medians = self.medians[:, None]
            z_hat = torch.round(z - medians) + medians
        return z_hat, self.likelihoods(z_hat)

    def likelihoods(self, z_hat: Float[Tensor, "b c n"]) -> Float[Tensor, "b c n"]:
        """The mass of the unit interval about each value, at least 1e-9."""
        mass = self._mass(z_hat)
        return mass + (FLOOR - mass).clamp_min(0).detach()

    def cumulative(self, z: Float[Tensor, "b c n"]) -> Float[Tensor, "b c n"]:
        """F itself, from 0 to 1."""
        self._check(z)
        return torch.sigmoid(_by_value(self._logits(_by_channel(z)), z))

    def loss(self) -> Float[Tensor, ""]:
        """The auxiliary loss: how far, in logits, the quantiles are from F's median and its outermost 1e-9.

        Its gradient reaches the quantiles alone. Nothing else trains them.
        """
        outer = math.log(2 / FLOOR - 1)
        target = self.quantiles.new_tensor((-outer, 0.0, outer))
        return (self._logits(self.quantiles, frozen=True) - target).abs().sum()

    @torch.no_grad()
    def fit_quantiles(self) -> None:
        """The minimum of the auxiliary loss by bisection, where steps of a small rate take tens of thousands."""
        exact = copy.deepcopy(self).double()
        outer = math.log(2 / FLOOR - 1)
        target = exact.quantiles.new_tensor((-outer, 0.0, outer)).expand_as(exact.quantiles)
        low, high = torch.full_like(target, -1.0), torch.full_like(target, 1.0)
        for _ in range(60):
            low = torch.where(exact._logits(low) > target, 2 * low, low)
            high = torch.where(exact._logits(high) < target, 2 * high, high)
        for _ in range(100):
            middle = (low + high) / 2
            below = exact._logits(middle) < target
            low, high = torch.where(below, middle, low), torch.where(below, high, middle)
        self.quantiles.copy_((low + high) / 2)

    @torch.no_grad()
    def update(self, *, bound: float | None = 1.0) -> IntegerTables:
        """Make the integer tables of the range coder, keep them beside the weights, and return them.

        They are derived in float64 and cover the integers between the outer quantiles that half a count or more of
        2^16 falls to; others are escaped.

        - `bound`: the largest auxiliary loss a channel; None takes any quantiles. With quantiles that no training
          moved the tables are too narrow or too wide, and the stream is longer than its estimate.

        Errors: `ValueError` above the bound.
        """
        off = float(self.loss()) / self.channels
        if bound is not None and not off <= bound:
            raise ValueError(
                f"the auxiliary loss must be at most {bound} a channel before update(), received {off:.3g}; train the "
                "quantiles with loss() and an optimiser of their own, or call fit_quantiles()"
            )
        exact = copy.deepcopy(self).to("cpu", torch.float64)
        low, median, high = exact.quantiles[:, 0].unbind(-1)
        below, above = ((far.ceil().clamp(0, WIDEST)).long() for far in (median - low, high - median))
        symbols = torch.arange(-int(below.max()), int(above.max()) + 1)
        mass = exact._mass((median[:, None] + symbols)[None])[0]
        coded = (mass >= LEAST) & (symbols >= -below[:, None]) & (symbols <= above[:, None]) | (symbols == 0)
        spans = [(int(row.nonzero()[0]), int(row.nonzero()[-1])) for row in coded]
        rows = [row[first : last + 1].numpy() for row, (first, last) in zip(mass, spans, strict=True)]
        tables = IntegerTables.of((int(symbols[first]) for first, _ in spans), rows)
        padded = np.zeros((self.channels, max(map(len, tables.counts))), dtype=np.int64)
        for row, counts in zip(padded, tables.counts, strict=True):
            row[: len(counts)] = counts
        self._lowest = torch.from_numpy(tables.lowest).to(self._lowest.device)
        self._counts = torch.from_numpy(padded).to(self._counts.device)
        return tables

    @property
    def tables(self) -> IntegerTables:
        """The integer tables as `update()` left them, or as they were loaded with the weights."""
        if not len(self._lowest):
            raise RuntimeError(
                "the integer tables must be made before symbols are coded; call update() first"
            )
        rows = self._counts.cpu().numpy()
        return IntegerTables(self._lowest.cpu().numpy(), tuple(row[row > 0] for row in rows))

    def symbols(self, z: Float[Tensor, "b c n"]) -> Int64[Tensor, "b c n"]:
        """The integers that are coded, round(z - m)."""
        self._check(z)
        if not torch.isfinite(z).all():
            raise ValueError(
                f"z must be finite, received {int((~torch.isfinite(z)).sum())} entries that are not"
            )
        return torch.round(z - self.medians[:, None]).long()

    def values(self, symbols: Int64[Tensor, "b c n"]) -> Float[Tensor, "b c n"]:
        """The values that a decoder makes of integers: m is added back."""
        self._check(symbols)
        return symbols + self.medians[:, None]

    def _check(self, z: Tensor) -> None:
        if not isinstance(z, Tensor) or z.ndim != 3 or z.shape[1] != self.channels:
            received = tuple(z.shape) if isinstance(z, Tensor) else type(z).__name__
            raise ValueError(
                f"z must be a latent (B, {self.channels}, n), received {received}; features that come last are "
                "moved with z.mT"
            )

    def _mass(self, z_hat: Tensor) -> Tensor:
        self._check(z_hat)
        x = _by_channel(z_hat)
        upper, lower = self._logits(x + 0.5), self._logits(x - 0.5)
        if self.difference == "plain":
            return _by_value(torch.sigmoid(upper) - torch.sigmoid(lower), z_hat)
        # Near 1 a sigmoid has no digits left for its distance from 1; sigmoid(-x) = 1 - sigmoid(x) has.
        flip = torch.where(upper + lower > 0, -1.0, 1.0).to(x.dtype)
        return _by_value((torch.sigmoid(flip * upper) - torch.sigmoid(flip * lower)) * flip, z_hat)

    def _logits(self, x: Float[Tensor, "c 1 m"], frozen: bool = False) -> Float[Tensor, "c 1 m"]:
        for layer, (matrix, bias) in enumerate(zip(self.matrices, self.biases, strict=True)):
            if frozen:
                matrix, bias = matrix.detach(), bias.detach()
            x = softplus(matrix) @ x + bias
            if layer < len(self.factors):
                factor = self.factors[layer].detach() if frozen else self.factors[layer]
                x = x + torch.tanh(factor) * torch.tanh(x)
        return x

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        """Tables are as long as those that are loaded."""
        for name in ("_lowest", "_counts"):
            if prefix + name in state_dict:
                here = getattr(self, name)
                setattr(self, name, torch.empty_like(state_dict[prefix + name], device=here.device))
        super()._load_from_state_dict(state_dict, prefix, *args)


def _by_channel(z: Float[Tensor, "b c n"]) -> Float[Tensor, "c 1 m"]:
    return z.transpose(0, 1).flatten(1)[:, None]


def _by_value(x: Float[Tensor, "c 1 m"], like: Float[Tensor, "b c n"]) -> Float[Tensor, "b c n"]:
    batch, channels, n = like.shape
    return x.reshape(channels, batch, n).transpose(0, 1)
