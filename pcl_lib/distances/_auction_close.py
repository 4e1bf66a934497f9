"""The end of an auction: match the points left over, and prove how far the result can be from the best."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

from pcl_lib.distances._one_to_one import best_matching

# Pairs that may change partner for the sake of those left over: all, up to this size.
_PAIRS = 8192
_BLOCK = 1 << 22


class Closed(NamedTuple):
    """A matching (N,), always one-to-one, and a mean cost that no matching can go below."""

    matching: np.ndarray
    least_mean: float


def match_leftovers(
    x: np.ndarray, y: np.ndarray, matching: np.ndarray, price: np.ndarray, squared: bool
) -> Closed:
    """The free points of both sides get each other, as cheaply as can be; no pair of `matching` (N,) gives way."""
    left_x, left_y = np.flatnonzero(matching < 0), _free(matching)
    full = matching.copy()
    if len(left_x):
        full[left_x] = left_y[best_matching(x[left_x], y[left_y], squared)]
    return Closed(full, _least_mean(x, y, price, squared))


def augment(
    x: np.ndarray, y: np.ndarray, matching: np.ndarray, price: np.ndarray, eps: float, squared: bool
) -> Closed:
    """Shortest paths: pairs of `matching` (N,) give up their partners where that makes room for the others cheaply.

    The exact solver runs on the costs at the auction's prices, each matched pair made cheaper by eps. It then finds
    the pairs in place and only has to search for the few left over. The discount is all that can mislead it: where
    all pairs take part, the mean cost ends at most eps above the best.
    """
    left_x, left_y = np.flatnonzero(matching < 0), _free(matching)
    if not len(left_x):
        return Closed(matching, _least_mean(x, y, price, squared))
    stay = np.flatnonzero(matching >= 0)
    everybody = len(x) <= _PAIRS
    if not everybody:
        stay = _nearest_pairs(x, y, stay, matching[stay], np.concatenate((x[left_x], y[left_y])))
    rows, columns = np.concatenate((stay, left_x)), np.concatenate((matching[stay], left_y))
    cost = _costs(x[rows], y[columns], squared)
    cost += price[columns]
    paid = cost.min(1)
    bound = float(paid.mean() - price.mean()) if everybody else _least_mean(x, y, price, squared)
    cost -= paid[:, None]
    pairs = np.arange(len(stay))
    cost[pairs, pairs] -= eps
    found = linear_sum_assignment(cost)[1]
    if everybody:
        # Costs with discounts are at most the costs: what is best in the former bounds what is best in the latter.
        bound = max(bound, float(cost[np.arange(len(x)), found].mean() + paid.mean() - price.mean()))
    full = matching.copy()
    full[rows] = columns[found]
    return Closed(full, bound)


def _least_mean(x: np.ndarray, y: np.ndarray, price: np.ndarray, squared: bool) -> float:
    # Duality: any prices bound the cost of every matching from below.
    step = max(1, _BLOCK // len(y))
    paid = [(_costs(x[i : i + step], y, squared) + price).min(1) for i in range(0, len(x), step)]
    return float(np.concatenate(paid).mean() - price.mean())


def _nearest_pairs(
    x: np.ndarray, y: np.ndarray, who: np.ndarray, partner: np.ndarray, left: np.ndarray
) -> np.ndarray:
    """Of the pairs x[who], y[partner] those that have an end nearest to a point of `left`."""
    tree = cKDTree(left)
    away = np.minimum(tree.query(x[who])[0], tree.query(y[partner])[0])
    return who[np.sort(np.argsort(away, kind="stable")[: max(0, _PAIRS - len(left) // 2)])]


def _free(matching: np.ndarray) -> np.ndarray:
    taken = np.zeros(len(matching), dtype=bool)
    taken[matching[matching >= 0]] = True
    return np.flatnonzero(~taken)


def _costs(x: np.ndarray, y: np.ndarray, squared: bool) -> np.ndarray:
    return cdist(x, y, "sqeuclidean" if squared else "euclidean")
