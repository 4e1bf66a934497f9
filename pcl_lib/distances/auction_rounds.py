"""The rounds of Bertsekas' auction, on the CPU."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.spatial.distance import cdist

from pcl_lib.distances.matched import best_matching

# Up to this many points both cost matrices are kept (128 MiB each); beyond, rows are computed as they are needed.
_KEEP = 4096
_BLOCK = 1 << 22
# Bidding is one-sided until this share of the points is left over.
_LEFT_OVER = 0.01
# Each eps is this many times smaller than the one before, down to this share of the mean matched cost.
_STEP, _FINEST = 10.0, 0.08
_MOST_PHASES = 10


class Costs:
    """Costs of matching the points of either side: side 0 is x (N, D), side 1 is y (N, D)."""

    def __init__(self, x: np.ndarray, y: np.ndarray, squared: bool) -> None:
        self.points, self.squared = (x, y), squared
        self._kept: tuple[np.ndarray, np.ndarray] | None = None
        if len(x) <= _KEEP:
            there = self._matrix(x, y)
            self._kept = there, np.ascontiguousarray(there.T)

    def rows(self, side: int, who: np.ndarray) -> np.ndarray:
        """Costs (k, N) of the points `who` (k,) of a side, the caller's to overwrite."""
        if self._kept is not None:
            return self._kept[side].take(who, axis=0)
        return self._matrix(self.points[side][who], self.points[1 - side])

    def pairs(self, side: int, partner: np.ndarray) -> np.ndarray:
        """Cost (N,) of each point of a side with its partner (N,)."""
        square = np.square(self.points[side] - self.points[1 - side][partner]).sum(1)
        return square if self.squared else np.sqrt(square)

    def _matrix(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return cdist(a, b, "sqeuclidean" if self.squared else "euclidean")


class Outcome(NamedTuple):
    """A matching (N,), the mean cost that no matching can go below, and how the auction went."""

    matching: np.ndarray
    least_mean: float
    eps: float
    rounds: int
    converged: bool


class _Books:
    """Who is matched with whom, and the prices: `price[s]` is what the bidders of side s have to pay."""

    def __init__(self, n: int) -> None:
        self.price = [np.zeros(n), np.zeros(n)]
        self.reset()

    def reset(self) -> None:
        n = len(self.price[0])
        self.partner = [np.full(n, -1), np.full(n, -1)]

    def free(self, side: int) -> np.ndarray:
        return np.flatnonzero(self.partner[side] < 0)


def plain_auction(x: np.ndarray, y: np.ndarray, eps: float, max_rounds: int, squared: bool) -> Outcome:
    """One auction at one eps from prices of zero: the points of x bid, all that are free at once."""
    books, costs = _Books(len(x)), Costs(x, y, squared)
    rounds = _one_sided(books, costs, eps, 0, max_rounds)
    return _close(books, costs, 0, eps, rounds)


def scaled_auction(x: np.ndarray, y: np.ndarray, max_rounds: int, squared: bool) -> Outcome:
    """Auctions at ever smaller eps, each from the prices of the last; where few are left, both sides bid in turn."""
    n = len(x)
    extent = float(np.linalg.norm(np.maximum(x.max(0), y.max(0)) - np.minimum(x.min(0), y.min(0))))
    if extent == 0:  # one place: every matching is free
        return Outcome(np.arange(n), 0.0, 0.0, 0, True)
    books, costs = _Books(n), Costs(x, y, squared)
    eps, rounds = (extent**2 if squared else extent) / 25, 0
    for _ in range(_MOST_PHASES):
        books.reset()
        rounds += _one_sided(books, costs, eps, int(_LEFT_OVER * n), max_rounds - rounds)
        took, side = _two_sided(books, costs, eps, max_rounds - rounds)
        rounds += took
        outcome = _close(books, costs, side, eps, rounds)
        mean = float(costs.pairs(0, outcome.matching).mean())
        if eps <= _FINEST * mean or mean == 0 or not outcome.converged:
            break
        eps = max(eps / _STEP, _FINEST * mean)
        if side == 1:
            _hand_over(books, costs, 1)
    return outcome


def _one_sided(books: _Books, costs: Costs, eps: float, stop: int, max_rounds: int) -> int:
    """Points of x bid until at most `stop` of them are free; returns the rounds it took."""
    free, rounds = books.free(0), 0
    while len(free) > stop and rounds < max_rounds:
        _bid(books, costs, eps, 0, free)
        free = books.free(0)
        rounds += 1
    return rounds


def _two_sided(books: _Books, costs: Costs, eps: float, max_rounds: int) -> tuple[int, int]:
    """Both sides bid in turn, each until one more pair is matched; returns the rounds and who bid last.

    Alone, a few last bidders would outbid each other eps by eps for the points they share; the free points of the
    other side, bidding for them, end that at once.
    """
    side, rounds = 0, 0
    free = books.free(0)
    while len(free):
        _hand_over(books, costs, side)
        side = 1 - side
        free = books.free(side)
        target = len(free)
        while len(free) >= target:
            if rounds == max_rounds:
                return rounds, side
            _bid(books, costs, eps, side, free)
            free = books.free(side)
            rounds += 1
    return rounds, side


def _bid(books: _Books, costs: Costs, eps: float, side: int, bidders: np.ndarray) -> None:
    """Each bidder offers for its cheapest point what keeps it eps above the second; the best offer wins the point."""
    price, mine, theirs = books.price[side], books.partner[side], books.partner[1 - side]
    if len(price) == 1:
        mine[0] = theirs[0] = 0
        return
    wanted, offer = _offers(costs, price, side, bidders)
    offer += eps
    order = offer.argsort(kind="stable")
    wanted, offer, bidders = wanted[order], offer[order], bidders[order]
    price[wanted] = offer  # of several offers for one point the last, the highest, stays
    theirs_before = theirs[wanted]
    mine[theirs_before[theirs_before >= 0]] = -1
    theirs[wanted] = bidders
    won = theirs[wanted] == bidders
    mine[bidders[won]] = wanted[won]


def _offers(costs: Costs, price: np.ndarray, side: int, bidders: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each bidder its cheapest point, and the price at which the second cheapest would cost it the same."""
    step = max(1, _BLOCK // len(price))
    if len(bidders) > step:
        parts = [_offers(costs, price, side, bidders[i : i + step]) for i in range(0, len(bidders), step)]
        wanted, offer = (np.concatenate(column) for column in zip(*parts, strict=True))
        return wanted, offer
    total = costs.rows(side, bidders)
    total += price
    wanted = total.argmin(1)
    each = np.arange(len(bidders))
    best = total[each, wanted]
    total[each, wanted] = np.inf
    return wanted, price[wanted] + (total.min(1) - best)


def _hand_over(books: _Books, costs: Costs, side: int) -> None:
    """Prices for the other side's bidders, out of what the points of this side pay now (or would pay, if free)."""
    price, partner = books.price[side], books.partner[side]
    pays = costs.pairs(side, partner) + price[partner]
    free = books.free(side)
    pays[free] = _cheapest(costs, price, side, free)
    books.price[1 - side] = -pays


def _cheapest(costs: Costs, price: np.ndarray, side: int, who: np.ndarray) -> np.ndarray:
    """Cost and price (k,) of the cheapest point for each of the points `who` (k,)."""
    step = max(1, _BLOCK // len(price))
    parts = [who[i : i + step] for i in range(0, len(who), step)]
    return np.concatenate([np.empty(0), *((costs.rows(side, part) + price).min(1) for part in parts)])


def _close(books: _Books, costs: Costs, side: int, eps: float, rounds: int) -> Outcome:
    """Match what is left over as well as can be, and find the bound that the prices prove."""
    matching, left_x, left_y = books.partner[0].copy(), books.free(0), books.free(1)
    if len(left_x):
        x, y = costs.points
        matching[left_x] = left_y[best_matching(x[left_x], y[left_y], costs.squared)]
    # Duality: any prices bound the cost of every matching from below.
    price = books.price[side]
    paid = _cheapest(costs, price, side, np.arange(len(price)))
    return Outcome(matching, float(paid.mean() - price.mean()), eps, rounds, len(left_x) == 0)
