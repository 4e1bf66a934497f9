"""The rounds of Bertsekas' auction, for a batch of clouds on any device."""

from __future__ import annotations

import torch
from torch import Tensor

from pcl_lib._seeded import seeded
from pcl_lib.neighbors.building_blocks import keops, two_cheapest, two_smallest

# Up to this many points the matrix of costs is kept (64 MiB a cloud); beyond, rows are computed as they are needed.
KEEP = 4096
# Bids are reckoned in float32, which halves the time. Below this share of the extent a rise of a price may be lost.
_LEAST_EPS, _MOST_EPS = 2.0**-20, 2.0**10
# Each eps is this many times smaller than the one before, down to this share of the mean matched cost.
_STEP, _FINEST = 6.0, 0.03
_MOST_PHASES = 12
# A phase ends with this share of the points left over, between these numbers: the last bidders would fight for long,
# and shortest paths find a place for so few sooner.
_LEFT_OVER, _FEW, _MANY = 0.02, 32, 80


class Costs:
    """Costs of matching the points of `x` (B, N, D) with those of `y` (B, N, D), clouds of about unit size."""

    def __init__(self, x: Tensor, y: Tensor, squared: bool) -> None:
        both = torch.cat((x, y), dim=1)
        low, high = both.amin(1), both.amax(1)
        # Rows are cut to float32: without the offset of both clouds, so that the extent and not the place sets what
        # is lost by it.
        middle = ((low + high) / 2)[:, None]
        self.x, self.y, self.squared = x - middle, y - middle, squared
        extent = (high - low).norm(dim=-1)
        self.extent = extent**2 if squared else extent  # (B,)
        self._kept = self._matrices() if x.shape[1] <= KEEP else None
        # On a CPU too the compiled loop of KeOps is several times faster than torch in blocks.
        self._backend = "keops" if self._kept is None and keops.available(x.device) else "dense"

    def _matrices(self) -> Tensor:
        costs = torch.cdist(self.x, self.y, compute_mode="donot_use_mm_for_euclid_dist")
        costs = (costs.square_() if self.squared else costs).float()
        # A little noise: bidders in one place, who see the same prices, then want different points. Without it
        # all of them bid for one point, and one is served each round.
        n = self.x.shape[1]
        generator = seeded(0)
        noise = torch.rand(2 * n - 1, generator=generator, device="cpu").to(costs.device).unfold(0, n, 1)
        return torch.addcmul(costs, noise, self.extent.float()[:, None, None], value=_LEAST_EPS / 8)

    def two_best(self, cloud: Tensor, point: Tensor, price: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """For bidders `point` (R,) of clouds `cloud` (R,), in order: the cheapest point (R,) at the prices (B, N),
        what it costs with its price, and what the second cheapest costs."""
        if self._kept is not None:
            return two_smallest(self._kept, price, cloud, point)
        found = []
        for b in cloud.unique().tolist():
            rows, columns = self.x[b, point[cloud == b]].float(), self.y[b].float()
            found.append(two_cheapest(rows, columns, price[b], self.squared, self._backend))
        return tuple(torch.cat(column) for column in zip(*found, strict=True))  # type: ignore[return-value]

    def of(self, matching: Tensor) -> Tensor:
        """Cost (B, N) of each point of x with its partner; NaN where `matching` (B, N) is negative."""
        partner = self.y.gather(1, matching.clamp(min=0)[..., None].expand_as(self.y))
        square = (self.x - partner).square().sum(-1)
        return torch.where(matching < 0, torch.nan, square if self.squared else square.sqrt())


class Books:
    """Who holds what: `price` (B, N) of each point of y, `matching` (B, N) of x and `owner` (B, N) of y, -1 for none.

    `eps` (B,) of the last phase, `rounds` (B,) so far, and `converged` (B,): no phase ran out of rounds.
    """

    def __init__(self, x: Tensor) -> None:
        b, n, _ = x.shape
        self.price = torch.zeros(b, n, device=x.device)
        self.matching = torch.full((b, n), -1, device=x.device)
        self.owner = self.matching.clone()
        self.eps = torch.zeros(b, device=x.device)
        self.rounds = torch.zeros(b, dtype=torch.int64, device=x.device)
        self.converged = torch.ones(b, dtype=torch.bool, device=x.device)


def plain_auction(costs: Costs, eps: Tensor, max_rounds: int) -> Books:
    """One auction at one eps (B,) from prices of zero, until all are matched."""
    books = Books(costs.x)
    # Less would not move a price, and more would swamp the costs in it: both would be lost in float32.
    extent = costs.extent.float()
    books.eps = eps.to(extent).clamp(extent * _LEAST_EPS, extent * _MOST_EPS)
    _phase(books, costs, costs.extent > 0, 0, max_rounds)
    return books


def grab(books: Books, costs: Costs) -> None:
    """Each point that is free takes the point it wants, taken or not, and leaves all others what they have."""
    cloud, point = (books.matching < 0).nonzero(as_tuple=True)
    if len(cloud):
        books.matching[cloud, point] = costs.two_best(cloud, point, books.price)[0]


def scaled_auction(costs: Costs, max_rounds: int) -> Books:
    """Auctions at ever smaller eps, each from the prices of the last, until few are left over."""
    books = Books(costs.x)
    finest = costs.extent.float() * _LEAST_EPS
    books.eps = (costs.extent.float() / 25).maximum(finest)
    left_over = min(max(_FEW, int(_LEFT_OVER * costs.x.shape[1])), _MANY)
    bidding = costs.extent > 0  # in one place every matching is free
    for _ in range(_MOST_PHASES):
        books.matching[bidding], books.owner[bidding] = -1, -1
        _phase(books, costs, bidding, left_over, max_rounds)
        aim = (_FINEST * costs.of(books.matching).nanmean(1)).float().nan_to_num(0).maximum(finest)
        bidding = bidding & books.converged & (books.eps > aim)
        if not bidding.any():
            break
        books.eps = torch.where(bidding, (books.eps / _STEP).maximum(aim), books.eps)
    return books


def _phase(books: Books, costs: Costs, bidding: Tensor, left_over: int, max_rounds: int) -> None:
    """Free points bid until at most `left_over` of each cloud are free."""
    while True:
        free = books.matching < 0
        active = bidding & (free.sum(1) > left_over)
        stopped = active & (books.rounds >= max_rounds)
        books.converged &= ~stopped
        active &= ~stopped
        if not active.any():
            return
        _bid(books, costs, free & active[:, None])
        books.rounds += active


def _bid(books: Books, costs: Costs, bidders: Tensor) -> None:
    """Each bidder offers for its cheapest point what keeps it eps above the second; the best offer wins the point."""
    n = bidders.shape[1]
    cloud, point = bidders.nonzero(as_tuple=True)
    wanted, best, second = costs.two_best(cloud, point, books.price)
    lot = cloud * n + wanted
    price, matching, owner = books.price.view(-1), books.matching.view(-1), books.owner.view(-1)
    # A single point has no second choice, and no need to outbid anybody.
    offer = price[lot] + (second - best).where(second < torch.inf, 0.0) + books.eps[cloud]
    highest = torch.full_like(price, -torch.inf).scatter_reduce_(0, lot, offer, "amax")
    # Of equal offers the last bidder's wins, so that the result does not depend on the order of threads.
    leads = offer == highest[lot]
    lot, point = lot[leads], point[leads]
    winner = torch.full_like(owner, -1).scatter_reduce_(0, lot, point, "amax")
    sold = (winner >= 0).nonzero(as_tuple=True)[0]
    first = sold // n * n  # where the cloud of each lot begins
    before = owner[sold]
    had = before >= 0
    matching[first[had] + before[had]] = -1
    matching[first + winner[sold]] = sold - first
    owner[sold] = winner[sold]
    price[sold] = highest[sold]
