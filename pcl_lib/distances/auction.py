"""The earth mover's distance by Bertsekas' auction: a one-to-one matching, and how far it can be from the best."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from pcl_lib.distances.auction_close import Closed, augment, match_leftovers
from pcl_lib.distances.auction_rounds import Costs, plain_auction, scaled_auction
from pcl_lib.distances.directions import check_option
from pcl_lib.distances.emd import check_equal_sizes
from pcl_lib.distances.matched import REDUCTIONS, arrays, cores, matched_value, on_each_core

MAX_ROUNDS = 50_000
# Entries of the cost matrices of the clouds that bid together: what a CPU's cache holds, or 1 GiB on a GPU.
_TOGETHER = {"cpu": 1 << 21, "cuda": 1 << 28}


class Auction(NamedTuple):
    """`value` (*b,) and `matching` (*b, N), always one-to-one, and how far the auction came.

    `gap` (*b,): the exact value lies between value - gap and value. `eps` (*b,): the last increment of the bids.
    `rounds` (*b,) of bidding. `converged` (*b,): False where the rounds ran out and the leftovers were matched
    among themselves.
    """

    value: Float[Tensor, "*b"]
    matching: Int64[Tensor, "*b n"]
    gap: Float[Tensor, "*b"]
    eps: Float[Tensor, "*b"]
    rounds: Int64[Tensor, "*b"]
    converged: Bool[Tensor, "*b"]


class Settings(NamedTuple):
    """What a paper set: `eps`, a length for coordinates in [0, 1], and `max_rounds`."""

    eps: float
    max_rounds: int


AUCTION_SETTINGS: dict[str, Settings] = {
    "msn train": Settings(0.005, 50),
    "msn test": Settings(0.002, 10_000),
    "neuralqaad": Settings(1.0, 100),
}


def auction(
    x: Float[Tensor, "*b n d"],
    y: Float[Tensor, "*b m d"],
    *,
    eps: float | None = None,
    max_rounds: int = MAX_ROUNDS,
    squared: bool = False,
    reduction: str = "mean",
) -> Auction:
    r"""Earth mover's distance by auction: `emd`, a little above the exact value, and sooner on large clouds.

    .. math:: i \text{ bids } p_{j_1} + (c_{ij_2} + p_{j_2}) - (c_{ij_1} + p_{j_1}) + \varepsilon

    for its cheapest point j_1, where j_2 is the second cheapest, c the lengths, p the prices. When all are matched,
    the mean cost is at most eps above the exact one. `eps=None`: auctions at ever smaller eps, the last at most
    3 % of the mean matched length. Each ends with 2 % of the points left over (at least 32, at most 80), which at the
    end find their places by shortest paths at the auction's prices, and may move other pairs. The value came out 0.1 to
    0.3 % above the exact one on 1,024 to 4,096 points. A number: one auction of that eps, from prices of zero, as the
    papers run it; `AUCTION_SETTINGS` has theirs, for use as
    `auction(x, y, **AUCTION_SETTINGS["msn train"]._asdict())`. Where its rounds run out, the leftovers are matched
    exactly among themselves; the kernel released with MSN gives each the point it wants, taken or not: its matching is
    then not one-to-one, and may read below the exact value.
    The gap is proved by the prices (duality), whether the auction converged or not.

    Convention card. Shapes: x, y (N, D) or (B, N, D); value, gap, eps, rounds, converged () or (B,), matching (N,) or
    (B, N). Unit: length (length squared with squared=True), in [emd, emd + gap]; eps is for one pair, in the
    same unit. Symmetric within the gap only. Not a metric. Zero only if both clouds are the same multiset.
    Gradient: through the matching, as `emd`.
    Cost: O(N^2) time for a round of all points. At N = 2,048 on one core about two thirds of the time of `emd` for like
    clouds and a tenth for unlike ones; on smaller, like clouds `emd` is the faster. Memory: O(N^2) up to N = 8,192;
    beyond, only the 8,192 pairs nearest to the leftovers may move for them, and the value is a few per cent above. Bids
    run on the device of the clouds; the leftovers are matched on the CPU, a cloud on each core. Bids are reckoned in
    float32: an eps below a millionth of the clouds' extent does not refine them.
    Errors: `ValueError` for an eps that is not positive, rounds below 1, an unknown option, sizes that differ, or
    clouds that do not pair. References: bertsekas1988auction, neuralqaad2022, liu2020msn.

    >>> import torch
    >>> x, y = torch.tensor([[0.0, 0.0], [2.0, 0.0]]), torch.tensor([[3.0, 0.0], [0.5, 0.0]])
    >>> found = auction(x, y)
    >>> found.value.item(), found.matching.tolist(), found.converged.item()
    (0.75, [1, 0], True)
    """
    check_option("reduction", reduction, REDUCTIONS)
    if eps is not None and not (math.isfinite(eps) and eps > 0):
        raise ValueError(f"eps must be a positive, finite length or None, received {eps!r}")
    if max_rounds < 1:
        raise ValueError(f"max_rounds must be at least 1, received {max_rounds!r}")
    check_equal_sizes(x, y)
    xb, yb = (x.detach(), y.detach()) if x.ndim == 3 else (x.detach()[None], y.detach()[None])
    # Clouds that bid together share the cost of starting each operation, which is most of it for small clouds.
    step = max(1, _TOGETHER.get(x.device.type, _TOGETHER["cpu"]) // xb.shape[1] ** 2)
    if x.device.type == "cpu":
        step = min(step, -(-len(xb) // cores()))
    parts = on_each_core(
        lambda pair: _auctions(*pair, eps, max_rounds, squared),
        zip(xb.split(step), yb.split(step), strict=True),
    )
    columns = [torch.cat(column) for column in zip(*parts, strict=True)]
    matching, least, last_eps, rounds, converged = columns if x.ndim == 3 else [c[0] for c in columns]
    mean = matched_value(x.detach().double(), y.detach().double(), matching, squared, "mean")
    gap = (mean - least).clamp(min=0).to(x.dtype)
    return Auction(
        matched_value(x, y, matching, squared, reduction),
        matching,
        gap if reduction == "mean" else gap * x.shape[-2],
        last_eps.to(x.dtype),
        rounds,
        converged,
    )


def auction_matching(x: np.ndarray, y: np.ndarray, squared: bool) -> np.ndarray:
    """The matching (N,) of x (N, D) and y (N, D) by auction with the default settings."""
    clouds = torch.from_numpy(x)[None], torch.from_numpy(y)[None]
    return _auctions(*clouds, None, MAX_ROUNDS, squared)[0][0].numpy()


def _auctions(x: Tensor, y: Tensor, eps: float | None, max_rounds: int, squared: bool) -> tuple[Tensor, ...]:
    """Matching (B, N), least mean cost, last eps, rounds and convergence (B,) of clouds (B, N, D)."""
    costs = Costs(x, y, squared)
    books = scaled_auction(costs, max_rounds) if eps is None else plain_auction(costs, eps, max_rounds)
    rows = zip(
        arrays(x), arrays(y), books.matching.cpu().numpy(), books.price.double().cpu().numpy(), strict=True
    )

    def close(row: tuple[np.ndarray, ...], last_eps: float) -> Closed:
        a, b, matching, price = row
        if eps is None:
            return augment(a, b, matching, price, last_eps, squared)
        return match_leftovers(a, b, matching, price, squared)

    closed = on_each_core(lambda task: close(*task), zip(rows, books.eps.tolist(), strict=True))
    matching, least = zip(*closed, strict=True)
    full, bound = torch.from_numpy(np.stack(matching)), torch.tensor(least, dtype=torch.float64)
    return full.to(x.device), bound.to(x.device), books.eps, books.rounds, books.converged
