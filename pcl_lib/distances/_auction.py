"""The earth mover's distance by Bertsekas' auction: a one-to-one matching, and how far it can be from the best."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from pcl_lib._checks import check_integer, check_option, check_positive
from pcl_lib._fork import cores
from pcl_lib.distances._auction_close import Closed, augment, match_leftovers
from pcl_lib.distances._auction_rounds import Costs, grab, plain_auction, scaled_auction
from pcl_lib.distances._emd import as_equal_pair
from pcl_lib.distances._one_to_one import (
    REDUCTIONS,
    arrays,
    matched_value,
    on_each_core,
    restore,
    unit_clouds,
)

MAX_ROUNDS = 50_000
LEFTOVERS = ("assign", "released")
# Entries of the cost matrices of the clouds that bid together: what a CPU's cache holds, or 1 GiB on a GPU.
_TOGETHER = {"cpu": 1 << 21, "cuda": 1 << 28}


class Auction(NamedTuple):
    """`value` (*b,) and `matching` (*b, N), and how far the auction came.

    `gap` (*b,): the exact value lies between value - gap and value (where not one-to-one: it is at least value - gap).
    `eps` (*b,): the last increment of the bids. `rounds` (*b,) of bidding. `converged` (*b,): False where the rounds
    ran out and there were leftovers. `one_to_one` (*b,): False where a point has several partners and another none,
    which only `leftovers="released"` allows.
    """

    value: Float[Tensor, "*b"]
    matching: Int64[Tensor, "*b n"]
    gap: Float[Tensor, "*b"]
    eps: Float[Tensor, "*b"]
    rounds: Int64[Tensor, "*b"]
    converged: Bool[Tensor, "*b"]
    one_to_one: Bool[Tensor, "*b"]


class AuctionSettings(NamedTuple):
    """What a paper set: `eps`, a length for coordinates in [0, 1], and `max_rounds`."""

    eps: float
    max_rounds: int


AUCTION_SETTINGS: dict[str, AuctionSettings] = {
    "msn train": AuctionSettings(0.005, 50),
    "msn test": AuctionSettings(0.002, 10_000),
    "neuralqaad": AuctionSettings(1.0, 100),
}


def auction(
    x: Float[Tensor, "*b n d"],
    y: Float[Tensor, "*b m d"],
    *,
    eps: float | None = None,
    max_rounds: int = MAX_ROUNDS,
    leftovers: str = "assign",
    squared: bool = False,
    reduction: str = "mean",
) -> Auction:
    r"""Earth mover's distance by auction: `emd`, a little above the exact value, and sooner on large clouds.

    .. math:: i \text{ bids } p_{j_1} + (c_{ij_2} + p_{j_2}) - (c_{ij_1} + p_{j_1}) + \varepsilon

    for its cheapest point j_1, where j_2 is the second cheapest, c the lengths, p the prices. When all are matched,
    the mean cost is at most eps above the exact one.

    - `eps`: None for auctions at ever smaller eps, the last at most 3 % of the mean matched length. Each ends with 2 %
      of the points left over (at least 32, at most 80), which at the end find their places by shortest paths at the
      auction's prices, and may move other pairs. The value came out 0.1 to 0.3 % above the exact one on 1,024 to 4,096
      points. A number: one auction of that eps, from prices of zero, as the papers run it; `AUCTION_SETTINGS` has
      theirs, for use as `auction(x, y, **AUCTION_SETTINGS["msn train"]._asdict())`;
    - `max_rounds`: most rounds, of all auctions together, from 1 up;
    - `leftovers`: what becomes of the points without a partner when the rounds run out. "assign" matches them exactly
      among themselves (with eps=None by the shortest paths above); "released" does as the kernel released with MSN: in
      the last round each takes the point it wants, taken or not. That matching is then not one-to-one, `one_to_one`
      says so, and its value may be below the exact one;
    - `squared`, `reduction`: as in `emd`.

    The gap is proved by the prices (duality), whether the auction converged or not.

    Convention card. Shapes: x, y (N, D) or (B, N, D); value, gap, eps, rounds, converged () or (B,), matching (N,) or
    (B, N). Unit: length (length squared with squared=True), in [emd, emd + gap] if one-to-one; eps is for one pair, in
    the same unit. Symmetric within the gap only. Not a metric. Zero only if both clouds are the same multiset.
    Gradient: through the matching, as `emd`.
    Cost: O(N^2) time for a round of all points. At N = 2,048 on one core about two thirds of the time of `emd` for like
    clouds and a tenth for unlike ones; on smaller, like clouds `emd` is the faster. Memory: O(N^2) up to N = 8,192;
    beyond, only the 8,192 pairs nearest to the leftovers may move for them, and the value is a few per cent above. Bids
    run on the device of the clouds; the leftovers are matched on the CPU, a cloud on each core. Bids are reckoned in
    float32: an eps below a millionth of the largest cost, or above a thousand times it, is taken as that, and the bound
    of eps holds within a millionth of the largest cost.
    Errors: `ValueError` for an eps that is not positive, rounds below 1, an unknown option, leftovers="released"
    without an eps, sizes that differ, or clouds that do not pair. References: bertsekas1988auction, neuralqaad2022,
    liu2020msn.

    >>> import torch
    >>> x, y = torch.tensor([[0.0, 0.0], [2.0, 0.0]]), torch.tensor([[3.0, 0.0], [0.5, 0.0]])
    >>> found = auction(x, y)
    >>> found.value.item(), found.matching.tolist(), found.converged.item()
    (0.75, [1, 0], True)
    """
    check_option("reduction", reduction, REDUCTIONS)
    if eps is not None:
        check_positive("eps", eps, "length or None")
    check_integer("max_rounds", max_rounds, 1)
    check_option("leftovers", leftovers, LEFTOVERS)
    if leftovers == "released" and eps is None:
        raise ValueError(
            'leftovers="released" needs an eps, as the released auction has; see AUCTION_SETTINGS, received eps None'
        )
    x, y = as_equal_pair(x, y)
    clouds = (x.detach(), y.detach()) if x.ndim == 3 else (x.detach()[None], y.detach()[None])
    # In float64, where the last bits of a size do not matter: what is read here is exact.
    (xb, yb), size = unit_clouds(*clouds)
    unit = restore(torch.ones_like(size, dtype=torch.float64), size, squared)
    bid = None if eps is None else eps / unit
    # Clouds that bid together share the cost of starting each operation, which is most of it for small clouds.
    step = max(1, _TOGETHER.get(x.device.type, _TOGETHER["cpu"]) // xb.shape[1] ** 2)
    on_cpu = x.device.type == "cpu"
    if on_cpu:
        step = min(step, -(-len(xb) // cores()))
    bids = [None] * len(xb.split(step)) if bid is None else bid.split(step)
    tasks = list(zip(xb.split(step), yb.split(step), bids, strict=True))

    def work(task: tuple[Tensor, Tensor, Tensor | None]) -> tuple[Tensor, ...]:
        return _auctions(*task, max_rounds, squared, leftovers)

    # On a GPU one part after another: each fills the memory that all may take.
    parts = on_each_core(work, tasks) if on_cpu else [work(task) for task in tasks]
    matching, least, last, rounds, converged = (torch.cat(column) for column in zip(*parts, strict=True))
    mean = matched_value(xb.double(), yb.double(), matching, squared, "mean")
    gap = restore((mean - least).clamp(min=0), size.double(), squared).to(x.dtype)
    last = restore(last.double(), size.double(), squared).to(x.dtype)
    one_to_one = (matching.sort(-1).values == torch.arange(xb.shape[1], device=x.device)).all(-1)
    columns = [
        matching,
        gap if reduction == "mean" else gap * x.shape[-2],
        last,
        rounds,
        converged,
        one_to_one,
    ]
    if x.ndim == 2:
        columns = [column[0] for column in columns]
    return Auction(matched_value(x, y, columns[0], squared, reduction), *columns)


def auction_matching(x: np.ndarray, y: np.ndarray, squared: bool) -> np.ndarray:
    """The matching (N,) of x (N, D) and y (N, D) by auction with the default settings."""
    clouds, _ = unit_clouds(torch.from_numpy(x)[None], torch.from_numpy(y)[None])
    return _auctions(*clouds, None, MAX_ROUNDS, squared, "assign")[0][0].numpy()


def _auctions(
    x: Tensor, y: Tensor, eps: Tensor | None, max_rounds: int, squared: bool, leftovers: str
) -> tuple[Tensor, ...]:
    """Matching (B, N), least mean cost, last eps, rounds and convergence (B,) of clouds (B, N, D) of unit size."""
    costs = Costs(x, y, squared)
    if eps is None:
        books = scaled_auction(costs, max_rounds)
    elif leftovers == "assign":
        books = plain_auction(costs, eps, max_rounds)
    else:
        books = plain_auction(costs, eps, max_rounds - 1)
        grab(books, costs)
        books.rounds += ~books.converged
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
    full = torch.from_numpy(np.stack(matching)).to(x.device)
    bound = torch.from_numpy(np.array(least)).to(x.device)
    return full, bound, books.eps, books.rounds, books.converged
